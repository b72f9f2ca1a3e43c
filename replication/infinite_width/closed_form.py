"""NNGP and NTK of a multilayer perceptron by their layer recursion, in NumPy float64, tile by tile.

Independent of JAX and TensorFlow: the check of the neural-tangents kernels, and the faster engine on a CPU. The NTK
recursion is that of Jacot et al. 2018 (arXiv 1806.07572).
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from replication.errors import ReplicationError
from replication.infinite_width.activations import MOMENTS, ONE
from replication.infinite_width.linear_algebra import upper_gram
from replication.settings.network import MATCHED, MLP
from replication.validation.arrays import check_shapes

TILE = 192  # rows and columns of a tile: its handful of temporaries stay in a core's cache

Rate = tuple[float, float]  # factors of what a layer's weights and its biases add to Theta


class Kernels(NamedTuple):
    """NNGP kernel K and neural tangent kernel Theta between two sets of points, each (n1, n2)."""

    nngp: np.ndarray
    ntk: np.ndarray


def kernels(
    network: MLP, x: np.ndarray, other: np.ndarray | None = None, rates: Sequence[Rate] | None = None
) -> Kernels:
    """K and Theta of the network between the rows of x (n1, d) and other (n2, d); other = None means x itself.

    K_1 = Theta_1 = C_b + C_W x.x'/d; each layer then maps K -> C_b + C_W E[phi phi] and
    Theta -> K_new + C_W E[phi' phi'] Theta; both end multiplied by g^2, g the output scale. K, the covariance of what
    the network starts from, is zero if it is centred. On the diagonal of x with itself the cosine is exactly one.
    Memory: the result, and a few tiles for each core.

    `rates`, one pair for each layer up to the read-out, multiply what its weights and its biases add to Theta: the
    kernel of layers that learn at different rates. ReplicationError for shapes that do not match.
    """
    _check(network, x, other, rates)
    result = Kernels(_gram(x, other), np.empty((len(x), len(x if other is None else other))))
    _fill(network, x, other, *result, rates)
    return result


def nngp(network: MLP, x: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
    """K alone, as `kernels` gives it, in half the memory."""
    _check(network, x, other, None)
    result = _gram(x, other)
    _fill(network, x, other, result, None)
    return result


def diagonal(network: MLP, x: np.ndarray) -> Kernels:
    """K and Theta of every row of x (n, d) with itself, each (n,)."""
    _check(network, x, None, None)
    *_, kernels = _diagonals(network, x)
    return Kernels(*(scale * part for scale, part in zip(output_scales(network), kernels, strict=True)))


def correct_collinear(network: MLP, x: np.ndarray, other: np.ndarray, nngp: np.ndarray, ntk: np.ndarray) -> None:
    """Overwrite K and Theta (n1, n2), in place, for those pairs of rows whose cosine is 1 or -1 up to rounding.

    Such are equal points and, without biases, all points on one line through the origin, which itself lies on each.
    """
    q1, q2 = (next(_diagonals(network, points)).nngp for points in (x, other))
    k = network.bias_variance + network.weight_variance / x.shape[1] * (x @ other.T)
    with np.errstate(invalid="ignore"):
        cosine = k / np.sqrt(q1)[:, None] / np.sqrt(q2)
    rows, columns = np.nonzero(~(np.abs(cosine) <= ONE))  # of the origin it is 0/0
    if not len(rows):
        return
    layers = [
        (before.nngp[rows], after.nngp[columns])
        for before, after in zip(_diagonals(network, x), _diagonals(network, other), strict=True)
    ]
    k = k[rows, columns]
    theta = k
    for q1, q2 in layers[:-1]:
        k, theta = _next_layer(network, k, theta, q1, q2)
    for matrix, values, scale in zip((nngp, ntk), (k, theta), output_scales(network), strict=True):
        matrix[rows, columns] = scale * values


def _check(network: MLP, x: np.ndarray, other: np.ndarray | None, rates: Sequence[Rate] | None) -> None:
    check_shapes(x=(x, "n1 d"), **({} if other is None else {"other": (other, "n2 d")}))
    output_scales(network)
    if rates is not None and len(rates) != network.depth + 1:
        problem = f"{len(rates)} pairs of rates for {network.depth + 1} layers"
        raise ReplicationError(problem, "give one pair for each hidden layer and one for the read-out")


def output_scales(network: MLP) -> tuple[float, float]:
    """By which the output scale multiplies K and Theta."""
    if network.output_scale == MATCHED:
        remedy = "give a number, or that of replication.infinite_width.output_scale.matched"
        raise ReplicationError("the output scale is to match targets that are not known here", remedy)
    square = float(network.output_scale) ** 2
    return 0.0 if network.centred else square, square


def _gram(x: np.ndarray, other: np.ndarray | None) -> np.ndarray:
    """x other' in row order; of x x' on and above the diagonal only."""
    return upper_gram(x) if other is None else x @ other.T


def _diagonals(network: MLP, x: np.ndarray) -> Iterator[Kernels]:
    """K and Theta of every row with itself: before the first hidden layer, and after each."""
    q = network.bias_variance + network.weight_variance / x.shape[1] * np.einsum("id,id->i", x, x)
    kernels = Kernels(q, q)
    yield kernels
    for _ in range(network.depth):
        q = kernels.nngp
        kernels = _next_layer(network, *kernels, q, q)
        yield kernels


def _fill(
    network: MLP,
    x: np.ndarray,
    other: np.ndarray | None,
    gram: np.ndarray,
    ntk: np.ndarray | None,
    rates: Sequence[Rate] | None = None,
) -> None:
    """Turn the Gram matrix into K in place, and write Theta where it is wanted, a row of tiles to each core at a time.

    Of a symmetric matrix the tiles on and above the diagonal are computed, and mirrored.
    """
    symmetric = other is None
    variances1 = [kernels.nngp for kernels in _diagonals(network, x)]
    variances2 = variances1 if other is None else [kernels.nngp for kernels in _diagonals(network, other)]
    first_rate, *later = rates or (None,) * (network.depth + 1)
    scales = output_scales(network)

    def fill_row(start: int) -> None:
        rows = slice(start, start + TILE)
        for first in range(start if symmetric else 0, gram.shape[1], TILE):
            columns = slice(first, first + TILE)
            k = gram[rows, columns]
            if symmetric and first == start:
                k = np.triu(k) + np.triu(k, 1).T
            k = network.bias_variance + network.weight_variance / x.shape[1] * k
            theta = _layer_share(network, k, first_rate).copy() if ntk is not None else None
            for q1, q2, rate in zip(variances1[:-1], variances2[:-1], later, strict=True):
                if symmetric and first == start:
                    np.fill_diagonal(k, q1[rows])  # the cosine is exactly one
                q1_rows, q2_columns = q1[rows, None], q2[None, columns]
                if theta is None:
                    k = _next_nngp(network, k, q1_rows, q2_columns)
                else:
                    k, theta = _next_layer(network, k, theta, q1_rows, q2_columns, rate)
            for matrix, tile, scale in zip((gram, ntk), (k, theta), scales, strict=True):
                if matrix is not None and tile is not None:
                    if scale != 1:
                        tile *= scale
                    matrix[rows, columns] = tile
                    if symmetric:
                        matrix[columns, rows] = tile.T

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(fill_row, range(0, len(x), TILE)))


def _layer_share(network: MLP, k: np.ndarray, rate: Rate | None) -> np.ndarray:
    """What the weights and biases of a layer add to Theta: K where both learn at rate one."""
    if rate is None:
        return k
    return rate[0] * (k - network.bias_variance) + rate[1] * network.bias_variance


def _next_layer(
    network: MLP, k: np.ndarray, theta: np.ndarray, q1: np.ndarray, q2: np.ndarray, rate: Rate | None = None
) -> Kernels:
    """K and Theta after one more hidden layer."""
    product, slope = MOMENTS[network.activation](k, q1, q2)
    product *= network.weight_variance
    product += network.bias_variance
    slope *= network.weight_variance
    slope *= theta
    slope += _layer_share(network, product, rate)
    return Kernels(product, slope)


def _next_nngp(network: MLP, k: np.ndarray, q1: np.ndarray, q2: np.ndarray) -> np.ndarray:
    """K alone after one more hidden layer."""
    product, _ = MOMENTS[network.activation](k, q1, q2)
    product *= network.weight_variance
    product += network.bias_variance
    return product
