"""Cholesky factor of a kernel that does not fit into memory: row panels on disk, each written once and then read."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack, solve_triangular

from replication import atomic
from replication.errors import ReplicationError
from replication.infinite_width.nested_sets import increments

Tile = Callable[[slice, slice], np.ndarray]  # the kernel between two ranges of points


def panels_of(ascending: Sequence[int], block: int) -> list[slice]:
    """Panels of at most `block` points, such that every size ends one.

    >>> panels_of((3, 8), 4)
    [slice(0, 3, None), slice(3, 7, None), slice(7, 8, None)]
    """
    return [
        slice(start, min(start + block, new.stop))
        for new in increments(ascending)
        for start in range(new.start, new.stop, block)
    ]


class DiskPanels(NamedTuple):
    """The lower triangle of a matrix in files of `folder`: panel i holds rows panels[i] to the diagonal.

    One panel and the right-hand sides are in memory at a time: 8 N (block + columns) bytes.
    """

    folder: Path
    panels: list[slice]

    def panel(self, number: int) -> np.ndarray:
        """Rows of the matrix, (rows, last row), from disk."""
        rows = self.panels[number]
        return np.fromfile(self._path(number)).reshape(-1, rows.stop)

    def is_there(self, number: int) -> bool:
        """Whether a panel was written: it was moved into place whole."""
        path, rows = self._path(number), self.panels[number]
        return path.exists() and path.stat().st_size == 8 * (rows.stop - rows.start) * rows.stop

    def store(self, number: int, panel: np.ndarray) -> None:
        """Write a panel, whole or not at all."""
        atomic.write(self._path(number), panel.tobytes())

    def _path(self, number: int) -> Path:
        return self.folder / f"panel-{number:05d}.f64"


class DiskFactor(DiskPanels):
    """G with G G' = kernel, lower triangular."""

    def solve(self, b: np.ndarray) -> np.ndarray:
        """V = G^-1 b for b (N, m); the leading n rows are those of the leading block, where n ends a panel."""
        v = np.array(b, dtype=np.float64)
        for number, rows in enumerate(self.panels):
            panel = self.panel(number)
            v[rows] -= panel[:, : rows.start] @ v[: rows.start]
            v[rows] = solve_triangular(panel[:, rows], v[rows], lower=True)
        return v

    def solve_transposed(self, v: np.ndarray) -> np.ndarray:
        """G[:n,:n]^-T v for v (n, m), where n ends a panel."""
        result = np.array(v, dtype=np.float64)
        for number in reversed([i for i, rows in enumerate(self.panels) if rows.stop <= len(v)]):
            rows, panel = self.panels[number], self.panel(number)
            result[rows] = solve_triangular(panel[:, rows], result[rows], lower=True, trans=1)
            result[: rows.start] -= panel[:, : rows.start].T @ result[rows]
        return result

    def write(self, number: int, tile: Tile) -> None:
        """Compute panel `number` from the kernel and the panels before it, G_ij = (A_ij - sum_k G_ik G_jk') G_jj^-T.

        Left alone if it is there. ReplicationError where the kernel is singular.
        """
        rows = self.panels[number]
        if self.is_there(number):
            return
        made = np.empty((rows.stop - rows.start, rows.stop))
        for earlier, columns in enumerate(self.panels[:number]):
            other = self.panel(earlier)
            block = tile(rows, columns) - made[:, : columns.start] @ other[:, : columns.start].T
            made[:, columns] = solve_triangular(other[:, columns], block.T, lower=True).T
        block = tile(rows, rows) - made[:, : rows.start] @ made[:, : rows.start].T
        made[:, rows], failed = lapack.dpotrf(block, lower=1, clean=1)
        if failed:
            problem = f"the kernel of {rows.stop} training points is not positive definite to working precision"
            raise ReplicationError(f"{problem} (repeated inputs?)", "drop duplicates or raise diag_reg")
        self.store(number, made)


def factorise_on_disk(tile: Tile, ascending: Sequence[int], folder: Path, block: int = 2048) -> DiskFactor:
    """Factorise the kernel of the first ascending[-1] points in `folder`, which must be of this kernel alone.

    `tile(rows, columns)` gives the kernel between two ranges, whatever is added to its diagonal included. N^3 / 3
    operations; 4 N^2 bytes are written and N^3 (4 / 3) / block read. Panels that are there already are not computed
    again, so what was interrupted goes on. ReplicationError for singular kernels and a disk that is too small.
    """
    factor = DiskFactor(folder, panels_of(ascending, block))
    check_space(folder, 4 * ascending[-1] * (ascending[-1] + block))
    for number, rows in enumerate(factor.panels):
        factor.write(number, tile)
        logging.getLogger(__name__).info("factorised %d of %d points", rows.stop, ascending[-1])
    return factor


def check_space(folder: Path, needed: int) -> None:
    """Make the folder; ReplicationError if that fails, or if `needed` bytes of panels will not fit there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"cannot write {folder} ({error.strerror})"
        raise ReplicationError(problem, "free space or permit writing there") from None
    there = sum(path.stat().st_size for path in folder.glob("panel-*.f64"))
    disk = os.statvfs(folder)
    if there + disk.f_bavail * disk.f_frsize < needed:
        problem = f"a kernel on disk takes {needed / 2**30:.1f} GiB, more than {folder} has free"
        raise ReplicationError(problem, "free space, or name a folder on a larger disk")
