"""Dense linear algebra in float64 behind one interface: LAPACK on the processor, or JAX on whatever device it finds."""

from typing import Any, Protocol

import numpy as np
from scipy.linalg import blas, eigh, lapack

from replication.errors import ReplicationError

Array = Any  # of NumPy, or on a device of JAX

# OpenBLAS 0.3.30 on two threads writes past its buffer in the product of a matrix and its transpose, alone and within
# the Cholesky decomposition: at 14,000 rows both work, at 16,000 the process dies. Large matrices are taken in blocks
LARGEST_WHOLE, BLOCK = 8192, 4096


class LinearAlgebra(Protocol):
    """What predictions are computed with; matrices are float64, G lower triangular."""

    def put(self, array: np.ndarray) -> Array:
        """The array where this algebra works."""

    def cholesky(self, matrix: np.ndarray) -> tuple[np.ndarray, bool]:
        """G (N, N) with G G' = matrix, and whether there is none.

        G is on the host, in column order, and its lower triangle counts. The matrix, symmetric and in column order too,
        may be overwritten.
        """

    def solve(self, lower: Array, b: Array, transposed: bool = False) -> Array:
        """G^-1 b, or G^-T b."""

    def half_congruence(self, matrix: np.ndarray, lower: Array) -> Array:
        """Lower triangle of G^-1 matrix G^-T, its diagonal halved: plus its transpose it is the whole."""

    def triangular_product(self, lower: Array, b: Array) -> Array:
        """The lower triangle of `lower` times b."""

    def eigh(self, matrix: np.ndarray) -> tuple[np.ndarray, Array]:
        """Eigenvalues (N,) in rising order, on the host, and eigenvectors (N, N) in columns."""


class SciPy:
    """LAPACK and BLAS, in place where they can."""

    def put(self, array: np.ndarray) -> np.ndarray:
        """The array itself."""
        return array

    def cholesky(self, matrix: np.ndarray) -> tuple[np.ndarray, bool]:
        """By dpotrf, in place; by blocks of columns where the matrix is large."""
        if len(matrix) > LARGEST_WHOLE:
            return matrix, not _cholesky_in_blocks(matrix)
        lower, failed = lapack.dpotrf(matrix, lower=1, clean=0, overwrite_a=1)
        return lower, failed != 0

    def solve(self, lower: np.ndarray, b: np.ndarray, transposed: bool = False) -> np.ndarray:
        """By dtrsm."""
        return blas.dtrsm(1.0, lower, np.array(b, order="F"), lower=1, trans_a=int(transposed), overwrite_b=1)

    def half_congruence(self, matrix: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """By dsygst, in one copy of the matrix."""
        m, _ = lapack.dsygst(np.array(matrix.T, order="F"), lower, itype=1, lower=1, overwrite_a=1)
        m[np.diag_indices(len(m))] *= 0.5
        return m

    def triangular_product(self, lower: np.ndarray, b: np.ndarray) -> np.ndarray:
        """By dtrmm."""
        return blas.dtrmm(1.0, lower, b, lower=1)

    def eigh(self, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """By dsyevd."""
        return eigh(matrix, driver="evd", check_finite=False)


def upper_gram(x: np.ndarray) -> np.ndarray:
    """x x' on and above the diagonal, in row order, for half the work; what stands below means nothing."""
    if len(x) <= LARGEST_WHOLE:
        return blas.dsyrk(1.0, x.T, trans=1, lower=1).T
    gram = np.empty((len(x), len(x)))
    for start in range(0, len(x), BLOCK):
        np.matmul(x[start : start + BLOCK], x[start:].T, out=gram[start : start + BLOCK, start:])
    return gram


def _cholesky_in_blocks(matrix: np.ndarray) -> bool:
    """Decompose in place, the right-looking way: one block of columns, then all to its right less what it explains."""
    for start in range(0, len(matrix), BLOCK):
        here, end = slice(start, start + BLOCK), start + BLOCK
        matrix[here, here], failed = lapack.dpotrf(matrix[here, here], lower=1, clean=0)
        if failed:
            return False
        if end < len(matrix):
            matrix[end:, here] = blas.dtrsm(1.0, matrix[here, here], matrix[end:, here], side=1, lower=1, trans_a=1)
        for column in range(end, len(matrix), BLOCK):
            columns = slice(column, column + BLOCK)
            matrix[column:, columns] -= (matrix[columns, here] @ matrix[column:, here].T).T
    return True


class JAX:
    """The same on JAX's default device; arrays stay there between operations."""

    def __init__(self) -> None:
        import jax

        jax.config.update("jax_enable_x64", True)
        self._numpy, self._linalg, self._lax = jax.numpy, jax.scipy.linalg, jax.lax.linalg
        if jax.numpy.zeros(1).dtype != np.float64:
            raise ReplicationError("JAX computes in float32", "unset JAX_ENABLE_X64=0")

    def put(self, array: np.ndarray) -> Array:
        """A copy on the device."""
        return self._numpy.asarray(array)

    def cholesky(self, matrix: np.ndarray) -> tuple[np.ndarray, bool]:
        """NaN marks failure; transposed on the device, as JAX hands over rows."""
        lower = self._lax.cholesky(self.put(matrix), symmetrize_input=False)
        failed = not bool(self._numpy.isfinite(lower.diagonal()).all())
        return np.asarray(lower.T).T, failed

    def solve(self, lower: Array, b: Array, transposed: bool = False) -> Array:
        """By the device's triangular solve."""
        return self._linalg.solve_triangular(lower, self.put(b), lower=True, trans=int(transposed))

    def half_congruence(self, matrix: np.ndarray, lower: Array) -> Array:
        """By two triangular solves; the upper triangle is cleared."""
        m = self._numpy.tril(self.solve(lower, self.solve(lower, matrix).T))
        return m - 0.5 * self._numpy.diag(m.diagonal())

    def triangular_product(self, lower: Array, b: Array) -> Array:
        """By a full product: the upper triangle is cleared here."""
        return self._numpy.tril(lower) @ b

    def eigh(self, matrix: np.ndarray) -> tuple[np.ndarray, Array]:
        """By the device's solver."""
        vectors, values = self._lax.eigh(self.put(matrix), symmetrize_input=False)
        return np.asarray(values), vectors


ALGEBRAS: dict[str, type[LinearAlgebra]] = {"scipy": SciPy, "jax": JAX}


def linear_algebra(name: str) -> LinearAlgebra:
    """The linear algebra called `name`, "scipy" or "jax"; ReplicationError for others."""
    if name not in ALGEBRAS:
        raise ReplicationError(f"no linear algebra {name!r}", f"choose one of {', '.join(ALGEBRAS)}")
    return ALGEBRAS[name]()
