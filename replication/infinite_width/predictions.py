"""Gaussian outputs of infinitely wide networks after training, for nested training sets.

X are training, * test inputs; K the NNGP kernel, Theta the NTK. Trained outputs are Gaussian, independent over
outputs with one covariance for all (Lee et al. 2019, arXiv 1902.06720).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cholesky, eigh, solve_triangular

from replication.errors import ReplicationError
from replication.infinite_width.closed_form import Kernels


class Problem(NamedTuple):
    """Everything a prediction needs: kernels between N training and N_T test points, and the targets.

    training: Kernels (N, N); cross: Kernels (N, N_T); test_nngp: (N_T, N_T); y: (N, C) targets.
    The training set of size n is the first n points.
    """

    training: Kernels
    cross: Kernels
    test_nngp: np.ndarray
    y: np.ndarray


class Prediction(NamedTuple):
    """Outputs on the test inputs: mean (N_T, C), and the covariance (N_T, N_T) that every output shares."""

    mean: np.ndarray
    covariance: np.ndarray


class Descent(NamedTuple):
    """A finite number of gradient descent steps: prediction, the step used, mean training loss over the ensemble."""

    prediction: Prediction
    learning_rate: float
    training_loss: float


def bayes(problem: Problem, sizes: Sequence[int], diag_reg: float = 0.0) -> Iterator[Prediction]:
    """Exact Bayesian inference without observation noise, for every size in increasing order.

    m = K_* K^-1 Y, Sigma = K_** - K_* K^-1 K_X*. With K = G G' and V = G^-1 K_X*, W = G^-1 Y the leading n rows
    serve size n: m = V[:n]' W[:n], Sigma = K_** - V[:n]' V[:n]; one factorisation serves all sizes.
    `diag_reg`, relative to the mean of the diagonal, is added to the kernel that is inverted.
    """
    factor = _cholesky(problem.training.nngp[: sizes[-1], : sizes[-1]], diag_reg)
    v, w = (solve_triangular(factor, b[: sizes[-1]], lower=True) for b in (problem.cross.nngp, problem.y))
    mean, covariance = 0.0, problem.test_nngp.copy()
    for new in _steps(sizes):
        mean = mean + v[new].T @ w[new]
        covariance -= v[new].T @ v[new]
        yield Prediction(mean, covariance.copy())


def converged(problem: Problem, sizes: Sequence[int], diag_reg: float = 0.0) -> Iterator[Prediction]:
    """Gradient descent to convergence, for every size in increasing order.

    m = T Y, Sigma = K_** + T K T' - T K_X* - (T K_X*)' with T = Theta_* Theta^-1. With Theta = G G',
    V = G^-1 Theta_X*, U = G^-1 K_X*, W = G^-1 Y, M = G^-1 K G^-T the leading n rows serve size n:
    m = V[:n]' W[:n], Sigma = K_** - V[:n]' U[:n] - (V[:n]' U[:n])' + V[:n]' M[:n, :n] V[:n].
    """
    largest = sizes[-1]
    factor = _cholesky(problem.training.ntk[:largest, :largest], diag_reg)
    v, u, w = (
        solve_triangular(factor, b[:largest], lower=True) for b in (problem.cross.ntk, problem.cross.nngp, problem.y)
    )
    half = solve_triangular(factor, problem.training.nngp[:largest, :largest], lower=True)
    m = solve_triangular(factor, half.T, lower=True)
    mean, covariance = 0.0, problem.test_nngp.copy()
    for new in _steps(sizes):
        mean = mean + v[new].T @ w[new]
        old = slice(0, new.start)
        cross = v[new].T @ (m[new, old] @ v[old] + 0.5 * m[new, new] @ v[new] - u[new])
        covariance += cross + cross.T
        yield Prediction(mean, covariance.copy())


def descend(problem: Problem, size: int, learning_rate_fraction: float, steps: int) -> Descent:
    """`steps` steps of gradient descent on 1/(2 n) ||f - Y||^2 with eta = fraction x 2 / lambda_max(Theta / n).

    T = Theta_* Theta^-1 (I - P), P = (I - eta Theta / n)^steps, by an eigendecomposition of Theta = E l E'. The mean
    training loss is (||P Y||_F^2 + C tr(P K P)) / (2 n).
    """
    k, theta = (kernel[:size, :size] for kernel in problem.training)
    k_cross, theta_cross = (kernel[:size] for kernel in problem.cross)
    eigenvalues, modes = eigh(theta, driver="evd", check_finite=False)
    eigenvalues = np.clip(eigenvalues, 0.0, None)
    learning_rate = learning_rate_fraction * 2 * size / eigenvalues[-1]
    left = (1 - learning_rate / size * eigenvalues) ** steps
    # (1 - left) / l tends to eta steps / n where the eigenvalue vanishes
    gain = np.divide(1 - left, eigenvalues, out=np.full(size, learning_rate * steps / size), where=eigenvalues > 0)
    rotated_k, rotated_y = modes.T @ k @ modes, modes.T @ problem.y[:size]
    t = gain[:, None] * (modes.T @ theta_cross)
    cross = t.T @ (0.5 * rotated_k @ t - modes.T @ k_cross)
    prediction = Prediction(t.T @ rotated_y, problem.test_nngp + cross + cross.T)
    residual = np.sum((left[:, None] * rotated_y) ** 2) + rotated_y.shape[1] * left**2 @ np.diag(rotated_k)
    return Descent(prediction, float(learning_rate), float(residual / (2 * size)))


def _cholesky(kernel: np.ndarray, diag_reg: float) -> np.ndarray:
    """Lower Cholesky factor of the kernel plus `diag_reg` times the mean of its diagonal on the diagonal."""
    try:
        regularised = kernel + diag_reg * np.diag(kernel).mean() * np.eye(len(kernel)) if diag_reg else kernel
        return cholesky(regularised, lower=True, check_finite=False)
    except LinAlgError:
        raise ReplicationError(
            f"the kernel of {len(kernel)} training points is not positive definite (repeated inputs?)",
            "drop duplicates or set infinite_width.diag_reg, for example to 1e-10",
        ) from None


def _steps(sizes: Sequence[int]) -> list[slice]:
    """The points that each size adds to the one before it."""
    return [slice(start, stop) for start, stop in zip((0, *sizes[:-1]), sizes, strict=True)]
