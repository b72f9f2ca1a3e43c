"""Solvable systems beside arXiv 2102.06701: their scaling laws in formulas, each with the paper it comes from."""

import numpy as np
from scipy.special import gamma as gamma_function

from replication.errors import ReplicationError
from replication.theory import random_features as theory


def solvable_model_loss(
    latent: np.ndarray, features: float, samples: float, ridge: float = 0.0, noise: float = 0.0
) -> float:
    """Loss of N random features of a latent space after T samples: Maloney, Roberts, Sully (arXiv 2210.16859).

    latent: eigenvalues (M,) of the covariance; the teacher is linear in the latent space with weights N(0, 1/M).
    `ridge` is added to Z Z', Z (T, N) the features at the samples; `noise` is the standard deviation of the labels'.
    Without noise the loss is symmetric in N and T, falls as min(N, T)^-alpha for eigenvalues i^-(1+alpha), and is zero
    once both pass M; with noise it stays on a plateau there, of noise^2 / 2 / (1 - M / T) at ridge zero.
    """
    return theory.loss(latent, latent / len(latent), samples, features, ridge / features, noise)


def gradient_flow_loss(eigenvalues: np.ndarray, power: np.ndarray, times: np.ndarray) -> np.ndarray:
    """L(t) = 1/2 sum_k power_k exp(-2 lambda_k t), unlimited data and features: (times,) from (M,), (M,) and (times,).

    Gradient flow on 1/2 E (f - F)^2 from zero; power_k is what the target has in eigenfunction k.
    """
    return np.exp(-2 * np.outer(times, eigenvalues)) @ power / 2


def time_exponent(a: float, b: float) -> float:
    """(a - 1) / b of L(t) ~ t^-exponent for lambda_k ~ k^-b and target power ~ k^-a: Bordelon, Atanasov, Pehlevan.

    arXiv 2402.01092, the dynamical model. ReplicationError for a target or kernel without a finite trace.
    """
    _refuse_infinite_trace(a, b)
    return (a - 1) / b


def data_exponent(a: float, b: float) -> float:
    """min(a - 1, 2 b) of L(P) ~ P^-exponent in the number P of points, with unlimited features and time.

    arXiv 2402.01092.
    """
    _refuse_infinite_trace(a, b)
    return min(a - 1, 2 * b)


def width_exponent(a: float, b: float) -> float:
    """min(a - 1, b) of L(N) ~ N^-exponent in the number N of projected features, unlimited data and time.

    From the best fit, L(N) = 1/2 sum_k gamma / (lambda_k + gamma) k^-a with gamma ~ N^-b; a target that falls faster
    than k^-(1+b) leaves the share gamma / lambda_k of its first modes. arXiv 2402.01092 states min(a - 1, 2 b), which
    is the same up to a = 1 + b; beyond, simulation bears out what stands here.
    """
    _refuse_infinite_trace(a, b)
    return min(a - 1, b)


def compute_exponent(a: float, b: float) -> float:
    """(a - 1) / (b + 1) of the compute-optimal L ~ C^-exponent, C = N t, for a <= 1 + b: arXiv 2402.01092.

    At fixed C the losses t^-(a-1)/b and N^-(a-1) balance at N ~ t^(1/b), N ~ C^(1/(b+1)).
    """
    _refuse_infinite_trace(a, b)
    if a > 1 + b:
        raise ReplicationError(f"no single law of compute for a = {a} above 1 + b = {1 + b}", "lower a or raise b")
    return (a - 1) / (b + 1)


def power_law_in_time(
    times: np.ndarray, amplitude: float, nu: float, tail_amplitude: float, kappa: float
) -> np.ndarray:
    """L(t) ~ K/2 Gamma(kappa/nu + 1) (2 Lambda t)^(-kappa/nu) for lambda_k ~ Lambda k^-nu: Velikanov, Yarotsky.

    Asymptotics of `gradient_flow_loss` where the target's power beyond mode k, the tail sum, falls as K k^-kappa;
    amplitude: Lambda, tail_amplitude: K. arXiv 2105.00507.
    """
    ratio = kappa / nu
    return tail_amplitude / 2 * gamma_function(ratio + 1) * (2 * amplitude * np.asarray(times, float)) ** -ratio


def epistemic_variance(x: np.ndarray, covariance: np.ndarray, prior_variance: float, noise_variance: float) -> float:
    """Mean over inputs of the posterior variance of Bayesian linear regression: Tr[C (X'X / s^2 + I / p)^-1].

    x (N, d) training inputs, covariance C (d, d) of test inputs with mean zero, weights N(0, p) each, noise variance
    s^2. It does not depend on the labels (Bishop, Pattern Recognition and Machine Learning, section 3.3).
    """
    precision = x.T @ x / noise_variance + np.eye(x.shape[1]) / prior_variance
    return float(np.trace(np.linalg.solve(precision, covariance)))


def epistemic_law(points: float, dimension: int, noise_variance: float) -> float:
    """d s^2 / N, to which `epistemic_variance` tends for N >> d: the 1/N law of Rosso et al. (arXiv 2506.09648).

    Aleatoric uncertainty, s^2, stays. Covariance and prior drop out.
    """
    return dimension * noise_variance / points


def _refuse_infinite_trace(a: float, b: float) -> None:
    if not (a > 1 and b > 1):
        raise ReplicationError(f"target power k^-{a} and eigenvalues k^-{b} have no finite sum", "take a and b above 1")
