"""Moments of the test loss of an ensemble with less scatter: the infinite-width loss of each member's own f_0.

C = |g P f_0 + delta|^2 / (2 N_T), with P and delta of infinite width, needs a member's initial outputs only. For one
hidden layer its mean is mu_L at any width n and its variance sigma_L^2 + g^4 kappa / (4 N_T^2 n), kappa the fourth
cumulant of f_0. Where members stay near infinite width their losses follow C, and mean and variance are corrected by
what C's are known to miss.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from replication.errors import ReplicationError
from replication.loss_distribution.moments import STATISTICS, moments_of
from replication.perturbation.influences import own_covariance
from replication.perturbation.limit import Limit
from replication.perturbation.neurons import Neurons

NEURONS, STACK = 10_000, 2_000


class Known(NamedTuple):
    """Mean and variance of C."""

    mean: float
    variance: float


def known_moments(
    limit: Limit,
    width: int,
    output_scale: float = 1.0,
    rng: np.random.Generator | int = 0,
    cumulant: float | None = None,
) -> Known:
    """Of members of `width` neurons; `cumulant` is kappa where it is known already."""
    kappa = fourth_cumulant(limit, rng) if cumulant is None else cumulant
    moments = moments_of(limit.sources(output_scale))
    variance = moments.std**2 + output_scale**4 * kappa / (4 * len(limit.delta) ** 2 * width)
    return Known(moments.mean, float(variance))


def fourth_cumulant(limit: Limit, rng: np.random.Generator | int = 0, neurons: int = NEURONS) -> float:
    """kappa at g = 1: a mean over `neurons` single neurons, good to 2 %."""
    rng, outputs, covariance = np.random.default_rng(rng), limit.outputs, own_covariance(limit)
    mean, squares = np.trace(covariance), []
    for start in range(0, neurons, STACK):
        drawn = Neurons.draw(limit, min(STACK, neurons - start), rng)
        p = limit.left(drawn.test_features, drawn.features)
        squares.append((np.einsum("am,am->m", p, p) - mean) ** 2)
    square = np.concatenate(squares).mean()
    return float(outputs * (outputs + 2) * square + 2 * outputs * (mean**2 - np.vdot(covariance, covariance)))


def control(limit: Limit, at_training: np.ndarray, at_test: np.ndarray, output_scale: float = 1.0) -> np.ndarray:
    """C of every member, (members,), from its initial outputs (members, N, C) and (members, N_T, C), before g."""
    residual = output_scale * (at_test - limit.transfer @ at_training) + limit.delta
    return np.einsum("mai,mai->m", residual, residual) / (2 * len(limit.delta))


def controlled_moments(losses: np.ndarray, controls: np.ndarray, known: Known) -> tuple[np.ndarray, ...]:
    """Estimates of mu_L, sigma_L and eps_L from the members on the last axis.

    mean L - beta (mean C - mu) and s_L^2 - beta' (s_C^2 - Var C), each with the slope that the sample itself shows, of
    losses and of squared deviations. Where that leaves no variance, the plain one stands.
    """
    count = losses.shape[-1]
    deviations, swings = (a - a.mean(axis=-1, keepdims=True) for a in (losses, controls))
    mean = losses.mean(axis=-1) - _slope(swings, deviations) * (controls.mean(axis=-1) - known.mean)
    plain, seen = (np.sum(a**2, axis=-1) / (count - 1) for a in (deviations, swings))
    squares = swings**2 - np.mean(swings**2, axis=-1, keepdims=True)
    variance = plain - _slope(squares, deviations**2) * (seen - known.variance)
    std = np.sqrt(np.where(variance > 0, variance, plain))
    return mean, std, std / mean


def controlled_bootstrap(
    losses: np.ndarray,
    controls: np.ndarray,
    known: Known,
    confidence: float,
    resamples: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """`controlled_moments` with intervals, made as those of plain moments (`loss_distribution.moments.bootstrap`).

    losses and controls (members,). One row for each statistic: estimate, lower, upper, standard_error.
    """
    members = len(losses)
    if members < 4 or losses.shape != controls.shape:
        problem = f"{losses.shape} losses with {controls.shape} controls"
        raise ReplicationError(problem, "give one control for each of four members or more")
    quantile = special.stdtrit(members - 1, (1 + confidence) / 2)
    chosen = rng.integers(members, size=(resamples, members))
    estimates = controlled_moments(losses, controls, known)
    samples = controlled_moments(losses[chosen], controls[chosen], known)
    rows = []
    for name, estimate, resampled in zip(STATISTICS, estimates, samples, strict=True):
        error = np.log(resampled).std() * np.sqrt(members / (members - 1))
        spread = np.exp(quantile * error)
        rows.append((name, float(estimate), estimate / spread, estimate * spread, estimate * error))
    return pd.DataFrame(rows, columns=["statistic", "estimate", "lower", "upper", "standard_error"])


def _slope(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of the regression of y on x, which has mean zero, along the last axis."""
    power = np.sum(x * x, axis=-1)
    return np.divide(np.sum(x * y, axis=-1), power, out=np.zeros_like(power), where=power > 0)
