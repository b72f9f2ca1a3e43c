"""Gaussian outputs of infinitely wide networks after training, for nested training sets.

X are training, * test inputs; K the NNGP kernel, Theta the NTK. Trained outputs are Gaussian, independent over
outputs with one covariance for all (Lee et al. 2019, arXiv 1902.06720).
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from replication.infinite_width.closed_form import Kernels
from replication.infinite_width.factorisation import factorise
from replication.infinite_width.finite_time import Descent, gradient_descent
from replication.infinite_width.kernel_matrices import KernelMatrices, Prediction
from replication.infinite_width.linear_algebra import Array, LinearAlgebra, linear_algebra
from replication.infinite_width.nested_sets import in_asked_order, increments

__all__ = [
    "Descent",
    "KernelMatrices",
    "Kernels",
    "Prediction",
    "bayes",
    "gradient_descent",
    "gradient_descent_to_convergence",
]


def bayes(
    kernels: KernelMatrices,
    training_sizes: Sequence[int],
    diag_reg: float = 0.0,
    singular_diag_reg: float = 0.0,
    algebra: str = "scipy",
) -> Iterator[Prediction]:
    """Exact Bayesian inference without observation noise, for every size, in the order of `training_sizes`.

    m = K_* K^-1 Y, Sigma = K_** - K_* K^-1 K_X*. With K = G G' and V = G^-1 K_X*, W = G^-1 Y the leading n rows
    serve size n: m = V[:n]' W[:n], Sigma = K_** - V[:n]' V[:n]; one factorisation serves all sizes, as many as are
    asked for. The regularisation is that of `factorise`, of the kernel that is inverted; `algebra` is "scipy" or "jax".
    ReplicationError for shapes that do not match, sizes that are not different whole numbers from 1 to N, another
    algebra and singular kernels.
    """
    sizes = kernels.checked_sizes(training_sizes)
    return in_asked_order(sizes, _bayes(kernels, sorted(sizes), diag_reg, singular_diag_reg, linear_algebra(algebra)))


def gradient_descent_to_convergence(
    kernels: KernelMatrices,
    training_sizes: Sequence[int],
    diag_reg: float = 0.0,
    singular_diag_reg: float = 0.0,
    algebra: str = "scipy",
) -> Iterator[Prediction]:
    """Gradient descent to convergence, for every size, in the order of `training_sizes`.

    m = T Y, Sigma = K_** + T K T' - T K_X* - (T K_X*)' with T = Theta_* Theta^-1. With Theta = G G', V = G^-1 Theta_X*
    and W = G^-1 Y the leading n rows serve size n: m = V[:n]' W[:n]. For Sigma there are two ways, and the one with
    fewer operations is taken: a triangular solve for every size, or one reduction of K that serves them all.
    Regularisation, algebra and errors as of `bayes`.
    """
    sizes = kernels.checked_sizes(training_sizes)
    return in_asked_order(
        sizes, _converged(kernels, sorted(sizes), diag_reg, singular_diag_reg, linear_algebra(algebra))
    )


def _bayes(
    kernels: KernelMatrices, sizes: Sequence[int], diag_reg: float, singular_diag_reg: float, algebra: LinearAlgebra
) -> Iterator[Prediction]:
    factor = factorise(kernels.training.nngp, sizes, diag_reg, singular_diag_reg, algebra)
    lower = algebra.put(factor.lower)
    v, w = (algebra.solve(lower, b[: sizes[-1]]) for b in (kernels.cross.nngp, kernels.y))
    mean, covariance = np.zeros((v.shape[1], w.shape[1])), kernels.test_nngp.copy()
    for new, condition_number in zip(increments(sizes), factor.condition_numbers, strict=True):
        mean = mean + np.asarray(v[new].T @ w[new])
        covariance -= np.asarray(v[new].T @ v[new])
        yield Prediction(mean, covariance.copy(), condition_number, factor.diag_reg)


def _converged(
    kernels: KernelMatrices, sizes: Sequence[int], diag_reg: float, singular_diag_reg: float, algebra: LinearAlgebra
) -> Iterator[Prediction]:
    largest, tests = sizes[-1], len(kernels.test_nngp)
    factor = factorise(kernels.training.ntk, sizes, diag_reg, singular_diag_reg, algebra)
    lower = algebra.put(factor.lower)
    v, w = (algebra.solve(lower, b[:largest]) for b in (kernels.cross.ntk, kernels.y))
    together = _reduced_together(sizes, tests)
    halves = itertools.chain(
        _reduced(kernels, sizes[:together], lower, v, algebra), _solved(kernels, sizes[together:], lower, v, algebra)
    )
    mean = np.zeros((v.shape[1], w.shape[1]))
    for new, number, half in zip(increments(sizes), factor.condition_numbers, halves, strict=True):
        mean = mean + np.asarray(v[new].T @ w[new])
        covariance = kernels.test_nngp + half
        covariance += half.T
        yield Prediction(mean, covariance, number, factor.diag_reg)


def _reduced_together(sizes: Sequence[int], tests: int) -> int:
    """How many of the smaller sizes to take from one reduction of K, so that with the others solved it costs least.

    In multiplications: a reduction of n points takes n^3 + 2 tests n^2 for all sizes up to n, a solve 3 tests n^2.
    """

    def cost(together: int) -> int:
        reduced = sizes[together - 1] if together else 0
        return reduced**3 + 2 * tests * reduced**2 + 3 * tests * sum(size**2 for size in sizes[together:])

    return min(range(len(sizes) + 1), key=cost)


def _solved(
    kernels: KernelMatrices, sizes: Sequence[int], lower: Array, v: Array, algebra: LinearAlgebra
) -> Iterator[np.ndarray]:
    """H of every size, Sigma = K_** + H + H': with T' = G[:n,:n]^-T V[:n], H = T (K T' / 2 - K_X*)."""
    for size in sizes:
        transfer = algebra.solve(lower[:size, :size], v[:size], transposed=True)
        residual = algebra.put(kernels.training.nngp[:size, :size]) @ transfer
        residual *= 0.5
        residual -= algebra.put(kernels.cross.nngp[:size])
        yield np.asarray(transfer.T @ residual)


def _reduced(
    kernels: KernelMatrices, sizes: Sequence[int], lower: Array, v: Array, algebra: LinearAlgebra
) -> Iterator[np.ndarray]:
    """H of every size, Sigma = K_** + H + H', from M = G^-1 K G^-T and U = G^-1 K_X*.

    H = V[:n]' (M[:n,:n] V[:n] / 2 - U[:n]). With L the lower triangle of M, its diagonal halved, V' M V =
    V' L V + (V' L V)', and the rows of L V need no later row of V, so further sizes cost next to nothing.
    """
    if not sizes:
        return
    largest = sizes[-1]
    lower, v = lower[:largest, :largest], v[:largest]
    m = algebra.half_congruence(kernels.training.nngp[:largest, :largest], lower)
    change = algebra.triangular_product(m, v)
    del m
    change -= algebra.solve(lower, kernels.cross.nngp[:largest])
    half = np.zeros((v.shape[1], v.shape[1]))
    for new in increments(sizes):
        half = half + np.asarray(v[new].T @ change[new])
        yield half
