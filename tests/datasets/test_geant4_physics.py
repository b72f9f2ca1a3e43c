"""Geant4's showers against what is known of electromagnetic showers; the observables are those of the benchmark."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks import geant4_showers
from benchmarks.geant4_showers import CENTRES, CRITICAL_ENERGY, DEPTHS, MOLIERE_RADIUS, Showers, energy_terms

needs_geant4 = pytest.mark.skipif(find_spec("geant4_pybind") is None, reason="geant4-pybind is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("showers")


def check_electrons(samples):
    for sample in samples:
        assert sample.maximum() == pytest.approx(sample.expected_maximum(), abs=0.7)
        scale, error = math.sqrt(sample.energy), 4 * sample.resolution_error()
        assert 0.150 - scale * error < scale * sample.resolution() < 0.175 + scale * error
        assert sample.containing_radius() == pytest.approx(MOLIERE_RADIUS, rel=0.12)
        assert sample.last_layer() < 0.003  # hardly anything leaves behind
    responses = np.array([sample.response() for sample in samples])
    errors = np.array([sample.resolution() / math.sqrt(sample.size) for sample in samples])
    assert np.all(np.abs(responses / responses.mean() - 1) < 0.015 + 3 * errors)


# The observables, on showers of a known shape.


def test_the_materials_are_those_of_the_calorimeter():
    assert round(DEPTHS[-1], 1) == 23.1
    assert round(CRITICAL_ENERGY, 1) == 9.3
    assert round(MOLIERE_RADIUS, 1) == 17.5


def test_observables_of_a_known_shape(monkeypatch, tmp_path, rng):
    radius = np.hypot(CENTRES[:, None], CENTRES)
    shape = (DEPTHS**2.5 * np.exp(-0.5 * DEPTHS))[:, None, None] * np.exp(-radius / 6)
    sizes = 10 * (1 + 0.1 * rng.standard_normal(2000))
    monkeypatch.setattr(geant4_showers, "simulate", lambda *_: [1000 * size * shape[None] for size in sizes])
    sample = Showers(tmp_path, 4, 2000)
    sample.impact[:] = 0
    assert sample.maximum() == pytest.approx(5, abs=1e-6)  # 2.5 / 0.5
    assert sample.resolution() == pytest.approx(0.1, rel=0.06)
    ordered = np.argsort(radius.ravel())
    inside = np.cumsum(np.exp(-radius / 6).ravel()[ordered])
    assert sample.containing_radius() == radius.ravel()[ordered][np.argmax(inside >= 0.9 * inside[-1])]
    assert sample.last_layer() == pytest.approx(shape[-1].sum() / shape.sum())


def test_energy_terms_are_found(monkeypatch, tmp_path):
    class Known:
        def __init__(self, energy):
            self.energy = energy

        def resolution(self):
            return math.hypot(0.16 / math.sqrt(self.energy), 0.012)

        def resolution_error(self):
            return 0.03 * self.resolution()

    stochastic, error, constant = energy_terms([Known(energy) for energy in (1, 3, 10)])
    assert (stochastic, constant) == (pytest.approx(0.16), pytest.approx(0.012))
    assert 0.001 < error < 0.01


# Geant4 itself.


@needs_geant4
def test_a_few_showers_of_low_energy_are_electromagnetic(folder):
    check_electrons([Showers(folder, 1, 150), Showers(folder, 3, 80)])


@needs_geant4
def test_showers_are_centred_on_the_impact_point(folder):
    sample = Showers(folder, 1, 150)
    total = sample.cells.sum(axis=(1, 2, 3))
    for axis, other in ((0, (1, 2)), (1, (1, 3))):
        offset = sample.cells.sum(axis=other) @ CENTRES / total - sample.impact[:, axis]
        assert abs(offset.mean()) < 4 * offset.std(ddof=1) / math.sqrt(150)
        assert offset.std() < 8


@needs_geant4
@pytest.mark.slow
def test_electrons_of_the_whole_range(folder):
    samples = [Showers(folder, energy, 300) for energy in (1, 2, 5, 10)]
    check_electrons(samples)
    growth, _ = np.polyfit(np.log([1, 2, 5, 10]), [sample.maximum() for sample in samples], 1)
    assert growth == pytest.approx(1, abs=0.25)
    stochastic, _, constant = energy_terms(samples)
    assert stochastic == pytest.approx(0.16, abs=0.012)
    assert constant < 0.03


@needs_geant4
@pytest.mark.slow
def test_photons_peak_a_radiation_length_later(folder):
    electrons, photons = Showers(folder, 5, 300), Showers(folder, 5, 300, "gamma")
    assert photons.maximum() - electrons.maximum() == pytest.approx(1, abs=0.4)
    assert photons.response() == pytest.approx(electrons.response(), rel=0.03)
