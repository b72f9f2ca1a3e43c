"""Gaussian outputs of infinitely wide networks after training, for nested training sets.

X are training, * test inputs; K the NNGP kernel, Theta the NTK. Trained outputs are Gaussian, independent over
outputs with one covariance for all (Lee et al. 2019, arXiv 1902.06720).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import blas, eigh, lapack

from replication.infinite_width.closed_form import Kernels
from replication.infinite_width.factorisation import factorise


class KernelMatrices(NamedTuple):
    """Everything a prediction needs: kernels between N training and N_T test points, and the targets.

    training: Kernels (N, N); cross: Kernels (N, N_T); test_nngp: (N_T, N_T); y: (N, C) targets.
    The training set of size n is the first n points.
    """

    training: Kernels
    cross: Kernels
    test_nngp: np.ndarray
    y: np.ndarray


class Prediction(NamedTuple):
    """Outputs on the test inputs: mean (N_T, C), and the covariance (N_T, N_T) that every output shares.

    condition_number: of the inverted kernel; diag_reg: what was added to its diagonal, relative to the mean of it.
    """

    mean: np.ndarray
    covariance: np.ndarray
    condition_number: float
    diag_reg: float


class Descent(NamedTuple):
    """A finite number of gradient descent steps: prediction, the step used, mean training loss over the ensemble."""

    prediction: Prediction
    learning_rate: float
    training_loss: float


def bayes(
    problem: KernelMatrices, sizes: Sequence[int], diag_reg: float = 0.0, singular_diag_reg: float = 0.0
) -> Iterator[Prediction]:
    """Exact Bayesian inference without observation noise, for every size in increasing order.

    m = K_* K^-1 Y, Sigma = K_** - K_* K^-1 K_X*. With K = G G' and V = G^-1 K_X*, W = G^-1 Y the leading n rows
    serve size n: m = V[:n]' W[:n], Sigma = K_** - V[:n]' V[:n]; one factorisation serves all sizes, as many as are
    asked for. The regularisation is that of `factorise`, of the kernel that is inverted.
    """
    factor = factorise(problem.training.nngp, sizes, diag_reg, singular_diag_reg)
    v, w = (_solve(factor.lower, b[: sizes[-1]]) for b in (problem.cross.nngp, problem.y))
    mean, covariance = 0.0, problem.test_nngp.copy()
    for new, condition_number in zip(_steps(sizes), factor.condition_numbers, strict=True):
        mean = mean + v[new].T @ w[new]
        covariance -= v[new].T @ v[new]
        yield Prediction(mean, covariance.copy(), condition_number, factor.diag_reg)


def converged(
    problem: KernelMatrices, sizes: Sequence[int], diag_reg: float = 0.0, singular_diag_reg: float = 0.0
) -> Iterator[Prediction]:
    """Gradient descent to convergence, for every size in increasing order.

    m = T Y, Sigma = K_** + T K T' - T K_X* - (T K_X*)' with T = Theta_* Theta^-1. With Theta = G G', V = G^-1 Theta_X*
    and W = G^-1 Y the leading n rows serve size n: m = V[:n]' W[:n]. For Sigma there are two ways, and the one with
    fewer operations is taken: a triangular solve for every size, or one reduction of K that serves them all.
    """
    largest, tests = sizes[-1], problem.test_nngp.shape[0]
    factor = factorise(problem.training.ntk, sizes, diag_reg, singular_diag_reg)
    v, w = (_solve(factor.lower, b[:largest]) for b in (problem.cross.ntk, problem.y))
    each = 3 * tests * sum(size**2 for size in sizes)
    changes = _solved if each < largest**3 + 2 * tests * largest**2 else _reduced
    mean = 0.0
    for new, number, half in zip(
        _steps(sizes), factor.condition_numbers, changes(problem, sizes, factor.lower, v), strict=True
    ):
        mean = mean + v[new].T @ w[new]
        covariance = problem.test_nngp + half
        covariance += half.T
        yield Prediction(mean, covariance, number, factor.diag_reg)


def _solved(problem: KernelMatrices, sizes: Sequence[int], lower: np.ndarray, v: np.ndarray) -> Iterator[np.ndarray]:
    """H of every size, Sigma = K_** + H + H': with T' = G[:n,:n]^-T V[:n], H = T (K T' / 2 - K_X*)."""
    for size in sizes:
        transfer = blas.dtrsm(1.0, lower[:size, :size], v[:size], lower=1, trans_a=1)
        residual = problem.training.nngp[:size, :size] @ transfer
        residual *= 0.5
        residual -= problem.cross.nngp[:size]
        yield transfer.T @ residual


def _reduced(problem: KernelMatrices, sizes: Sequence[int], lower: np.ndarray, v: np.ndarray) -> Iterator[np.ndarray]:
    """H of every size, Sigma = K_** + H + H', from M = G^-1 K G^-T and U = G^-1 K_X*.

    H = V[:n]' (M[:n,:n] V[:n] / 2 - U[:n]). With L the lower triangle of M, its diagonal halved, V' M V =
    V' L V + (V' L V)', and the rows of L V need no later row of V, so further sizes cost next to nothing.
    """
    largest = sizes[-1]
    m = np.array(problem.training.nngp[:largest, :largest].T, order="F")
    m, _ = lapack.dsygst(m, lower, itype=1, lower=1, overwrite_a=1)
    m[np.diag_indices(largest)] *= 0.5
    change = blas.dtrmm(1.0, m, v, lower=1)
    del m
    change -= _solve(lower, problem.cross.nngp[:largest])
    half = 0.0
    for new in _steps(sizes):
        half = half + v[new].T @ change[new]
        yield half


def descend(
    problem: KernelMatrices, size: int, learning_rate_fraction: float, steps: int, momentum: float = 0.0
) -> Descent:
    """`steps` steps of gradient descent on 1/(2 n) ||f - Y||^2 with eta = fraction x 2 / lambda_max(Theta / n).

    T = Theta_* Theta^-1 (I - P), P = (I - eta Theta / n)^steps, by an eigendecomposition of Theta = E l E'. The mean
    training loss is (||P Y||_F^2 + C tr(P K P)) / (2 n). Nothing is inverted, so nothing is regularised. With a heavy
    ball's `momentum` beta the step is the same, of which (1 + beta) / fraction times were stable, and P is that of
    `_heavy_ball`.
    """
    k, theta = (kernel[:size, :size] for kernel in problem.training)
    k_cross, theta_cross = (kernel[:size] for kernel in problem.cross)
    y = problem.y[:size]
    eigenvalues, modes = eigh(theta, driver="evd", check_finite=False)
    condition_number = float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else np.inf
    eigenvalues = np.clip(eigenvalues, 0.0, None)
    learning_rate = learning_rate_fraction * 2 * size / eigenvalues[-1]
    if momentum:
        left, gain = _heavy_ball(learning_rate / size, eigenvalues, steps, momentum)
    else:
        left = (1 - learning_rate / size * eigenvalues) ** steps
        # (1 - left) / l tends to eta steps / n where the eigenvalue vanishes
        gain = np.divide(1 - left, eigenvalues, out=np.full(size, learning_rate * steps / size), where=eigenvalues > 0)
    transfer = modes @ (gain[:, None] * (modes.T @ theta_cross))  # T'
    cross = transfer.T @ (0.5 * (k @ transfer) - k_cross)
    covariance = problem.test_nngp + cross + cross.T
    prediction = Prediction(transfer.T @ y, covariance, condition_number, diag_reg=0.0)
    powers = np.einsum("ij,ij->j", modes, k @ modes)  # diagonal of E' K E
    residual = np.sum((left[:, None] * (modes.T @ y)) ** 2) + y.shape[1] * left**2 @ powers
    return Descent(prediction, float(learning_rate), float(residual / (2 * size)))


def _heavy_ball(step: float, eigenvalues: np.ndarray, steps: int, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    """P and (1 - P) / l: with s = step x l, P_k = 1 - s q_k and q_{k+1} = 1 + (1 + beta - s) q_k - beta q_{k-1}."""
    before, now = np.zeros_like(eigenvalues), np.ones_like(eigenvalues)
    for _ in range(steps - 1):
        before, now = now, 1 + (1 + momentum - step * eigenvalues) * now - momentum * before
    return 1 - step * eigenvalues * now, step * now


def _solve(lower: np.ndarray, b: np.ndarray) -> np.ndarray:
    """G^-1 b."""
    return blas.dtrsm(1.0, lower, np.array(b, order="F"), lower=1, overwrite_b=1)


def _steps(sizes: Sequence[int]) -> list[slice]:
    """The points that each size adds to the one before it."""
    return [slice(start, stop) for start, stop in zip((0, *sizes[:-1]), sizes, strict=True)]
