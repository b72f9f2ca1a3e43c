"""NNGP and NTK of a multilayer perceptron by their layer recursion, in NumPy float64, tile by tile.

Independent of JAX and TensorFlow: the check of the neural-tangents kernels, and the faster engine on a CPU. Sources:
ReLU, arc-cosine kernels of Cho and Saul 2009; erf, Williams 1997; the NTK recursion, Jacot et al. 2018
(arXiv 1806.07572).
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from scipy.linalg import blas

from replication.settings.network import MLP

TILE = 192  # rows and columns of a tile: its handful of temporaries stay in a core's cache
# A cosine this near to one differs from one by rounding alone, which the angle would magnify to 1e-8
ONE = 1 - 4e-15


class Kernels(NamedTuple):
    """NNGP kernel K and neural tangent kernel Theta between two sets of points, each (n1, n2)."""

    nngp: np.ndarray
    ntk: np.ndarray


def relu_moments(k, q1, q2):
    """E[relu(u) relu(v)] and E[relu'(u) relu'(v)] for Gaussian u, v of variances q1, q2 and covariance k."""
    scale = np.sqrt(q1) * np.sqrt(q2)
    with np.errstate(invalid="ignore"):
        cosine = k / scale
    np.fmax(cosine, -1.0, out=cosine)  # a point at the origin, 0/0, has no angle; any will do, as its product is zero
    np.copyto(cosine, 1.0, where=cosine > ONE)
    supplement = np.arccos(cosine)
    np.subtract(np.pi, supplement, out=supplement)
    product = cosine * cosine
    np.subtract(1, product, out=product)
    np.sqrt(product, out=product)
    cosine *= supplement
    product += cosine
    product *= scale
    product /= 2 * np.pi
    supplement /= 2 * np.pi
    return product, supplement


def erf_moments(k, q1, q2):
    """E[erf(u) erf(v)] and E[erf'(u) erf'(v)] for Gaussian u, v of variances q1, q2 and covariance k."""
    norm = (1 + 2 * q1) * (1 + 2 * q2)
    return 2 / np.pi * np.arcsin(2 * k / np.sqrt(norm)), 4 / np.pi / np.sqrt(norm - 4 * k**2)


MOMENTS = {"relu": relu_moments, "erf": erf_moments}


def kernels(
    spec: MLP,
    x1: np.ndarray,
    x2: np.ndarray | None = None,
    rates: Sequence[tuple[float, float]] | None = None,
) -> Kernels:
    """K and Theta of the network `spec` between the rows of x1 (n1, d) and x2 (n2, d); x2 = None means x1 itself.

    K_1 = Theta_1 = C_b + C_W x.x'/d; each layer then maps K -> C_b + C_W E[phi phi] and
    Theta -> K_new + C_W E[phi' phi'] Theta. On the diagonal of x1 with itself the cosine is exactly one. Memory: the
    result, and a few tiles for each core.

    `rates`, one pair for each layer up to the read-out, multiply what its weights and its biases add to Theta: the
    kernel of layers that learn at different rates.
    """
    result = Kernels(_gram(x1, x2), np.empty((len(x1), len(x1 if x2 is None else x2))))
    _fill(spec, x1, x2, *result, rates)
    return result


def nngp(spec: MLP, x1: np.ndarray, x2: np.ndarray | None = None) -> np.ndarray:
    """K alone, as `kernels` gives it, in half the memory."""
    result = _gram(x1, x2)
    _fill(spec, x1, x2, result, None)
    return result


def diagonal(spec: MLP, x: np.ndarray) -> Kernels:
    """K and Theta of every row of x (n, d) with itself, each (n,)."""
    *_, kernels = _diagonals(spec, x)
    return kernels


def _gram(x1, x2):
    """x1 x2' in row order; of x1 x1' on and above the diagonal only, which is half the work."""
    return blas.dsyrk(1.0, x1.T, trans=1, lower=1).T if x2 is None else x1 @ x2.T


def _diagonals(spec: MLP, x: np.ndarray) -> Iterator[Kernels]:
    """K and Theta of every row with itself: before the first hidden layer, and after each."""
    q = spec.bias_variance + spec.weight_variance / x.shape[1] * np.einsum("id,id->i", x, x)
    kernels = Kernels(q, q)
    yield kernels
    for _ in range(spec.depth):
        kernels = _next_layer(spec, *kernels, kernels.nngp, kernels.nngp)
        yield kernels


def _fill(spec: MLP, x1, x2, gram: np.ndarray, ntk: np.ndarray | None, rates=None) -> None:
    """Turn the Gram matrix into K in place, and write Theta where it is wanted, a row of tiles to each core at a time.

    Of a symmetric matrix the tiles on and above the diagonal are computed, and mirrored.
    """
    symmetric = x2 is None
    variances1 = [kernels.nngp for kernels in _diagonals(spec, x1)]
    variances2 = variances1 if symmetric else [kernels.nngp for kernels in _diagonals(spec, x2)]

    def fill_row(start: int) -> None:
        rows = slice(start, start + TILE)
        for first in range(start if symmetric else 0, gram.shape[1], TILE):
            columns = slice(first, first + TILE)
            k = gram[rows, columns]
            if symmetric and first == start:
                k = np.triu(k) + np.triu(k, 1).T
            k = spec.bias_variance + spec.weight_variance / x1.shape[1] * k
            first_rate, *later = rates or [None] * (spec.depth + 1)
            theta = _own_share(spec, k, first_rate).copy() if ntk is not None else None
            for q1, q2, rate in zip(variances1[:-1], variances2[:-1], later, strict=True):
                if symmetric and first == start:
                    np.fill_diagonal(k, q1[rows])  # the cosine is exactly one
                k, theta = _next_layer(spec, k, theta, q1[rows, None], q2[None, columns], rate)
            for matrix, tile in ((gram, k), (ntk, theta)):
                if matrix is not None:
                    matrix[rows, columns] = tile
                    if symmetric:
                        matrix[columns, rows] = tile.T

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(fill_row, range(0, len(x1), TILE)))


def _own_share(spec, k, rate):
    """What a layer's own weights and biases add to Theta: K where both learn at rate one."""
    return k if rate is None else rate[0] * (k - spec.bias_variance) + rate[1] * spec.bias_variance


def _next_layer(spec, k, theta, q1, q2, rate=None):
    product, slope = MOMENTS[spec.activation](k, q1, q2)
    product *= spec.weight_variance
    product += spec.bias_variance
    if theta is None:
        return Kernels(product, None)
    slope *= spec.weight_variance
    slope *= theta
    slope += _own_share(spec, product, rate)
    return Kernels(product, slope)
