"""Gradient descent, with or without momentum, as a short series of Chebyshev polynomials."""

import numpy as np
from scipy.fft import dct

from replication.settings.training import Momenta

PRECISION = 1e-7  # of the sum of all coefficients left out, where one step contributes 1: the rounding of float32


def descent_series(steps: int, momenta: Momenta = 0.0, precision: float = PRECISION) -> np.ndarray:
    """Coefficients c_j of q(1 - t) = sum_j c_j T_j(t) on [-1, 1], at least two of them, float64.

    After k steps at the rate eta a linear model with kernel Theta and residuals r_0 at initialisation has moved by
    -(eta / N) Theta q(S) r_0, S = eta Theta / N. Without momentum q(1 - t) = sum_{i<k} t^i, of degree k - 1; but the
    coefficients of t^i are those of a binomial distribution, so c_j falls like a Gaussian of j / sqrt(k), and some
    sqrt(2 k ln(1 / precision)) terms are all that can be told from rounding.
    """
    points = np.cos(np.pi * (np.arange(max(steps, 2)) + 0.5) / max(steps, 2))
    coefficients = dct(_polynomial(points, steps, momenta)) / len(points)
    coefficients[0] /= 2
    left_out = np.cumsum(np.abs(coefficients[::-1]))[::-1]
    return coefficients[: max(np.count_nonzero(left_out > precision), 2)]


def _polynomial(t: np.ndarray, steps: int, momenta: Momenta) -> np.ndarray:
    """q(1 - t): of gradient descent (1 - t^k) / (1 - t), with momenta step by step."""
    if not momenta:
        return (1 - t**steps) / (1 - t)
    q, velocity = np.zeros_like(t), np.zeros_like(t)
    for done in range(steps):
        beta = momenta(done) if callable(momenta) else momenta
        velocity = beta * velocity + 1 - (1 - t) * q
        q = q + velocity
    return q
