"""Showers of the source geant4 against what is known of electromagnetic showers, and how fast they are simulated.

    python benchmarks/geant4_showers.py [--showers 300] [--energies 1 2 5 10]

For electrons of each energy in GeV, and photons of the highest: energy seen per GeV, resolution times sqrt(E / GeV),
depth of the maximum, radius that holds nine tenths of the energy, share of the energy in the last layer, beside
what is expected of the calorimeter's materials (Review of Particle Physics, passage of particles through matter):

    shower maximum ln(E / E_c) -/+ 1/2 radiation lengths for electrons and photons, nine tenths of the energy within the
    Moliere radius R_M = 21.2 MeV X0 / E_c; resolution of the CALICE prototype 16.6 % / sqrt(E / GeV), arXiv 0811.2354.

Energies seen are weighted by the thickness of the layer in radiation lengths; energies are in MeV, lengths in mm,
depths in radiation lengths. The last line is JSON: seconds of one core for a GeV, the stochastic and constant terms.
"""

import argparse
import json
import math
import resource
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package is not installed, it lies beside

import numpy as np
from scipy.optimize import curve_fit

from replication.datasets.geant4.simulation import simulate
from replication.seeds import generator

# of each layer's tungsten, then of its silicon and board together: thickness over radiation length, critical energy
TUNGSTEN = np.array(17 * [2.4] + 8 * [4.8]) / 3.504
SILICON, BOARD = 0.5 / 93.7, 2.5 / 174.9
LENGTHS = TUNGSTEN + SILICON + BOARD
# the board's 60 MeV is ours: quartz has 51, epoxy some 85; it counts for a tenth
CRITICAL_ENERGY = (TUNGSTEN[0] * 7.97 + SILICON * 40.2 + BOARD * 60) / LENGTHS[0]
MOLIERE_RADIUS = 21.2 * (2.4 + 3.0) / LENGTHS[0] / CRITICAL_ENERGY
DEPTHS = np.cumsum(LENGTHS) - 1.5 / 174.9  # of each sensor, which has 1.5 mm of board behind it
CENTRES = (np.arange(25) - 12) * 5.1  # of the cells


class Showers:
    """Simulated showers of one energy in GeV: the energies in MeV in all cells, and what is read off them."""

    def __init__(self, folder: Path, energy: float, size: int, particle: str = "e-") -> None:
        self.energy, self.size, self.particle = energy, size, particle
        asked = []
        for number in range(size):
            stream = generator(1, "physics", particle, str(energy), number)
            place, seeds = stream.uniform(-2.55, 2.55, 2), stream.integers(1, 2**32, 4)
            asked.append([1000 * energy, *place.tolist(), *seeds.tolist()])
        self.impact = np.array(asked)[:, 1:3]
        self.cells = np.concatenate(list(simulate(asked, folder, particle))) / 1000
        self.seen = self.cells.sum(axis=(2, 3)) @ (LENGTHS / LENGTHS[0])

    def response(self) -> float:
        """Mean energy seen for each GeV."""
        return self.seen.mean() / self.energy

    def resolution(self) -> float:
        """Standard deviation of the energy seen over its mean."""
        return self.seen.std(ddof=1) / self.seen.mean()

    def resolution_error(self) -> float:
        """Standard error of the resolution, of showers that scatter as a Gaussian does."""
        return self.resolution() / math.sqrt(2 * self.size)

    def maximum(self) -> float:
        """Depth at which the mean profile, fitted by t^(a - 1) exp(-b t), peaks: (a - 1) / b."""
        profile = self.cells.sum(axis=(2, 3)).mean(axis=0)
        start = (profile.max(), 4, 0.5)
        (_, a, b), _ = curve_fit(lambda t, c, a, b: c * t ** (a - 1) * np.exp(-b * t), DEPTHS, profile, start)
        return (a - 1) / b

    def expected_maximum(self) -> float:
        """ln(E / E_c) - 1/2 for electrons, + 1/2 for photons."""
        return math.log(1000 * self.energy / CRITICAL_ENERGY) + (0.5 if self.particle == "gamma" else -0.5)

    def containing_radius(self, share: float = 0.9) -> float:
        """Radius around the impact point that holds this share of the energy of all showers."""
        x, y = (CENTRES - self.impact[:, [axis]] for axis in (0, 1))
        radius = np.hypot(y[:, :, None], x[:, None, :]).ravel()
        order = np.argsort(radius)
        inside = np.cumsum(self.cells.sum(axis=1).ravel()[order])
        return float(radius[order][np.searchsorted(inside, share * inside[-1])])

    def last_layer(self) -> float:
        """Share of the energy seen by the last layer, unweighted."""
        return self.cells[:, -1].sum() / self.cells.sum()


def energy_terms(samples: list[Showers]) -> tuple[float, float, float]:
    """Stochastic term a with its standard error, and constant term c, of resolution^2 = a^2 / E + c^2 (E in GeV).

    A weighted straight line in 1 / E; a constant term whose square comes out negative is given as zero.
    """
    squares = [sample.resolution() ** 2 for sample in samples]
    weights = [1 / (2 * sample.resolution() * sample.resolution_error()) for sample in samples]
    inverse = [1 / sample.energy for sample in samples]
    (slope, constant), covariance = np.polyfit(inverse, squares, 1, w=weights, cov="unscaled")
    stochastic = math.sqrt(slope)
    return stochastic, math.sqrt(covariance[0, 0]) / (2 * stochastic), math.sqrt(max(constant, 0))


def main() -> None:
    """Simulate, and print what is read off the showers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--showers", type=int, default=300)
    parser.add_argument("--energies", type=float, nargs="+", default=[1, 2, 5, 10])
    arguments = parser.parse_args()
    size, energies = arguments.showers, sorted(arguments.energies)
    with tempfile.TemporaryDirectory() as folder:
        samples = [Showers(Path(folder), energy, size) for energy in energies]
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        photons = Showers(Path(folder), energies[-1], size, "gamma")
    print(f"E_c = {CRITICAL_ENERGY:.2f} MeV, R_M = {MOLIERE_RADIUS:.1f} mm, depth {LENGTHS.sum():.1f}")
    print("particle  GeV  seen/GeV    resolution*sqrt(E)  maximum  expected  r90    last layer")
    for sample in [*samples, photons]:
        scale = math.sqrt(sample.energy)
        response = f"{sample.response():.2f}({100 * sample.response() * sample.resolution() / math.sqrt(size):.0f})"
        resolution = f"{scale * sample.resolution():.4f} +- {scale * sample.resolution_error():.4f}"
        print(
            f"{sample.particle:8s} {sample.energy:4g}  {response:10s}  {resolution:18s}  {sample.maximum():7.2f}"
            f"  {sample.expected_maximum():8.2f}  {sample.containing_radius():5.1f}  {sample.last_layer():.4f}"
        )
    stochastic, error, constant = energy_terms(samples)
    print(f"resolution {100 * stochastic:.1f}({10 * 100 * error:.0f}) % / sqrt(E) (+) {100 * constant:.1f} %")
    seconds = (used.ru_utime + used.ru_stime) / (size * sum(energies))
    summary = {"core_seconds_per_gev": seconds, "stochastic": stochastic, "constant": constant}
    print(json.dumps({name: round(value, 5) for name, value in summary.items()}))


if __name__ == "__main__":
    main()
