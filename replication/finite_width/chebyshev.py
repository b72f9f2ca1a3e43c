"""Gradient descent as a short series of Chebyshev polynomials."""

import numpy as np
from scipy.fft import dct

PRECISION = 1e-7  # of the sum of all coefficients left out, where one step contributes 1: the rounding of float32


def descent_series(steps: int, precision: float = PRECISION) -> np.ndarray:
    """Coefficients c_j of q(t) = sum_{i<steps} t^i = sum_j c_j T_j(t) on [-1, 1], at least two of them, float64.

    q has degree steps - 1, but the coefficients of t^i are those of a binomial distribution, so c_j falls like a
    Gaussian of j / sqrt(steps), and some sqrt(2 steps ln(1 / precision)) terms are all that can be told from rounding.
    """
    points = np.cos(np.pi * (np.arange(max(steps, 2)) + 0.5) / max(steps, 2))
    coefficients = dct((1 - points**steps) / (1 - points)) / len(points)
    coefficients[0] /= 2
    left_out = np.cumsum(np.abs(coefficients[::-1]))[::-1]
    return coefficients[: max(np.count_nonzero(left_out > precision), 2)]
