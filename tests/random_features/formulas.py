"""Formulas of arXiv 2102.06701 and their asymptotics, which tests hold the package against."""

import numpy as np

from replication.theory.kernel_regression import effective_regularisation


def printed_loss(eigenvalues: np.ndarray, weights: np.ndarray, points: float) -> float:
    """L(D) at P = inf in the variables of arXiv 2102.06701, for squared teacher weights w_i^2 (M,), times 1/2.

    kappa = sum kappa lambda_i / (kappa + D lambda_i), gamma = sum D lambda_i^2 / (kappa + D lambda_i)^2, and
    L = 1/2 kappa^2 / (1 - gamma) sum lambda_i w_i^2 / (kappa + D lambda_i)^2: their kappa is D times that of `scales`.
    """
    kappa = points * effective_regularisation(eigenvalues, points)
    below = (kappa + points * eigenvalues) ** 2
    gamma = np.sum(points * eigenvalues**2 / below)
    return float(kappa**2 / (1 - gamma) * np.sum(eigenvalues * weights / below) / 2)


def power_law_loss(alpha: float, size: float, dimension: int) -> float:
    """`best_fit_loss` for lambda_i = i^-(1+alpha) with infinitely many modes: c^(1+alpha) (n + 1/2)^-alpha / (2 S).

    c = x / sin x, x = pi / (1 + alpha): the integral of 1 / (1 + i^(1+alpha)); the sum over i = 1, 2, ... is 1/2 less.
    """
    angle = np.pi / (1 + alpha)
    gamma = (angle / np.sin(angle) / (size + 0.5)) ** (1 + alpha)
    return float(size * gamma / (2 * dimension))


def tail_sum(alpha: float, size: float) -> float:
    """sum over i > n of i^-(1+alpha), asymptotically n^-alpha / alpha: what n perfect features would leave.

    arXiv 2102.06701 prints the prefactor alpha in place of 1 / alpha; its exponent stands.
    """
    return size**-alpha / alpha
