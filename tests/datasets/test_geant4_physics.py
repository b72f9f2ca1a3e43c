"""Geant4's showers against what is known of electromagnetic showers, from formulas of the Review of Particle Physics.

Depth of the maximum ln(E / E_c) - 1/2 for electrons and + 1/2 for photons, nine tenths of the energy within one Moliere
radius R_M = 21.2 MeV X0 / E_c, resolution of the CALICE prototype 16.6 % / sqrt(E / GeV) (arXiv 0811.2354).
"""

import math
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.optimize import curve_fit

from replication.datasets.geant4.simulation import simulate
from replication.seeds import generator

pytestmark = pytest.mark.skipif(find_spec("geant4_pybind") is None, reason="geant4-pybind is not installed")

# thickness of a layer's tungsten, silicon and board in mm; radiation lengths in mm, critical energies in MeV
TUNGSTEN = np.array(17 * [2.4] + 8 * [4.8])
GAP_LENGTHS, GAP_ENERGY = 0.5 / 93.7 + 2.5 / 175, (0.5 / 93.7 * 40.2 + 2.5 / 175 * 60) / (0.5 / 93.7 + 2.5 / 175)
LENGTHS = TUNGSTEN / 3.504 + GAP_LENGTHS  # of each layer, in radiation lengths
CRITICAL_ENERGY = (2.4 / 3.504 * 7.97 + GAP_LENGTHS * GAP_ENERGY) / LENGTHS[0]
MOLIERE_RADIUS = 21.2 * (5.4 / LENGTHS[0]) / CRITICAL_ENERGY
DEPTHS = np.cumsum(LENGTHS) - 1.5 / 175  # of each sensor
CENTRES = (np.arange(25) - 12) * 5.1


class Showers:
    """Showers of one energy in GeV: energies in MeV in every cell, and what is read off them."""

    def __init__(self, folder, energy, size, particle="e-"):
        self.energy, self.size = energy, size
        asked = [self.shower(energy, particle, number) for number in range(size)]
        self.impact = np.array(asked)[:, 1:3]
        self.cells = np.concatenate(list(simulate(asked, folder, particle))) / 1000
        # behind plates of twice the thickness a sensor stands for twice as much
        self.sums = self.cells.sum(axis=(2, 3)) @ (LENGTHS / LENGTHS[0])
        self.resolution = self.sums.std(ddof=1) / self.sums.mean()

    @staticmethod
    def shower(energy, particle, number):
        stream = generator(1, "physics", particle, str(energy), number)
        return [1000 * energy, *stream.uniform(-2.55, 2.55, 2).tolist(), *stream.integers(1, 2**32, 4).tolist()]

    def maximum(self):
        """Depth in radiation lengths at which the mean profile, fitted by t^(a - 1) exp(-b t), peaks."""
        profile = self.cells.sum(axis=(2, 3)).mean(axis=0)
        shape = lambda t, size, a, b: size * t ** (a - 1) * np.exp(-b * t)  # noqa: E731
        (_, a, b), _ = curve_fit(shape, DEPTHS, profile, p0=(profile.max(), 4, 0.5))
        return (a - 1) / b

    def containing_radius(self, share):
        """Radius in mm around the impact point that holds this share of the energy."""
        y, x = (CENTRES[None] - self.impact[:, [axis]] for axis in (1, 0))
        radius = np.hypot(y[:, :, None], x[:, None, :]).ravel()
        order = np.argsort(radius)
        inside = np.cumsum(self.cells.sum(axis=1).ravel()[order])
        return radius[order][np.searchsorted(inside, share * inside[-1])]


def check_electrons(samples):
    for sample in samples:
        expected = math.log(1000 * sample.energy / CRITICAL_ENERGY) - 0.5
        assert sample.maximum() == pytest.approx(expected, abs=0.7)
        # 15 to 17.5 %, four standard errors of a standard deviation
        scaled = sample.resolution * math.sqrt(sample.energy)
        assert 0.150 * (1 - 4 / math.sqrt(2 * sample.size)) < scaled < 0.175 * (1 + 4 / math.sqrt(2 * sample.size))
        assert sample.containing_radius(0.9) == pytest.approx(MOLIERE_RADIUS, rel=0.12)
        assert sample.cells[:, -1].sum() < 0.003 * sample.cells.sum()  # hardly anything leaves behind
    responses = np.array([sample.sums.mean() / sample.energy for sample in samples])
    errors = responses * [sample.resolution / math.sqrt(sample.size) for sample in samples]
    assert np.all(np.abs(responses / responses.mean() - 1) < 0.015 + 3 * errors / responses)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("showers")


def test_the_layers_are_those_of_the_calorimeter():
    assert DEPTHS[-1] == pytest.approx(23.1, abs=0.1)
    assert CRITICAL_ENERGY == pytest.approx(9.3, abs=0.1)
    assert MOLIERE_RADIUS == pytest.approx(17.5, abs=0.2)


def test_a_few_showers_of_low_energy_are_electromagnetic(folder):
    check_electrons([Showers(folder, 1, 150), Showers(folder, 3, 80)])


def test_showers_are_centred_on_the_impact_point(folder):
    sample = Showers(folder, 1, 150)
    total = sample.cells.sum(axis=(1, 2, 3))
    y = sample.cells.sum(axis=(1, 3)) @ CENTRES / total - sample.impact[:, 1]
    x = sample.cells.sum(axis=(1, 2)) @ CENTRES / total - sample.impact[:, 0]
    for offset in (x, y):
        assert abs(offset.mean()) < 4 * offset.std(ddof=1) / math.sqrt(150)
        assert offset.std() < 8


@pytest.mark.slow
def test_electrons_of_the_whole_range(folder):
    samples = [Showers(folder, energy, 300) for energy in (1, 2, 5, 10)]
    check_electrons(samples)
    energies = np.log([sample.energy for sample in samples])
    growth, _ = np.polyfit(energies, [sample.maximum() for sample in samples], 1)
    assert growth == pytest.approx(1, abs=0.25)
    # stochastic and constant term, from squares of the resolution
    stochastic, constant = np.polyfit(np.exp(-energies), [sample.resolution**2 for sample in samples], 1)
    assert math.sqrt(stochastic) == pytest.approx(0.16, abs=0.012)
    assert constant < 0.03**2


@pytest.mark.slow
def test_photons_peak_a_radiation_length_later(folder):
    electrons, photons = Showers(folder, 5, 300), Showers(folder, 5, 300, "gamma")
    assert photons.maximum() - electrons.maximum() == pytest.approx(1, abs=0.4)
    assert photons.sums.mean() == pytest.approx(electrons.sums.mean(), rel=0.03)
