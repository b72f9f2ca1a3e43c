"""The law of a weighted sum of non-central chi-squares, which the test loss of a network with Gaussian outputs follows.

Its characteristic function is known in closed form and is inverted numerically (`characteristic_function.py`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg, optimize

from replication.errors import ReplicationError
from replication.loss_distribution.characteristic_function import BLOCK, Series, series_of
from replication.validation.numbers import check_count, check_share

ROUNDING = 1e-11  # share of the prior's trace that rounding may take from an eigenvalue
TOLERANCE = 1e-6  # error of the cdf, and of std x pdf, beyond which they are refused


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

    def __post_init__(self) -> None:
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
    def of_gaussian_errors(
        cls, delta: np.ndarray, covariance: np.ndarray, prior_trace: float = 0.0
    ) -> "GeneralisedChiSquare":
        """Law of L = 1/(2 N_T) sum_ij e_ji^2, e Gaussian of mean `delta` (N_T, C) and `covariance` (N_T, N_T).

        The C columns of e are independent and share the covariance S = U diag(l) U', of which the lower triangle is
        read: weights l_j / (2 N_T), shifts sum_i (U' delta)_ji^2 / (2 N_T). Eigenvalues at rounding level count as 0:
        that of the covariance or, where it is the difference of larger ones, of their trace `prior_trace`.
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
        if eigenvalues[0] < -max(1e-6 * largest, ROUNDING * prior_trace):
            problem = f"a covariance has the eigenvalue {eigenvalues[0]:.3g}, its largest is {eigenvalues[-1]:.3g}"
            raise ReplicationError(problem, "give a positive semi-definite matrix")
        eigenvalues[eigenvalues < -eigenvalues[0]] = 0  # what is negative by rounding says how large rounding is
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

    def cdf(self, x: npt.ArrayLike) -> Any:
        """P(Q <= x), of the shape of x."""
        if self.std == 0:
            return _like(x, np.where(np.asarray(x) < self.mean, 0.0, 1.0))
        return _like(x, self._exact.cdf(x) if self._exact else self._inverted(x, "cdf"))

    def pdf(self, x: npt.ArrayLike) -> Any:
        """Density of Q at x, of the shape of x."""
        if self.std == 0:
            raise ReplicationError("a law with all weights 0 has no density", "use its cdf")
        return _like(x, self._exact.pdf(x) if self._exact else self._inverted(x, "pdf"))

    def ppf(self, probability: npt.ArrayLike) -> Any:
        """Quantile, the x of cdf(x) = probability, of the shape of `probability`."""
        wanted = np.asarray(probability, dtype=float)
        if not np.all((wanted > 0) & (wanted < 1)):
            raise ReplicationError(f"no quantile at probability {probability!r}", "give probabilities between 0 and 1")
        if self.std == 0:
            return _like(wanted, np.full(wanted.shape, self.mean))
        if self._exact:
            return _like(wanted, self._exact.ppf(wanted))
        lower, upper = self._series.lower, self._series.upper

        def excess(y: float, target: float) -> float:
            return float(self._series.sum(np.asarray(y), "cdf") - target)

        y = [optimize.brentq(excess, lower, upper, (target,), xtol=1e-13 * self.std) for target in wanted.flat]
        quantiles = self.mean + np.reshape(y, wanted.shape)
        self._inverted(quantiles, "cdf")  # raises if one lies where the series is not accurate
        return _like(wanted, quantiles)

    def interval(self, confidence: float) -> tuple[float, float]:
        """Central interval of the given confidence level, between 0 and 1."""
        confidence = check_share("confidence", confidence)
        return self.ppf((1 - confidence) / 2), self.ppf((1 + confidence) / 2)

    def sample(self, size: int | tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Independent draws of Q, of shape `size`, whose lengths are whole numbers of at least 0."""
        for length in np.atleast_1d(np.asarray(size)):
            check_count("size", length, smallest=0)
        draws = np.full(size, self.offset + np.sum(self.shifts[self.weights == 0]))
        for weight, shift in zip(*self._modes, strict=True):
            draws += (np.sqrt(weight) * rng.standard_normal(size) + np.sqrt(shift)) ** 2
            draws += 2 * weight * rng.standard_gamma((self.degrees - 1) / 2, size)
        return draws

    @property
    def _modes(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and shifts of the modes that are not constants."""
        return self.weights[self.weights > 0], self.shifts[self.weights > 0]

    @cached_property
    def _exact(self) -> Any:
        """SciPy's law of a single mode if the series might converge slowly, else None."""
        weights, shifts = self._modes
        if len(weights) > 1 or shifts[0] > 1000 * weights[0]:
            return None
        # half of the time that a stage takes to start, and seldom needed
        from scipy import stats

        start = self.mean - self.degrees * weights[0] - shifts[0]
        return stats.ncx2(self.degrees, shifts[0] / weights[0], loc=start, scale=weights[0])

    @cached_property
    def _series(self) -> Series:
        return series_of(*self._modes, self.degrees, self.std)

    def _inverted(self, x: npt.ArrayLike, name: str) -> np.ndarray:
        """Cdf or pdf at x from the series; refused where the terms left out might matter."""
        y = np.asarray(x, dtype=float) - self.mean
        errors = self._series.errors(y, name) * (self.std if name == "pdf" else 1)
        if np.any(errors > TOLERANCE):
            worst = np.ravel(x)[np.argmax(errors)]
            problem = f"the {name} of a law of few degrees of freedom is not known to {TOLERANCE:g} at {worst:g}"
            raise ReplicationError(problem, "keep away from its lower end, or count draws of sample()")
        parts = np.array_split(y.ravel(), 1 + 256 * y.size // BLOCK)  # the series has up to 256 columns
        return np.concatenate([self._series.sum(part, name) for part in parts]).reshape(y.shape)


def _like(given: npt.ArrayLike, values: np.ndarray) -> Any:
    """Values as a float where a number was given, else as an array."""
    return float(values) if np.ndim(given) == 0 else np.asarray(values)
