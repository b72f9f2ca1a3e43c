"""Test loss of random-feature ridge regression, from the spectrum of the features: no simulation.

D points with features of covariance eigenvalues lambda_i, P Gaussian projections of them, and ridge delta on the
kernel that is normalised by 1 / P. Two scales, kappa and gamma, solve
  D = z + delta / kappa,  P = z + P kappa / gamma,  z = sum_i l_i,  l_i = lambda_i / (lambda_i + gamma),
and with q = sum_i l_i^2, target power v_i^2 in mode i and label noise of standard deviation s the loss is
  L = 1/2 [sum_i (gamma / (lambda_i + gamma) - kappa lambda_i / (lambda_i + gamma)^2 P / (P - q)) v_i^2 + s^2]
      / (1 - (q (P - 2 z) + z^2) / (D (P - q))):
Simon, Karkada, Ghosh, Belkin (arXiv 2311.14646). Averages over points and projections, for Gaussian features right up
to a share O(1/min(D, P)). At ridge zero and for v_i^2 = lambda_i / S, the mean over teachers of S features, the loss is
symmetric in D and P (arXiv 2102.06701): L = n gamma / (2 S) / (1 - n / m), n the smaller of the two and m the larger.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from replication.errors import ReplicationError
from replication.theory.kernel_regression import effective_regularisation


class Scales(NamedTuple):
    """kappa, the ridge as the features see it, and gamma, the eigenvalue that is half learnt."""

    kappa: float
    gamma: float


def loss(
    eigenvalues: np.ndarray, target: np.ndarray, points: float, features: float, ridge: float = 0.0, noise: float = 0.0
) -> float:
    """L for eigenvalues (M,), target power v_i^2 (M,), D and P from 1 to infinity, ridge delta, noise s: see above.

    P = inf is kernel ridge regression, D = inf the best fit of the features. ReplicationError where no loss is finite:
    D = P at zero ridge.
    """
    kappa, gamma = scales(eigenvalues, points, features, ridge)
    l = eigenvalues / (eigenvalues + gamma)  # noqa: E741 - the theory's letter
    z, q = np.sum(l), np.sum(l**2)
    # the shares P / (P - q) and (q (P - 2 z) + z^2) / (P - q); as many features as modes, all learnt, are no loss
    if np.isinf(features):
        share, used = 1.0, q
    elif gamma == 0:
        share, used = 0.0, z
    else:
        share, used = features / (features - q), (q * (features - 2 * z) + z**2) / (features - q)
    unlearnt = gamma / (eigenvalues + gamma) - kappa * l / (eigenvalues + gamma) * share
    error = unlearnt @ target + noise**2
    left = 1 - used / points
    return float(error / left / 2) if error else 0.0


def scales(eigenvalues: np.ndarray, points: float, features: float, ridge: float = 0.0) -> Scales:
    """kappa and gamma for eigenvalues (M,) > 0, D and P > 0 and ridge >= 0; gamma is 0 where every mode is learnt."""
    _refuse_impossible(eigenvalues, points, features, ridge)
    modes, fewest = len(eigenvalues), min(points, features)
    if ridge == 0 or np.isinf(points):
        gamma = effective_regularisation(eigenvalues, fewest) if fewest < modes else 0.0
        # fewer features than points leave no ridge at all to the features
        return Scales(gamma * (1 - points / features) if points < features else 0.0, gamma)
    whole = np.sum(eigenvalues)
    # at this gamma z is at most half of D and of P, and delta / kappa no more than the other half of D
    upper = max(2 * whole / points, 2 * whole / features, 4 * ridge / points)
    lower = ridge / points / 2
    if features < modes:
        lower = max(lower, effective_regularisation(eigenvalues, features))

    def excess(log_gamma: float) -> float:
        """(z - D) (1 - z / P) gamma + delta: D = z + delta / kappa without its pole at z = P."""
        z = np.sum(eigenvalues / (eigenvalues + np.exp(log_gamma)))
        return (z - points) * (1 - z / features) * np.exp(log_gamma) + ridge

    gamma = np.exp(brentq(excess, np.log(lower) - 1e-12, np.log(upper) + 1e-12, xtol=1e-14, rtol=1e-14))
    z = np.sum(eigenvalues / (eigenvalues + gamma))
    # of the two equations for kappa the one that does not subtract nearly equal numbers
    return Scales(float(gamma * (1 - z / features) if points < features else ridge / (points - z)), float(gamma))


def best_fit_loss(eigenvalues: np.ndarray, size: float, dimension: int) -> float:
    """L(P) with unlimited data and L(D) with unlimited features, teachers averaged: one formula, by the duality.

    With v_i^2 = lambda_i / S for S = dimension, and sum_i lambda_i / (lambda_i + gamma) = n: L = n gamma / (2 S).
    """
    return size * effective_regularisation(eigenvalues, size) / (2 * dimension)


def _refuse_impossible(eigenvalues: np.ndarray, points: float, features: float, ridge: float) -> None:
    if not (points > 0 and features > 0 and ridge >= 0 and np.min(eigenvalues) > 0):
        raise ReplicationError(
            f"no random-feature regression with {points} points, {features} features and ridge {ridge}",
            "take a positive spectrum, one or more points and features, and a ridge of zero or more",
        )
    if ridge == 0 and (points == features or points == len(eigenvalues) < features) and np.isfinite(points):
        raise ReplicationError(
            f"the loss of {points} points, {features} features and {len(eigenvalues)} modes diverges at zero ridge",
            "take unequal numbers, or a ridge above zero",
        )
