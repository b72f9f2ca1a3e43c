"""Random features of a teacher, simulated: exact losses of a given projection and given points, teachers averaged.

Teacher F = sum_{M<=S} omega_M F_M, omega ~ N(0, 1/S); the student sees P projections Q F of the S features and D
points (arXiv 2102.06701). Phi (N, S) are the features of N points that stand for all there are, Phi'Phi / N = C. A
population of Gaussian features F = diag(sqrt(lambda)) g is Phi = sqrt(S) diag(sqrt(lambda)), N = S, its points Gaussian
projections R of the rows: C is all that a loss knows of it. Matrices may be sparse.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.linalg import LinAlgError
from scipy import sparse
from scipy.linalg import cholesky, solve_triangular

from replication.errors import ReplicationError

Matrix: TypeAlias = Any  # a NumPy array, or one of scipy.sparse


def power_law_spectrum(alpha: float, dimension: int) -> np.ndarray:
    """lambda_i = i^-(1+alpha), i = 1 ... S: (S,)."""
    return np.arange(1.0, dimension + 1) ** -(1 + alpha)


def population(eigenvalues: np.ndarray) -> sparse.sparray:
    """Phi (S, S) of Gaussian features with this covariance spectrum (S,), see above."""
    return sparse.diags_array(np.sqrt(len(eigenvalues) * eigenvalues), format="csr")


def selection(indices: np.ndarray, points: int) -> sparse.sparray:
    """Projection R (D, N) that picks the rows `indices` (D,) of N."""
    rows = np.arange(len(indices))
    return sparse.csr_array((np.ones(len(indices)), (rows, indices)), shape=(len(indices), points))


def residual_variances(covariance: Matrix, projection: Matrix, sizes: Sequence[int]) -> Iterator[np.ndarray]:
    """diag[C - C Q' (Q C Q')^-1 Q C] (S,) for C (S, S) and the first n rows of Q (P, S), for every n of `sizes`.

    One Cholesky factor at the largest size serves all. ReplicationError where Q C Q' is singular.
    """
    crossed = _dense(projection[: max(sizes)] @ covariance)
    inner = _dense(projection[: max(sizes)] @ crossed.T)
    try:
        factor = cholesky((inner + inner.T) / 2, lower=True)
    except LinAlgError:
        raise ReplicationError(
            f"{max(sizes)} projections are not independent", "take fewer, or a covariance of higher rank"
        ) from None
    explained = np.cumsum(solve_triangular(factor, crossed, lower=True) ** 2, axis=0)
    for size in sizes:
        yield covariance.diagonal() - explained[size - 1]


def projected_loss(covariance: Matrix, projection: Matrix, sizes: Sequence[int]) -> list[float]:
    """1/(2S) Tr[C - C Q' (Q C Q')^-1 Q C] of the first n rows of Q (P, S), for every n of `sizes`.

    It is L(P) for C = Phi'Phi / N and a projection Q of the features, and L(D) for the kernel Phi Phi' / S in place of
    C and the choice of points R in place of Q. For Gaussian points of a population both are the same formula of C.
    """
    return [float(np.mean(variances) / 2) for variances in residual_variances(covariance, projection, sizes)]


def loss(features: Matrix, points: Matrix, projection: Matrix, ridge: float = 0.0) -> float:
    """Loss on all N points of the fit to D of them with P features: 1/(2 N S) ||Phi - Phi Q' Z^+ R Phi||_F^2.

    Phi (N, S), R (D, N), Q (P, S), Z = R Phi Q'; Z^+ is the Moore-Penrose inverse, or Z' (Z Z' + ridge)^-1. Teachers
    omega ~ N(0, 1/S) are averaged over in closed form. Transposed, this is the loss of Phi' with R and Q exchanged,
      loss(Phi, R, Q) = loss(Phi', Q, R)
    for every Phi, R and Q, which is the duality of data and features. Rounding is that of the teacher's variance.
    """
    # the fit as left (N, m) times right (m, S), m the smaller of D and P: matrices of N x S are never made
    if points.shape[0] < projection.shape[0]:
        right = _dense(points @ features)
        inverse = _inverse(_dense(right @ projection.T), ridge)
        left = _dense(features @ (projection.T @ inverse))
    else:
        left = _dense(features @ projection.T)
        inverse = _inverse(_dense(points @ left), ridge)
        right = _dense((inverse @ points) @ features)
    fitted = np.sum((left.T @ left) * (right @ right.T))
    crossed = np.sum(left * _dense(features @ right.T))
    whole = (features * features).sum()
    return float((whole - 2 * crossed + fitted) / (2 * features.shape[0] * features.shape[1]))


def excess_losses(features: Matrix, points: Matrix, projection: Matrix, sizes: Sequence[int]) -> list[float]:
    """L(D, P) - L(inf, P) with the first D rows of `points`, for every D of `sizes`: positive for D > P.

    L(inf, P) is the best fit to all N points with these features. With Phi', Q and R for Phi, R and Q it is
    L(D, P) - L(D, inf).
    """
    # as `projected_loss` has it, without making C
    basis = np.linalg.qr(_dense(features @ projection.T))[0]
    left = (features * features).sum() - np.sum(_dense(basis.T @ features) ** 2)
    limit = float(left / (2 * features.shape[0] * features.shape[1]))
    return [loss(features, points[:size], projection) - limit for size in sizes]


def covariance(features: Matrix) -> Matrix:
    """C = Phi'Phi / N (S, S) for Phi (N, S); of Phi' it is the kernel Phi Phi' / S."""
    return features.T @ features / features.shape[0]


def _inverse(z: np.ndarray, ridge: float) -> np.ndarray:
    if not ridge:
        return np.linalg.pinv(z)
    left, values, right = np.linalg.svd(z, full_matrices=False)
    return (right.T * (values / (values**2 + ridge))) @ left.T


def _dense(matrix: Matrix) -> np.ndarray:
    return matrix.toarray() if sparse.issparse(matrix) else matrix
