"""Predictions beyond a machine's memory: kernels evaluated tile by tile, and their factor, or they, on disk."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from replication.infinite_width import closed_form
from replication.infinite_width.disk_factor import DiskFactor, Tile, factorise_on_disk
from replication.infinite_width.disk_kernel import DiskKernel, descent_series, largest_eigenvalue, series_times
from replication.infinite_width.finite_time import Descent, checked_fraction
from replication.infinite_width.kernel_matrices import Prediction
from replication.infinite_width.nested_sets import increments
from replication.settings.network import MLP
from replication.settings.training import Momenta
from replication.validation.arrays import check_finite, check_shapes
from replication.validation.numbers import check_count, check_not_negative, check_sizes


class OutOfCore:
    """Infinitely wide networks on training points x (N, d) with targets y (N, C) and test points test_x (N_T, d).

    The same numbers as `predictions` to rounding, in 8 (N (2 N_T + C) + 4 N block + N_T^2) bytes or so of memory and
    4 N^2 bytes of `folder` for each of the two factors, and for Theta where steps are taken. Sizes are sorted. What was
    interrupted goes on with the same folder. A condition number is a lower bound, (max G_ii / min G_ii)^2.
    ReplicationError for shapes that do not match, values that are not finite, sizes that are not different whole
    numbers from 1 to N, singular kernels, and a full disk.
    """

    def __init__(
        self,
        network: MLP,
        x: np.ndarray,
        y: np.ndarray,
        test_x: np.ndarray,
        training_sizes: Sequence[int],
        folder: Path,
        diag_reg: float = 0.0,
        block: int = 2048,
    ) -> None:
        x, y, test_x = (np.asarray(array, np.float64) for array in (x, y, test_x))
        check_shapes(x=(x, "N d"), y=(y, "N C"), test_x=(test_x, "N_T d"))
        check_finite(x=x, y=y, test_x=test_x)
        self.network, self.block = network, check_count("block", block)
        self.sizes = sorted(check_sizes(training_sizes, len(x)))
        self.x, self.y, self.test_x = x[: self.sizes[-1]], y[: self.sizes[-1]], test_x
        self.diag_reg, self.folder = check_not_negative("diag_reg", diag_reg), folder

    def bayes(self) -> Iterator[Prediction]:
        """Exact Bayesian inference of every size, m = V[:n]' W[:n], Sigma = K_** - V[:n]' V[:n]; see `predictions`."""
        factor = self._factor("nngp")
        v = factor.solve(closed_form.nngp(self.network, self.x, self.test_x))
        w = factor.solve(self.y)
        mean, covariance = np.zeros((v.shape[1], w.shape[1])), closed_form.nngp(self.network, self.test_x)
        for new, number in zip(increments(self.sizes), self._condition_numbers(factor), strict=True):
            mean = mean + v[new].T @ w[new]
            covariance -= v[new].T @ v[new]
            yield Prediction(mean, covariance.copy(), number, self.diag_reg)

    def gradient_descent_to_convergence(self) -> Iterator[Prediction]:
        """Converged gradient descent of every size, with T' = Theta^-1 Theta_X*; see `predictions`."""
        factor = self._factor("ntk")
        k_cross, theta_cross = closed_form.kernels(self.network, self.x, self.test_x)
        test_nngp = closed_form.nngp(self.network, self.test_x)
        v = factor.solve(theta_cross)
        del theta_cross
        for size, number in zip(self.sizes, self._condition_numbers(factor), strict=True):
            transfer = factor.solve_transposed(v[:size])
            half = transfer.T @ (0.5 * self._nngp_times(transfer, factor.panels) - k_cross[:size])
            yield Prediction(transfer.T @ self.y[:size], test_nngp + half + half.T, number, self.diag_reg)

    def gradient_descent(self, learning_rate_fraction: float, steps: int, momenta: Momenta = 0.0) -> Iterator[Descent]:
        """`steps` steps of gradient descent for every size; see `finite_time.gradient_descent`.

        Without eigenvectors: T' = q(Theta) Theta_X*, q(l) = (1 - P(l)) / l as a Chebyshev series of some
        sqrt(60 steps) terms without momentum, each a product of Theta, which lies on disk, with N_T columns. The mean
        training loss, of which every mode is part, and the condition number are not known: NaN. Nothing is regularised.
        """
        fraction, steps = checked_fraction(learning_rate_fraction, momenta), check_count("steps", steps, smallest=0)
        kernel = DiskKernel.of(self._tile("ntk", 0.0), self.sizes, self._folder("kernel"), self.block)
        k_cross, theta_cross = closed_form.kernels(self.network, self.x, self.test_x)
        test_nngp = closed_form.nngp(self.network, self.test_x)
        for size in self.sizes:
            largest = largest_eigenvalue(kernel, size)
            learning_rate = fraction * 2 * size / largest
            series = descent_series(learning_rate / size, largest, steps, momenta)
            transfer = series_times(kernel, series, largest, theta_cross[:size])
            half = transfer.T @ (0.5 * self._nngp_times(transfer, kernel.panels) - k_cross[:size])
            prediction = Prediction(transfer.T @ self.y[:size], test_nngp + half + half.T, np.nan, diag_reg=0.0)
            yield Descent(prediction, learning_rate, np.nan)

    def _tile(self, kind: str, diag_reg: float) -> Tile:
        added = diag_reg * getattr(closed_form.diagonal(self.network, self.x), kind).mean()

        def tile(rows: slice, columns: slice) -> np.ndarray:
            other = None if rows == columns else self.x[columns]
            if kind == "nngp":
                block = closed_form.nngp(self.network, self.x[rows], other)
            else:
                block = closed_form.kernels(self.network, self.x[rows], other).ntk
            if other is None:
                block[np.diag_indices(len(block))] += added
            return block

        return tile

    def _factor(self, kind: str) -> DiskFactor:
        return factorise_on_disk(self._tile(kind, self.diag_reg), self.sizes, self._folder(kind), self.block)

    def _folder(self, kind: str) -> Path:
        content = hashlib.sha256(repr((self.network, self.sizes, self.diag_reg, self.block, self.x.shape)).encode())
        content.update(np.ascontiguousarray(self.x).data)
        return self.folder / f"{kind}-{content.hexdigest()[:16]}"

    def _condition_numbers(self, factor: DiskFactor) -> list[float]:
        diagonals = [factor.panel(i)[:, rows].diagonal() for i, rows in enumerate(factor.panels)]
        diagonal = np.concatenate(diagonals)
        return [float((diagonal[:size].max() / diagonal[:size].min()) ** 2) for size in self.sizes]

    def _nngp_times(self, b: np.ndarray, panels: Sequence[slice]) -> np.ndarray:
        """K b of the leading len(b) points; tiles below the diagonal serve those above it."""
        product = np.zeros_like(b)
        used = [rows for rows in panels if rows.stop <= len(b)]
        for number, rows in enumerate(used):
            product[rows] += closed_form.nngp(self.network, self.x[rows]) @ b[rows]
            for columns in used[:number]:
                tile = closed_form.nngp(self.network, self.x[rows], self.x[columns])
                product[rows] += tile @ b[columns]
                product[columns] += tile.T @ b[rows]
        return product
