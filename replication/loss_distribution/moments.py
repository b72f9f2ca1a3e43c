"""The test loss over the initialisations of a network: its moments, in closed form and estimated from members.

L = 1/(2 N_T) sum over N_T test points and C outputs of (f - y)^2; mu_L and sigma_L are its mean and standard deviation
over initialisations at a fixed training set, eps_L = sigma_L / mu_L its coefficient of variation.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from replication.errors import ReplicationError
from replication.schema import INFINITE_TEST_SET, STATISTICS
from replication.validation.arrays import check_finite, check_shapes
from replication.validation.numbers import check_count, check_share


class Moments(NamedTuple):
    """mu_L, sigma_L and eps_L."""

    mean: float
    std: float
    coefficient_of_variation: float


class Sources(NamedTuple):
    """Where mu_L and sigma_L come from, for Gaussian outputs of mean m and covariance Sigma, delta = m - y.

    mu_L = squared_bias + variance: ||delta||_F^2 / (2 N_T) of the mean output, C tr Sigma / (2 N_T) of the scatter.
    sigma_L^2 = variance_term + cross_term: 2 C tr Sigma^2 / (4 N_T^2) of the scatter alone, and
    4 sum_i delta_i' Sigma delta_i / (4 N_T^2) of the scatter along the error of the mean output.
    effective_modes = (tr Sigma)^2 / tr Sigma^2: in how many directions, effectively, the outputs scatter independently.
    diagonal_term: the part of sigma_L^2 in which a test point covaries with itself. It falls as 1/N_T, and is all that
    tells a finite test set from an infinite one; diagonal_variance_term is its part in variance_term.
    """

    squared_bias: float
    variance: float
    variance_term: float
    cross_term: float
    effective_modes: float
    diagonal_term: float
    diagonal_variance_term: float


def gaussian_sources(mean: np.ndarray, covariance: np.ndarray, y: np.ndarray) -> Sources:
    """The terms of mu_L and sigma_L^2 for outputs of mean (N_T, C), covariance (N_T, N_T), and targets y (N_T, C).

    ReplicationError for shapes that do not match and values that are not finite.
    """
    check_shapes(mean=(mean, "N_T C"), covariance=(covariance, "N_T N_T"), y=(y, "N_T C"))
    check_finite(mean=mean, covariance=covariance, y=y)
    points, outputs = y.shape
    delta = mean - y
    diagonal = np.diag(covariance)
    trace, square = float(np.sum(diagonal)), float(np.vdot(covariance, covariance))
    of_variance = 2 * outputs * float(np.sum(diagonal**2)) / (2 * points) ** 2
    of_cross = 4 * float(np.sum(diagonal * np.sum(delta**2, axis=1))) / (2 * points) ** 2
    return Sources(
        squared_bias=float(np.sum(delta**2)) / (2 * points),
        variance=outputs * trace / (2 * points),
        variance_term=2 * outputs * square / (2 * points) ** 2,
        cross_term=4 * float(np.sum(delta * (covariance @ delta))) / (2 * points) ** 2,
        effective_modes=trace**2 / square if square > 0 else 0.0,
        diagonal_term=of_variance + of_cross,
        diagonal_variance_term=of_variance,
    )


def coefficient_of_variation_infinite_test_set(sources: Sources, points: int) -> float:
    """eps_L of an infinitely large test set, estimated without bias in sigma_L^2 from one of N_T = `points` points.

    sigma_L^2 is a mean over pairs of test points, 1/(4 N_T^2) sum_ab (2 C Sigma_ab^2 + 4 sum_i delta_ai Sigma_ab
    delta_bi). Of infinitely many points no pair is twice the same point, so the mean is taken over a != b. A single
    test point has no such pair: NaN.
    """
    if check_count("points", points) == 1:
        return np.nan
    pairs = max(sources.variance_term + sources.cross_term - sources.diagonal_term, 0.0)
    return _ratio(float(np.sqrt(pairs * points / (points - 1))), sources.squared_bias + sources.variance)


def gaussian_moments(mean: np.ndarray, covariance: np.ndarray, y: np.ndarray) -> Moments:
    """Exact moments of L for Gaussian outputs of mean (N_T, C) and covariance (N_T, N_T), targets y (N_T, C).

    The sums of `Sources`: mu_L = squared_bias + variance, sigma_L^2 = variance_term + cross_term.
    """
    return moments_of(gaussian_sources(mean, covariance, y))


def moments_of(sources: Sources) -> Moments:
    """mu_L, sigma_L and eps_L from their sources."""
    mu = sources.squared_bias + sources.variance
    sigma = np.sqrt(max(sources.variance_term + sources.cross_term, 0.0))  # rounding may leave less than nothing
    return Moments(mu, float(sigma), _ratio(float(sigma), mu))


def _ratio(sigma: float, mu: float) -> float:
    """sigma / mu; NaN where no network errs."""
    return float(sigma / mu) if mu > 0 else np.nan


def member_moments(losses: np.ndarray, axis: int = -1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates of mu_L, sigma_L (unbiased variance) and eps_L from the members along `axis`, two or more of them."""
    if np.ndim(losses) == 0 or np.shape(losses)[axis] < 2:
        raise ReplicationError(f"losses of shape {np.shape(losses)}", "give those of two members or more")
    mean, std = losses.mean(axis=axis), losses.std(axis=axis, ddof=1)
    return mean, std, std / mean


def bootstrap(losses: np.ndarray, confidence: float, resamples: int, rng: np.random.Generator) -> pd.DataFrame:
    """Estimates from the losses of k members (k,), with intervals from a bootstrap over members.

    One row for each statistic: estimate, lower, upper, standard_error. The bootstrap gives the standard error of the
    logarithm, corrected by sqrt(k / (k - 1)); the interval is exp(ln estimate -+ Student t(k - 1) x error). Percentile
    and BCa intervals of a standard deviation cover 60 % instead of 68 % at 24 members, this one 67 %. Below 8 members
    it means little. ReplicationError for losses that are not positive, finite and different, for fewer than two, a
    confidence outside (0, 1) and no resamples.
    """
    _check_losses(losses)
    confidence, resamples = check_share("confidence", confidence), check_count("resamples", resamples)
    members = len(losses)
    quantile = special.stdtrit(members - 1, (1 + confidence) / 2)
    sample = losses[rng.integers(members, size=(resamples, members))]
    rows = []
    for name, estimate, resampled in zip(STATISTICS, member_moments(losses), member_moments(sample), strict=True):
        # of few members some samples are one of them many times, which says nothing of a spread
        error = np.log(resampled[resampled > 0]).std() * np.sqrt(members / (members - 1))
        spread = np.exp(quantile * error)
        rows.append((name, estimate, estimate / spread, estimate * spread, estimate * error))
    return pd.DataFrame(rows, columns=["statistic", "estimate", "lower", "upper", "standard_error"])


def _check_losses(losses: np.ndarray) -> None:
    check_shapes(losses=(losses, "members"))
    check_finite(losses=losses)
    if not np.all(losses > 0) or np.ptp(losses) == 0:
        raise ReplicationError("losses that are not positive, or all the same", "give those of different members")


def statistics_over_members(
    losses: np.ndarray, confidence: float, resamples: int, rng: np.random.Generator
) -> dict[str, float]:
    """`bootstrap` as a row: every statistic, with _lower, _upper and _standard_error."""
    row: dict[str, float] = {}
    for entry in bootstrap(losses, confidence, resamples, rng).itertuples():
        ends = {"": entry.estimate, "_lower": entry.lower, "_upper": entry.upper}
        row |= {f"{entry.statistic}{end}": value for end, value in ends.items()}
        row[f"{entry.statistic}_standard_error"] = entry.standard_error
    return row


def statistics_over_draws(draws: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Of one curve at one size, a row for each draw: every statistic, with _lower, _upper and _standard_error.

    ReplicationError for a table without rows or without the statistics.
    """
    if missing := [name for name in (*STATISTICS, INFINITE_TEST_SET) if name not in draws]:
        raise ReplicationError(f"a table without {', '.join(missing)}", "give that of a learning curve")
    row: dict[str, float] = {}
    for name in (*STATISTICS, INFINITE_TEST_SET):
        values = over_draws(draws[name].to_numpy(), confidence)
        row |= dict(zip((name, f"{name}_lower", f"{name}_upper", f"{name}_standard_error"), values, strict=True))
    return row


def over_draws(estimates: np.ndarray, confidence: float) -> tuple[float, float, float, float]:
    """Mean over training-set draws, its Student-t interval and standard error: (estimate, lower, upper, error).

    The estimates (draws,) at infinite width are exact for their training set; the draws of the set are what scatters.
    A single draw has no interval, and what one draw does not know (NaN) their mean does not. ReplicationError for no
    draws and a confidence outside (0, 1).
    """
    check_shapes(estimates=(estimates, "draws"))
    confidence = check_share("confidence", confidence)
    draws = len(estimates)
    if draws == 1:
        return float(estimates[0]), np.nan, np.nan, np.nan
    centre, error = float(np.mean(estimates)), float(np.std(estimates, ddof=1) / np.sqrt(draws))
    half = special.stdtrit(draws - 1, (1 + confidence) / 2) * error
    return centre, centre - half, centre + half, error
