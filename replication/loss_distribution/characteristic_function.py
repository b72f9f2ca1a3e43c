"""Cdf and density of a weighted sum of non-central chi-squares from its characteristic function.

Gil-Pelaez (Biometrika 38, 1951) on a lattice of frequencies, with the errors bounded as in Davies (Applied Statistics
29, 1980, algorithm AS 155).
"""

from typing import NamedTuple

import numpy as np

from replication.errors import ReplicationError
from replication.validation.arrays import check_finite, check_shapes
from replication.validation.numbers import check_positive

OUTSIDE = 1e-13  # probability beyond each end of the window, outside which cdf is 0 or 1
NEGLIGIBLE = 1e-11  # error of the cdf, and of std x pdf, that no term of the series is worth
MOST_TERMS = 2**16  # of the series; only laws of few degrees of freedom need more
BLOCK = 10**5  # numbers held at once


class LeftOut(NamedTuple):
    """What the terms left out may add up to: anywhere, and times |1 - exp(i step (y - start))| because they turn."""

    anywhere: float
    turning: float


class Series(NamedTuple):
    """What cdf and pdf are summed from, as functions of y = x - mean."""

    lower: float  # the window of y
    upper: float
    start: float  # the lower end of the law
    step: float
    coefficients: dict[str, np.ndarray]  # for cdf and pdf, (rows, columns): term k in row k // columns
    left_out: dict[str, LeftOut]

    def sum(self, y: np.ndarray, name: str) -> np.ndarray:
        """1/2 for the cdf + sum_k Re(coefficient_k exp(-i (k + 1/2) step y)), for y of any shape."""
        inside = np.clip(y, self.lower, self.upper).reshape(-1, 1)
        coefficients = self.coefficients[name]
        rows, columns = coefficients.shape
        across = np.exp(-1j * self.step * inside * (np.arange(columns) + 0.5))
        down = np.exp(-1j * self.step * inside * columns * np.arange(rows))
        total = np.sum((down @ coefficients) * across, axis=1).real.reshape(np.shape(y))
        if name == "pdf":
            return np.where((y <= self.lower) | (y >= self.upper), 0, np.maximum(total, 0))
        return np.where(y <= self.lower, 0, np.where(y >= self.upper, 1, np.clip(total + 0.5, 0, 1)))

    def errors(self, y: np.ndarray, name: str) -> np.ndarray:
        """Bounds of the truncation error of `sum`."""
        anywhere, turning = self.left_out[name]
        turn = 2 * np.abs(np.sin(self.step * (np.clip(y, self.lower, self.upper) - self.start) / 2))
        bounds = np.minimum(anywhere, turning / np.maximum(turn, 1e-300))
        return np.where((y >= self.lower) & (y <= self.upper), bounds, 0)


def series_of(weights: np.ndarray, shifts: np.ndarray, degrees: float, std: float) -> Series:
    """Series of a law of weights > 0 and shifts >= 0 (J,), so many degrees of freedom and standard deviation > 0.

    On a lattice of frequencies (k + 1/2) step: the step from the window that holds the law, the last from its decay.
    """
    check_shapes(weights=(weights, "J"), shifts=(shifts, "J"))
    check_finite(weights=weights, shifts=shifts)
    check_positive("degrees", degrees)
    check_positive("std", std)
    if not (np.all(weights > 0) and np.all(shifts >= 0)):
        raise ReplicationError("weights that are not positive, or negative shifts", "leave modes of weight 0 out")
    start = -np.sum(degrees * weights + shifts)
    lower, upper = _window(weights, shifts, degrees, std)
    lower = max(lower, start)
    step = 2 * np.pi / (1.1 * (upper - lower))  # the 1.1 keeps the image of the lower end out of the window
    last, left_out = _truncation(weights, shifts, degrees, std, step)
    columns = int(np.ceil(np.sqrt(last / step)))
    frequencies = step * (np.arange(columns**2) + 0.5)
    density = step / np.pi * _transform(frequencies, weights, shifts, degrees)
    both = {"cdf": 1j * density / frequencies, "pdf": density}
    square = {name: terms.reshape(columns, columns) for name, terms in both.items()}
    return Series(lower, upper, start, step, square, left_out)


def _window(weights: np.ndarray, shifts: np.ndarray, degrees: float, std: float) -> tuple[float, float]:
    """Chernoff's bounds: y beyond which there is less than OUTSIDE at either end.

    P(y > b) <= exp(g(r) - r b) for any rate r, g(r) = ln E exp(r y); likewise on the left with -r.
    """

    def growth(rate: np.ndarray) -> np.ndarray:
        v = 2 * weights * rate[:, None]
        return -degrees / 2 * np.sum(np.log1p(-v) + v, axis=1) + rate * (v / (1 - v) @ shifts)

    rates = np.geomspace(1, 100, 32) / std
    below = rates / (1 + 2 * weights.max() * rates)  # E exp(r y) is finite up to 1 / (2 max weight)
    upper = np.min((growth(below) - np.log(OUTSIDE)) / below)
    return -np.min((growth(-rates) - np.log(OUTSIDE)) / rates), upper


def _truncation(
    weights: np.ndarray, shifts: np.ndarray, degrees: float, std: float, step: float
) -> tuple[float, dict[str, LeftOut]]:
    """The frequency T to stop at, and what the terms beyond it may add to cdf and pdf.

    Beyond T terms a(t) = A(t) exp(i theta(t)) with falling A remain: they sum to less than int A dt / step, and, summed
    by parts, to less than (2 A(T) + int A |theta'| dt) / |1 - exp(i step (y - start))|. Both integrals are sums over a
    grid, from above.
    """
    t = np.geomspace(1, 1e8, 200) / std
    u = 2 * weights * t[:, None]
    d = 1 + u**2
    modulus = np.exp(-degrees / 4 * np.sum(np.log(d), axis=1) - t * (u / d @ shifts))
    turns = 1 / d @ (degrees * weights + shifts)  # >= |theta'|, falling
    decay = degrees / 2 * np.sum(u[-1] ** 2 / d[-1])  # modulus falls faster than t^-decay beyond the grid
    turned = np.sum((degrees + shifts / weights) / 2 * np.arctan(1 / u[-1]))  # integral of turns beyond the grid

    def beyond(integrand: np.ndarray, after: float) -> np.ndarray:
        return np.append(np.cumsum((integrand[:-1] * np.diff(t))[::-1])[::-1], 0) + after

    bounds = {}
    for name, a, falls in (("cdf", modulus / (np.pi * t), decay), ("pdf", modulus / np.pi, decay - 1)):
        after = a[-1] * t[-1] / falls if falls > 0 else np.inf
        bounds[name] = beyond(a, after), step * (2 * a + beyond(a * turns, a[-1] * turned))
    good = (bounds["cdf"][0] < NEGLIGIBLE) & (bounds["pdf"][1] * std < NEGLIGIBLE)
    stop = np.argmax(good | (t > MOST_TERMS * step / 1.2))
    return t[stop], {name: LeftOut(*(float(bound[stop]) for bound in both)) for name, both in bounds.items()}


def _transform(frequencies: np.ndarray, weights: np.ndarray, shifts: np.ndarray, degrees: float) -> np.ndarray:
    """E exp(i t y) at each frequency t.

    A mode adds -degrees/2 (ln(1 - iu) + iu) - shift t u / (1 - iu) to its logarithm, u = 2 weight t. Modes of small u
    are summed together as a power series in i t, of coefficients (2 weight)^(n - 1) (degrees weight / n + shift).
    """
    small = 2 * weights * frequencies[-1] < 0.1
    w, s, orders = weights[small], shifts[small], range(2, 14)
    logarithm = np.polyval(
        [np.sum((2 * w) ** (n - 1) * (degrees * w / n + s)) for n in reversed(orders)] + [0, 0], 1j * frequencies
    )
    weights, shifts = weights[~small], shifts[~small]
    rows = max(BLOCK // (len(weights) + 1), 1)
    for first in range(0, len(frequencies), rows):
        t = frequencies[first : first + rows]
        u = 2 * weights * t[:, None]
        d = 1 + u**2
        real = -degrees / 4 * np.sum(np.log(d), axis=1) - t * (u / d @ shifts)
        imaginary = degrees / 2 * np.sum(np.arctan(u) - u, axis=1) - t * (u**2 / d @ shifts)
        logarithm[first : first + rows] += real + 1j * imaginary
    return np.exp(logarithm)
