"""CaloChallenge data set 2: electron showers of 1 GeV to 1 TeV from Geant4, Zenodo record 6366271.

Each file holds 100,000 events: `incident_energies` (N, 1) and `showers` (N, 6480), in MeV, the voxels ordered as
45 layers x 16 angles x 9 radii. Here the 16 angles are summed, which leaves 45 layers x 9 radial bins, and the sums
are rounded to integer counts of `QUANTUM_MEV`. Rounding 405 values adds 0.1 MeV sqrt(405 / 12) = 0.6 MeV to
the energy sum of an event: negligible beside the fluctuations of a shower.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from replication.datasets.dataset import Dataset, Files
from replication.errors import ReplicationError

LAYERS, ANGLES, RADII = 45, 16, 9
QUANTUM_MEV = 0.1
LARGEST_MEV = 1e7  # ten times the highest incident energy; sums of 16 such still fit in uint32
ROWS = 2048  # read at a time: 6480 voxels in float64 are 100 MB


def load(pool_size: int, test_size: int, _seed: int, files: Files) -> Dataset:
    """Inputs (n, 45, 9) uint32, counts of 0.1 MeV; targets (n,) uint32, incident energy in MeV.

    The pool is the beginning of the first file, the test set that of the second. The events are independent, so their
    first n are as good as any n and the seed is not needed; only those rows are read.
    """
    pool_file, test_file = files()
    return Dataset(*read_events(pool_file, pool_size), *read_events(test_file, test_size), classes=0)


def read_events(path: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `size` events: counts (size, 45, 9) and incident energies (size,) in MeV, both uint32.

    ReplicationError if the file cannot be read, lacks a key, holds other shapes or too few events, or holds energies
    that are negative or not finite.
    """
    import h5py
    from tqdm import tqdm

    try:
        with h5py.File(path) as file:
            _check(path, file, size)
            energies = _sound(path, "incident_energies", file["incident_energies"][:size, 0])
            counts = np.empty((size, LAYERS, RADII), np.uint32)
            for start in tqdm(range(0, size, ROWS), desc=f"reading {path.name}", disable=None):
                rows = slice(start, min(start + ROWS, size))
                voxels = _sound(path, "showers", file["showers"][rows]).reshape(-1, LAYERS, ANGLES, RADII)
                counts[rows] = np.rint(voxels.sum(axis=2) / QUANTUM_MEV)
    except OSError as error:
        reason = " ".join(str(error).split())
        raise ReplicationError(f"{path} cannot be read as HDF5 ({reason})", "delete it and run again") from None
    return counts, np.rint(energies).astype(np.uint32)


def _check(path: Path, file: Mapping[str, Any], size: int) -> None:
    for key, columns in (("incident_energies", 1), ("showers", LAYERS * ANGLES * RADII)):
        if key not in file:
            raise ReplicationError(f"{path} lacks the key {key!r}", "use the files of CaloChallenge data set 2")
        if not hasattr(file[key], "dtype") or file[key].dtype.kind not in "fiu":
            raise ReplicationError(f"{path}: {key} is no array of numbers", "use the files of CaloChallenge data set 2")
        shape: tuple[int, ...] = file[key].shape or ()
        if len(shape) != 2 or shape[1] != columns or shape[0] < size:
            raise ReplicationError(
                f"{path}: {key} has shape {shape}, not (at least {size}, {columns})",
                "use the files of CaloChallenge data set 2, or ask for fewer events",
            )


def _sound(path: Path, key: str, energies: np.ndarray) -> np.ndarray:
    """The energies in float64, if all are physical; NaN fails the comparison too."""
    if not np.all((energies >= 0) & (energies <= LARGEST_MEV)):
        raise ReplicationError(
            f"{path}: {key} holds energies that are negative, not finite or above {LARGEST_MEV:g} MeV",
            "delete it and run again",
        )
    return energies.astype(np.float64)
