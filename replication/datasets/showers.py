"""Showers of 10 to 500 GeV in a silicon-tungsten sampling calorimeter, simulated by the package itself.

The detector is in the style of the CLIC electromagnetic calorimeter: 25 layers behind 17 plates of 2.4 mm and 8 of
4.8 mm of tungsten (22.6 radiation lengths), each of 25x25 cells of 5.1 mm. Longitudinally and laterally a shower
follows the GFLASH parametrisation (`gflash`), evaluated at the middle of each plate. The read-out is sampled as counts:
a cell that receives the energy E_cell holds Poisson(E_cell / e) quanta of e = 0.166^2 GeV = 27.6 MeV, hence sigma / E
= 16.6 % / sqrt(E / GeV); a Gaussian factor of 1.1 % per shower adds the constant term. Both are the resolution of the
CALICE prototype (arXiv 0811.2354).
"""

from collections.abc import Callable, Iterator

import numpy as np

from replication.datasets import gflash
from replication.datasets.dataset import Dataset, Files
from replication.errors import ReplicationError
from replication.seeds import generator

TUNGSTEN_MM = np.array(17 * [2.4] + 8 * [4.8])
LAYERS, CELLS, CELL_MM = 25, 25, 5.1
EDGES = np.concatenate([[0.0], np.cumsum(TUNGSTEN_MM)]) / gflash.RADIATION_LENGTH_MM  # in radiation lengths
MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2

# Tungsten's 9.3 mm, diluted: in the gaps between the plates a shower spreads on without being absorbed, so lateral
# lengths grow by (tungsten + gaps) / tungsten. Ours: gaps of 2.5 mm for sensor, board and air, which gives 16.6 mm.
GAP_MM = 2.5
MOLIERE_RADIUS_MM = 9.3 * (1 + LAYERS * GAP_MM / TUNGSTEN_MM.sum())

STOCHASTIC_TERM, CONSTANT_TERM = 0.166, 0.011
QUANTUM_GEV = STOCHASTIC_TERM**2
ENERGY_MEV = (10_000, 500_000)

BLOCK = 64  # showers that share a random stream
SIDE = 5  # the data set sums SIDE x SIDE cells: (25, 5, 5) = 625 inputs


def load(pool_size: int, test_size: int, seed: int, _files: Files | None = None) -> Dataset:
    """Inputs (n, 25, 5, 5) uint16, counts per layer and 5x5 cells; targets (n,) uint32, energy in MeV.

    Energies are uniform in 10 ... 500 GeV. Shower k of the pool or of the test set depends on the seed and k alone.
    """
    from tqdm import tqdm

    with tqdm(total=pool_size + test_size, desc="simulating showers", unit=" showers", disable=None) as progress:
        pool, test = (
            _collect(size, seed, part, progress.update) for part, size in (("pool", pool_size), ("test", test_size))
        )
    return Dataset(*pool, *test, classes=0)


def simulate(energies: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Counts (n, 25, 25, 25) uint16, over layers, rows and columns of cells, of showers of `energies` (n,) in GeV.

    The particle enters perpendicularly, anywhere in the central cell. Each of Poisson(E_layer / e) quanta falls on a
    point drawn from the lateral profile, which is the same as Poisson(E_cell / e) quanta in each cell. What
    falls outside the cells is lost. Memory grows with the quanta, 18,000 at 500 GeV: simulate some hundred showers at
    a time. ReplicationError for energies outside 10 ... 500 GeV.
    """
    low, high = np.array(ENERGY_MEV) / 1000
    if not np.all((energies >= low) & (energies <= high)):
        raise ReplicationError("a shower energy lies outside the simulated range", f"choose {low:g} to {high:g} GeV")
    size = len(energies)
    maximum, alpha = gflash.draw_depths(energies, generator)
    visible = energies * (1 + CONSTANT_TERM * generator.standard_normal(size))
    impact = generator.uniform(-CELL_MM / 2, CELL_MM / 2, (2, size))

    tau, energy = MIDDLES / maximum[:, None], energies[:, None]
    core = gflash.core_share(energy, tau)
    layers = visible[:, None] * gflash.layer_fractions(maximum, alpha, EDGES)
    quanta = generator.poisson(np.stack([core, 1 - core]) * layers / QUANTUM_GEV)  # (component, shower, layer)
    component = np.repeat(np.arange(quanta.size), quanta.ravel())
    layer = component % (size * LAYERS)  # shower and layer of each quantum

    radius = MOLIERE_RADIUS_MM * np.stack(gflash.radii(energy, tau)).ravel()[component]
    cell = _cells(radius, impact[:, layer // LAYERS], generator)
    inside = np.all((cell >= 0) & (cell < CELLS), axis=0)
    index = (layer * CELLS + cell[0]) * CELLS + cell[1]
    counts = np.bincount(index[inside], minlength=size * LAYERS * CELLS**2)
    return counts.astype(np.uint16).reshape(size, LAYERS, CELLS, CELLS)


def _cells(radius: np.ndarray, impact: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Row and column (2, n) of points around `impact` (2, n) with the radial density 2 r R^2 / (r^2 + R^2)^2.

    Its distribution r^2 / (r^2 + R^2) = u is inverted: r = R sqrt(u / (1 - u)), u uniform. Lengths in mm.
    """
    u, turn = generator.random((2, len(radius)))
    distance, angle = radius * np.sqrt(u / (1 - u)), 2 * np.pi * turn
    point = impact + distance * np.stack([np.cos(angle), np.sin(angle)])
    return np.floor(point / CELL_MM + CELLS / 2).astype(np.int64)


def _blocks(size: int, seed: int, part: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Binned counts and energies in MeV, block by block; the last block is simulated whole and cut."""
    for start in range(0, size, BLOCK):
        stream = generator(seed, "showers", part, start // BLOCK)
        energies = stream.integers(*ENERGY_MEV, size=BLOCK, endpoint=True)
        counts = simulate(energies / 1000, stream)
        binned = counts.reshape(BLOCK, LAYERS, SIDE, SIDE, SIDE, SIDE).sum(axis=(3, 5), dtype=np.uint16)
        yield binned[: size - start], energies[: size - start].astype(np.uint32)


def _collect(size: int, seed: int, part: str, report: Callable[[int], object]) -> tuple[np.ndarray, np.ndarray]:
    inputs, targets = [], []
    for counts, energies in _blocks(size, seed, part):
        inputs.append(counts)
        targets.append(energies)
        report(len(energies))
    return np.concatenate(inputs), np.concatenate(targets)
