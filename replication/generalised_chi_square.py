"""The law of a weighted sum of non-central chi-squares, which the test loss of a network with Gaussian outputs follows.

Its characteristic function is known in closed form and is inverted numerically: Gil-Pelaez (Biometrika 38, 1951) on a
lattice of frequencies, with the errors bounded as in Davies (Applied Statistics 29, 1980, algorithm AS 155).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize, stats

from replication.errors import ReplicationError

OUTSIDE = 1e-13  # probability beyond each end of the window, outside which cdf is 0 or 1
NEGLIGIBLE = 1e-11  # error of the cdf, and of std x pdf, that no term of the series is worth
TOLERANCE = 1e-6  # error of the cdf, and of std x pdf, beyond which they are refused
MOST_TERMS = 2**16  # of the series; only laws of few degrees of freedom need more
BLOCK = 10**5  # numbers held at once


@dataclass(frozen=True, eq=False)
class GeneralisedChiSquare:
    """Q = offset + sum_j sum_i (sqrt(weights_j) z_ij + b_ij)^2 with z_ij ~ N(0, 1) and sum_i b_ij^2 = shifts_j.

    Each of the J modes is weights_j times a non-central chi-square of `degrees` >= 1 degrees of freedom and
    non-centrality shifts_j / weights_j; `weights` and `shifts` (J,) are >= 0. A mode of weight 0 is the constant
    shifts_j, which is why shifts are the parameters and not non-centralities. With all weights 0, Q is one number: cdf
    is its step, ppf that number, and there is no pdf.

    The error of cdf is about 1e-11, absolute: it says nothing of tails of smaller probability. Laws of fewer than about
    five degrees of freedom in all converge slowly; where their error may be above 1e-6, next to their lower end, a
    `ReplicationError` says so. A single mode is SciPy's `ncx2` there.
    """

    weights: np.ndarray
    degrees: float
    shifts: np.ndarray
    offset: float = 0.0

    def __post_init__(self):
        for name in ("weights", "shifts"):
            values = np.asarray(getattr(self, name), dtype=float)
            if values.ndim != 1:
                raise ReplicationError(f"{name} of shape {values.shape}", "give one number for each mode")
            if not np.all((values >= 0) & (values < np.inf)):
                raise ReplicationError(f"{name} that are negative or not finite", "give numbers >= 0")
            object.__setattr__(self, name, values)
        if len(self.weights) != len(self.shifts):
            problem = f"{len(self.weights)} weights but {len(self.shifts)} shifts"
            raise ReplicationError(problem, "give one of each for each mode")
        if not (1 <= self.degrees < np.inf and np.isfinite(self.offset)):
            problem = f"{self.degrees} degrees of freedom, offset {self.offset}"
            raise ReplicationError(problem, "give at least 1 degree of freedom and a finite offset")

    @classmethod
    def of_gaussian_errors(cls, delta: np.ndarray, covariance: np.ndarray) -> "GeneralisedChiSquare":
        """Law of L = 1/(2 N_T) sum_ij e_ji^2, e Gaussian of mean `delta` (N_T, C) and `covariance` (N_T, N_T).

        The C columns of e are independent and share the covariance S = U diag(l) U', of which the lower triangle is
        read: weights l_j / (2 N_T), shifts sum_i (U' delta)_ji^2 / (2 N_T). Eigenvalues at rounding level count as 0.
        """
        delta, covariance = np.asarray(delta, dtype=float), np.asarray(covariance, dtype=float)
        if delta.ndim != 2 or 0 in delta.shape or covariance.shape != (len(delta), len(delta)):
            problem = f"errors of shape {delta.shape} with a covariance of shape {covariance.shape}"
            raise ReplicationError(problem, "give (N_T, C) and (N_T, N_T)")
        if not (np.all(np.isfinite(delta)) and np.all(np.isfinite(covariance))):
            raise ReplicationError("errors or covariance are not finite", "look at the predictions they come from")
        points, outputs = delta.shape
        eigenvalues, vectors = linalg.eigh(covariance, driver="evd")
        largest = np.abs(eigenvalues).max()
        if eigenvalues[0] < -1e-6 * largest:
            problem = f"a covariance has the eigenvalue {eigenvalues[0]:.3g}, its largest is {eigenvalues[-1]:.3g}"
            raise ReplicationError(problem, "give a positive semi-definite matrix")
        eigenvalues[eigenvalues < points * np.finfo(float).eps * largest] = 0
        shifts = np.sum((vectors.T @ delta) ** 2, axis=1)
        return cls(eigenvalues / (2 * points), outputs, shifts / (2 * points))

    @property
    def mean(self) -> float:
        """Offset + sum_j (degrees weights_j + shifts_j)."""
        return float(self.offset + np.sum(self.degrees * self.weights + self.shifts))

    @property
    def std(self) -> float:
        """Square root of sum_j (2 degrees weights_j^2 + 4 weights_j shifts_j)."""
        return float(np.sqrt(np.sum(2 * self.weights * (self.degrees * self.weights + 2 * self.shifts))))

    def cdf(self, x):
        """P(Q <= x), of the shape of x."""
        if self.std == 0:
            return _like(x, np.where(np.asarray(x) < self.mean, 0.0, 1.0))
        return _like(x, self._exact.cdf(x) if self._exact else self._inverted(x, "cdf"))

    def pdf(self, x):
        """Density of Q at x, of the shape of x."""
        if self.std == 0:
            raise ReplicationError("a law with all weights 0 has no density", "use its cdf")
        return _like(x, self._exact.pdf(x) if self._exact else self._inverted(x, "pdf"))

    def ppf(self, probability):
        """Quantile, the x of cdf(x) = probability, of the shape of `probability`."""
        wanted = np.asarray(probability, dtype=float)
        if not np.all((wanted > 0) & (wanted < 1)):
            raise ReplicationError(f"no quantile at probability {probability}", "give probabilities between 0 and 1")
        if self.std == 0:
            return _like(wanted, np.full(wanted.shape, self.mean))
        if self._exact:
            return _like(wanted, self._exact.ppf(wanted))
        lower, upper = self._series.lower, self._series.upper

        def excess(y, target):
            return self._series.sum(y, "cdf") - target

        y = [optimize.brentq(excess, lower, upper, (target,), xtol=1e-13 * self.std) for target in wanted.flat]
        quantiles = self.mean + np.reshape(y, wanted.shape)
        self._inverted(quantiles, "cdf")  # raises if one lies where the series is not accurate
        return _like(wanted, quantiles)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Central interval of the given confidence level."""
        return self.ppf((1 - confidence) / 2), self.ppf((1 + confidence) / 2)

    def sample(self, size: int | tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Independent draws of Q, of shape `size`."""
        draws = np.full(size, self.offset + np.sum(self.shifts[self.weights == 0]))
        for weight, shift in zip(*self._modes, strict=True):
            draws += (np.sqrt(weight) * rng.standard_normal(size) + np.sqrt(shift)) ** 2
            draws += 2 * weight * rng.standard_gamma((self.degrees - 1) / 2, size)
        return draws

    @property
    def _modes(self):
        """Weights and shifts of the modes that are not constants."""
        return self.weights[self.weights > 0], self.shifts[self.weights > 0]

    @cached_property
    def _exact(self):
        """SciPy's law of a single mode if the series might converge slowly, else None."""
        weights, shifts = self._modes
        if len(weights) > 1 or shifts[0] > 1000 * weights[0]:
            return None
        start = self.mean - self.degrees * weights[0] - shifts[0]
        return stats.ncx2(self.degrees, shifts[0] / weights[0], loc=start, scale=weights[0])

    @cached_property
    def _series(self) -> "_Series":
        return _series_of(*self._modes, self.degrees, self.std)

    def _inverted(self, x, name):
        """Cdf or pdf at x from the series; refused where the terms left out might matter."""
        y = np.asarray(x, dtype=float) - self.mean
        errors = self._series.errors(y, name) * (self.std if name == "pdf" else 1)
        if np.any(errors > TOLERANCE):
            worst = np.ravel(x)[np.argmax(errors)]
            problem = f"the {name} of a law of few degrees of freedom is not known to {TOLERANCE:g} at {worst:g}"
            raise ReplicationError(problem, "keep away from its lower end, or count draws of sample()")
        parts = np.array_split(y.ravel(), 1 + 256 * y.size // BLOCK)  # the series has up to 256 columns
        return np.concatenate([self._series.sum(part, name) for part in parts]).reshape(y.shape)


class _LeftOut(NamedTuple):
    """What the terms left out may add up to: anywhere, and times |1 - exp(i step (y - start))| because they turn."""

    anywhere: float
    turning: float


class _Series(NamedTuple):
    """What cdf and pdf are summed from, as functions of y = x - mean."""

    lower: float  # the window of y
    upper: float
    start: float  # the lower end of the law
    step: float
    coefficients: dict[str, np.ndarray]  # for cdf and pdf, (rows, columns): term k in row k // columns
    left_out: dict[str, _LeftOut]

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


def _series_of(weights, shifts, degrees, std):
    """Lattice of frequencies (k + 1/2) step: the step from the window that holds the law, the last from its decay."""
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
    return _Series(lower, upper, start, step, square, left_out)


def _window(weights, shifts, degrees, std):
    """Chernoff's bounds: y beyond which there is less than OUTSIDE at either end.

    P(y > b) <= exp(g(r) - r b) for any rate r, g(r) = ln E exp(r y); likewise on the left with -r.
    """

    def growth(rate):
        v = 2 * weights * rate[:, None]
        return -degrees / 2 * np.sum(np.log1p(-v) + v, axis=1) + rate * (v / (1 - v) @ shifts)

    rates = np.geomspace(1, 100, 32) / std
    below = rates / (1 + 2 * weights.max() * rates)  # E exp(r y) is finite up to 1 / (2 max weight)
    upper = np.min((growth(below) - np.log(OUTSIDE)) / below)
    return -np.min((growth(-rates) - np.log(OUTSIDE)) / rates), upper


def _truncation(weights, shifts, degrees, std, step):
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

    def beyond(integrand, after):
        return np.append(np.cumsum((integrand[:-1] * np.diff(t))[::-1])[::-1], 0) + after

    bounds = {}
    for name, a, falls in (("cdf", modulus / (np.pi * t), decay), ("pdf", modulus / np.pi, decay - 1)):
        after = a[-1] * t[-1] / falls if falls > 0 else np.inf
        bounds[name] = beyond(a, after), step * (2 * a + beyond(a * turns, a[-1] * turned))
    good = (bounds["cdf"][0] < NEGLIGIBLE) & (bounds["pdf"][1] * std < NEGLIGIBLE)
    stop = np.argmax(good | (t > MOST_TERMS * step / 1.2))
    return t[stop], {name: _LeftOut(*(float(bound[stop]) for bound in both)) for name, both in bounds.items()}


def _transform(frequencies, weights, shifts, degrees):
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


def _like(given, values):
    """Values as a float where a number was given, else as an array."""
    return float(values) if np.ndim(given) == 0 else np.asarray(values)
