"""Learning-curve theory: mu_L and sigma_L of a converged network of infinite width, from the spectrum of its kernel.

Averages over training sets of n points, from the eigenvalues lambda_i of the training kernel Theta over the inputs,
the coefficients v_i of the targets and the prior k_ij of the outputs at initialisation in Theta's eigenfunctions.
With kappa from sum_i l_i = n, l_i = lambda_i / (lambda_i + kappa), q_i = 1 - l_i and r = n / (n - sum_i l_i^2),
  mu_L = r/2 sum_i q_i^2 (|v_i|^2 + C k_ii):
Bordelon et al. 2020 (arXiv 2002.02561), Simon et al. 2021 (2110.03922). sigma_L is derived here. With B_ij = k_ij /
sqrt(lambda_i lambda_j), w_i = v_i / sqrt(lambda_i), d_i = kappa l_i q_i and h_i of `_sample_fluctuations`,
  sigma_L^2 = C/2 (r^2 sum_ij d_i B_ij^2 d_j + sum_i h_i B_ii) + r^2 sum_cij w_ic d_i B_ij d_j w_jc + sum_ic h_i w_ic^2.
Both for an infinite test set and Gaussian features, where simulation finds them right up to a share O(1/n).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import eigh
from scipy.optimize import brentq

from replication.errors import ReplicationError


class Spectrum(NamedTuple):
    """Training kernel, targets and prior in the M eigenfunctions of the kernel, orthonormal over the inputs.

    eigenvalues lambda_i: (M,), all positive; target v: (M, C); prior k: (M, M); points: the number of points that
    stand for the distribution of the inputs, infinite where the spectrum is known exactly.
    """

    eigenvalues: np.ndarray
    target: np.ndarray
    prior: np.ndarray
    points: float = np.inf


def spectrum_of(nngp: np.ndarray, ntk: np.ndarray, y: np.ndarray) -> Spectrum:
    """The spectrum on P sample points: K (P, P), Theta (P, P), targets y (P, C); for Bayesian inference Theta = K.

    Theta / P = U diag(lambda) U', phi = sqrt(P) U, v = phi' y / P, k = phi' K phi / P^2. Modes at rounding level are
    dropped, with what the targets have there.
    """
    points = len(ntk)
    # LAPACK overwrites the copy with the eigenvectors: no more than five matrices of P x P at a time
    eigenvalues, modes = eigh(np.array(ntk, order="F"), driver="evd", overwrite_a=True, check_finite=False)
    first = np.searchsorted(eigenvalues, points * np.finfo(float).eps * eigenvalues[-1], side="right")
    eigenvalues, modes = eigenvalues[first:] / points, modes[:, first:]
    return Spectrum(eigenvalues, modes.T @ y / np.sqrt(points), modes.T @ (nngp @ modes) / points, points)


def effective_regularisation(eigenvalues: np.ndarray, n: float) -> float:
    """kappa with sum_i lambda_i / (lambda_i + kappa) = n for eigenvalues (M,) > 0, to a relative 1e-12.

    ReplicationError unless 0 < n < M: that many points fix every mode and nothing is left to predict.
    """
    modes = len(eigenvalues)
    if not 0 < n < modes:
        raise ReplicationError(
            f"{n} training points do not lie between 0 and the {modes} modes of the kernel's spectrum",
            "predict smaller training sets, or take the spectrum from more points",
        )
    # every l_i is at least that of the smallest lambda, and below lambda_i / kappa
    lower, upper = np.min(eigenvalues) * (modes - n) / n / 2, np.sum(eigenvalues) / n * 2

    def excess(log_kappa: float) -> float:
        return np.sum(eigenvalues / (eigenvalues + np.exp(log_kappa))) - n

    return float(np.exp(brentq(excess, np.log(lower), np.log(upper), xtol=1e-13)))


def predict(spectrum: Spectrum, training_sizes: Sequence[int], test_points: float = np.inf) -> pd.DataFrame:
    """One row for each training size: mean, std and coefficient_of_variation of L, kappa, overfitting factor r,
    and squared_bias + variance = mean.

    A spectrum of P points averages over all of them; the error is zero on the n that train, so the P - n others have
    P / (P - n) times the average. On MNIST that mu_L is 1 % too low at n = P / 8, 3 % at P / 4, 7 % at P / 2.

    N_T test points add (sigma^2 + X) / N_T to the sigma^2 of infinitely many, because each also covaries with itself:
    X = 2/C variance (variance + 2 squared_bias), for Gaussian features; about 20 % more on digits and MNIST.
    ReplicationError for as many training points as modes.
    """
    eigenvalues, target, prior, points = spectrum
    outputs = target.shape[1]
    scale = 1 / np.sqrt(eigenvalues)
    b = prior * scale * scale[:, None]
    squared_b, diagonal, w = b**2, np.diag(b), target * scale[:, None]
    rows = []
    for n in training_sizes:
        kappa = effective_regularisation(eigenvalues, n)
        learnability = eigenvalues / (eigenvalues + kappa)
        # not 1 - l, which loses the leading modes to rounding
        q = kappa / (eigenvalues + kappa)
        factor = n / (n - np.sum(learnability**2))
        held_out = 1 / (1 - n / points)
        bias, variance = (
            held_out * factor / 2 * (q**2 @ power) for power in (np.sum(target**2, axis=1), outputs * np.diag(prior))
        )
        d, h = kappa * learnability * q, _sample_fluctuations(kappa, learnability, q, diagonal, n)
        dw = d[:, None] * w
        from_prior = outputs / 2 * (factor**2 * d @ (squared_b @ d) + h @ diagonal)
        from_target = factor**2 * np.sum(dw * (b @ dw)) + h @ np.sum(w**2, axis=1)
        diagonal_terms = 2 / outputs * variance * (variance + 2 * bias)
        # the P - n others are a finite test set themselves
        squared = (held_out**2 * (from_prior + from_target) - diagonal_terms / (points - n)) / (1 + 1 / (points - n))
        squared += (squared + diagonal_terms) / test_points
        std, mean = np.sqrt(squared), bias + variance
        rows.append((n, mean, std, std / mean, kappa, factor, bias, variance))
    columns = ["training_size", "mean", "std", "coefficient_of_variation", "kappa", "overfitting"]
    return pd.DataFrame(rows, columns=[*columns, "squared_bias", "variance"])


def _sample_fluctuations(
    kappa: float, learnability: np.ndarray, q: np.ndarray, diagonal: np.ndarray, n: float
) -> np.ndarray:
    """h_i, the diagonal part of E[P Lambda P B P Lambda P] that the sample adds to r^2 d_i B_ij d_j; diagonal: B_ii.

    P projects on the complement of n features: P = Q(0) for Q(a) = lim z (S + z (1 + a Lambda))^-1, z -> 0, and
    dQ/da = -Q Lambda Q, so E[P Lambda P B P Lambda P] is the mixed derivative at a_1 = a_2 = 0 of
      E[Q_1 B Q_2] = Qbar_1 B Qbar_2 + g c, g = Qbar_1 Lambda Qbar_2, c = s_1 s_2 tr(g B) / (n - s_1 s_2 tr(g Lambda)),
    Qbar(a) = 1 / (1 + u Lambda), u = a + s, s = n / tr(Lambda Qbar). At a = 0: s = 1/kappa, u' = r, s' = r - 1.
    The suffix 1 marks the derivative by either argument, 12 the mixed one.
    """
    r = n / (n - np.sum(learnability**2))

    def scaled_trace(values: np.ndarray) -> tuple[float, float, float]:
        """s_1 s_2 sum_i g_i values_i and its derivatives."""
        t, t1, t12 = (np.sum(part * values) for part in (g, g1, g12))
        s, s1 = 1 / kappa, r - 1
        return s * s * t, s * s1 * t + s * s * t1, s1 * s1 * t + 2 * s * s1 * t1 + s * s * t12

    g = kappa * learnability * q
    g1, g12 = -r * kappa * learnability * g, (r * kappa * learnability) ** 2 * g
    top, top1, top12 = scaled_trace(diagonal)
    # Lambda = kappa l / q
    share, share1, share12 = scaled_trace(kappa * learnability / q)
    rest = n - share
    c = top / rest
    c1 = (top1 + c * share1) / rest
    c12 = (top12 + 2 * c1 * share1 + c * share12) / rest
    return g12 * c + 2 * g1 * c1 + g * c12
