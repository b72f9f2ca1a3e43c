"""Cholesky factor of a kernel that serves every nested training set, with guards against singular kernels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from replication.errors import ReplicationError
from replication.infinite_width.linear_algebra import LinearAlgebra, SciPy
from replication.infinite_width.nested_sets import increments
from replication.validation.arrays import check_finite
from replication.validation.numbers import check_not_negative, check_sizes

# Beyond this condition number a float64 solution keeps no digit; LAPACK's own drivers warn from here
SINGULAR = 1 / np.finfo(np.float64).eps
ROWS = 64  # rows whose magnitudes are summed at a time, in cache


class Factor(NamedTuple):
    """G with G G' = kernel + regularisation, whose leading n x n block factorises the leading n points.

    lower: (N, N) in column order, of which only the lower triangle counts; condition_numbers: of each size, in the
    1-norm (LAPACK's estimate); diag_reg: what was added to the diagonal, relative to the diagonal's mean.
    """

    lower: np.ndarray
    condition_numbers: list[float]
    diag_reg: float


def factorise(
    kernel: np.ndarray,
    sizes: Sequence[int],
    diag_reg: float,
    singular_diag_reg: float,
    algebra: LinearAlgebra | None = None,
) -> Factor:
    """Factorise the kernel (N, N), symmetric and float64, of the first sizes[-1] points; `sizes` increase.

    `diag_reg` is always added. A kernel that is singular to working precision in spite of it (a training point stands
    twice, say) gets `singular_diag_reg` instead; with 0, or if that does not help, a ReplicationError. So do matrices
    and sizes of any other kind.
    """
    sizes, algebra = _checked(kernel, sizes), algebra or SciPy()
    diag_reg, singular_diag_reg = (
        check_not_negative(name, value)
        for name, value in (("diag_reg", diag_reg), ("singular_diag_reg", singular_diag_reg))
    )
    largest = sizes[-1]
    kernel = kernel[:largest, :largest]
    for reg in dict.fromkeys((diag_reg, max(diag_reg, singular_diag_reg))):
        lower = np.array(kernel.T, order="F")  # a symmetric matrix: this copies row by row
        added = reg * kernel.diagonal().mean()
        lower[np.diag_indices(largest)] += added
        lower, failed = algebra.cholesky(lower)
        if not failed:
            numbers = _condition_numbers(kernel, added, lower, sizes)
            if numbers[-1] < SINGULAR:
                return Factor(lower, numbers, reg)
    raise ReplicationError(
        f"the kernel of {largest} training points is not positive definite to working precision (repeated inputs?)",
        f"drop duplicates or set singular_diag_reg, for example to {max(1e-10, 100 * reg):.0e}",
    )


def _checked(kernel: np.ndarray, sizes: Sequence[int]) -> tuple[int, ...]:
    if kernel.dtype != np.float64:
        raise ReplicationError(f"the kernel is {kernel.dtype}, not float64", "evaluate it in float64")
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or not len(kernel):
        raise ReplicationError(f"a kernel of shape {kernel.shape}", "give a square matrix (N, N)")
    check_finite(kernel=kernel)
    checked = check_sizes(sizes, len(kernel), "sizes")
    if list(checked) != sorted(checked):
        raise ReplicationError(f"sizes {checked} that do not increase", "sort them")
    return checked


def _condition_numbers(kernel: np.ndarray, added: float, lower: np.ndarray, sizes: Sequence[int]) -> list[float]:
    """Of every leading block: its 1-norm times LAPACK's estimate of the 1-norm of its inverse."""
    numbers, column_sums = [], np.zeros(len(kernel))
    for new in increments(sizes):
        for first in range(new.start, new.stop, ROWS):
            column_sums += np.abs(kernel[first : min(first + ROWS, new.stop)]).sum(axis=0)
        stop = new.stop
        reciprocal, _ = lapack.dpocon(lower[:stop, :stop], column_sums[:stop].max() + added, uplo="L")
        numbers.append(1 / reciprocal if reciprocal > 0 else np.inf)
    return numbers
