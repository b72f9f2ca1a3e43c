"""The data set: electrons of 1 to 10 GeV, uniform, entering perpendicularly anywhere in the central cell."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.geant4.simulation import simulate
from replication.datasets.showers import CELL_MM, LAYERS, SIDE
from replication.seeds import generator

ENERGY_MEV = (1_000, 10_000)
SEEDS = 4  # 32-bit words that start Geant4's random engine (MixMax), whose sequences for different words never overlap


def load(pool_size: int, test_size: int, seed: int, files: Callable[[], list[Path]]) -> Dataset:
    """Inputs (n, 25, 5, 5) uint32, keV deposited in the silicon of layers and 5x5 cells; targets (n,) uint32, in MeV.

    Shower k of the pool or of the test set depends on the seed and k alone. files(): the one folder that keeps
    finished showers. ReplicationError if Geant4 is not installed or fails.
    """
    (folder,) = files()
    pool, test = (_part(size, seed, part, folder) for part, size in (("pool", pool_size), ("test", test_size)))
    return Dataset(*pool, *test, classes=0)


def shower(seed: int, part: str, number: int) -> list[float]:
    """Energy in MeV (a whole number), x and y in mm, and random seeds of a shower; part: pool or test."""
    stream = generator(seed, "geant4", part, number)
    energy = int(stream.integers(*ENERGY_MEV, endpoint=True))
    place = stream.uniform(-CELL_MM / 2, CELL_MM / 2, 2).tolist()
    return [energy, *place, *stream.integers(1, 2**32, SEEDS).tolist()]  # Geant4 takes a seed of zero for none


def coarse(counts: np.ndarray) -> np.ndarray:
    """Sums over SIDE x SIDE cells: (n, 25, 25, 25) to (n, 25, 5, 5) uint32."""
    return counts.reshape(len(counts), LAYERS, SIDE, SIDE, SIDE, SIDE).sum(axis=(3, 5), dtype=np.uint32)


def _part(size: int, seed: int, part: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    showers = [shower(seed, part, number) for number in range(size)]
    counts = simulate(showers, folder, description=f"Geant4 showers, {part}")
    energies = np.array([energy for energy, *_ in showers], np.uint32)
    return np.concatenate([coarse(some) for some in counts]), energies
