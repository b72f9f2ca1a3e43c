"""Gradient descent on a kernel that does not fit into memory: polynomials of it, by products with columns."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.fft import dct
from scipy.sparse.linalg import LinearOperator, eigsh

from replication.infinite_width.disk_factor import DiskPanels, Tile, check_space, panels_of
from replication.infinite_width.finite_time import heavy_ball
from replication.settings.training import Momenta

PRECISION = 1e-13  # of the sum of coefficients that are left out, relative to the largest value of the polynomial
LANCZOS = 12  # vectors that the largest eigenvalue is sought in; of kernels of networks it stands well apart


class DiskKernel(DiskPanels):
    """A symmetric kernel (N, N), of which the leading n points, where n ends a panel, are a kernel, too."""

    @classmethod
    def of(cls, tile: Tile, ascending: Sequence[int], folder: Path, block: int) -> "DiskKernel":
        """Written to `folder`, 4 N^2 bytes; panels that are there already are left alone.

        `tile(rows, columns)` gives the kernel between two ranges. ReplicationError for a disk that is too small.
        """
        kernel = cls(folder, panels_of(ascending, block))
        check_space(folder, 4 * ascending[-1] * (ascending[-1] + block))
        for number, rows in enumerate(kernel.panels):
            if not kernel.is_there(number):
                kernel.store(number, np.hstack([tile(rows, columns) for columns in kernel.panels[: number + 1]]))
                logging.getLogger(__name__).info("evaluated %d of %d points", rows.stop, ascending[-1])
        return kernel

    def times(self, b: np.ndarray) -> np.ndarray:
        """The kernel of the leading len(b) points times b (n, m)."""
        product = np.zeros_like(b)
        for number, rows in enumerate(self.panels):
            if rows.stop > len(b):
                break
            panel = self.panel(number)
            product[rows] += panel @ b[: rows.stop]
            product[: rows.start] += panel[:, : rows.start].T @ b[rows]
        return product


def largest_eigenvalue(kernel: DiskKernel, size: int) -> float:
    """Of the leading `size` points, to rounding, by Lanczos iteration."""
    if size <= 2:
        return float(np.linalg.eigvalsh(kernel.times(np.eye(size)))[-1])

    def product(vector: np.ndarray) -> np.ndarray:
        return kernel.times(vector.reshape(size, 1))[:, 0]

    operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
    return float(eigsh(operator, 1, which="LA", v0=np.ones(size), ncv=min(LANCZOS, size), return_eigenvectors=False)[0])


def descent_series(step: float, largest: float, steps: int, momenta: Momenta = 0.0) -> np.ndarray:
    """Coefficients c_j, at least two, of q(l) = (1 - P(l)) / l = sum_j c_j T_j(2 l / largest - 1) on [0, largest].

    P(l) is the share of a mode that `steps` steps of step = eta / n leave, and q a polynomial of degree steps - 1,
    determined by its values at as many Chebyshev points. Without momentum coefficients fall like a Gaussian of
    j / sqrt(steps), and those beyond sqrt(60 steps) are below PRECISION.
    """
    points = max(steps if momenta else min(steps, 100 + int(10 * steps**0.5)), 2)
    nodes = 0.5 * largest * (1 + np.cos(np.pi * (np.arange(points) + 0.5) / points))
    values = heavy_ball(step, nodes, steps, momenta)[1] if momenta else _plain(step * nodes, steps) / nodes
    coefficients = dct(values) / points
    coefficients[0] /= 2
    left_out = np.cumsum(np.abs(coefficients[::-1]))[::-1]
    return coefficients[: max(np.count_nonzero(left_out > PRECISION * np.abs(values).max()), 2)]


def _plain(shares: np.ndarray, steps: int) -> np.ndarray:
    """1 - (1 - s)^steps for shares s > 0, to rounding of what may be small."""
    small = np.minimum(shares, 0.5)
    return np.where(shares <= 0.5, -np.expm1(steps * np.log1p(-small)), 1 - (1 - shares) ** steps)


def series_times(kernel: DiskKernel, series: np.ndarray, largest: float, b: np.ndarray) -> np.ndarray:
    """sum_j c_j T_j(2 Theta / largest - 1) b, for b (n, m), by T_{j+1} = 2 t T_j - T_{j-1}."""

    def shifted(vectors: np.ndarray) -> np.ndarray:
        product = kernel.times(vectors)
        product *= 2 / largest
        product -= vectors
        return product

    before, now = b, shifted(b)
    total = series[0] * before + series[1] * now
    for coefficient in series[2:]:
        following = shifted(now)
        following *= 2
        following -= before
        before, now = now, following
        total += coefficient * now
    return total
