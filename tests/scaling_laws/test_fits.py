"""Fits: exact on exact laws, errors that cover, parameters against an independent fit."""

import numpy as np
import pytest
from scipy import stats

from replication.scaling_laws import fits as laws

SIZES = np.array([64.0, 128, 256, 512, 1024])
TOYS = 2000


def covers(estimate, truth, confidence=0.68):
    lower, upper = estimate.interval(confidence)
    return lower < truth < upper


def test_noiseless_power_law_is_found_exactly():
    found = laws.power_law(SIZES, 3.0 * SIZES**-0.37, np.full(5, 0.02))
    assert found.parameters["exponent"].value == pytest.approx(0.37, rel=1e-10)
    assert found.parameters["amplitude"].value == pytest.approx(3.0, rel=1e-10)
    assert found.parameters["drift"].value == pytest.approx(0.0, abs=1e-10)
    assert found.chi_square == pytest.approx(0.0, abs=1e-18)
    assert found.p_value == pytest.approx(1.0)


@pytest.mark.parametrize("floor", [0.01, 0.1])
def test_noiseless_law_with_floor_is_found(floor):
    found = laws.power_law_with_floor(SIZES, 3.0 * SIZES**-0.6 + floor, np.full(5, 0.02)).parameters
    for name, truth in {"exponent": 0.6, "amplitude": 3.0, "floor": floor}.items():
        assert found[name].value == pytest.approx(truth, rel=1e-8), name


def test_drift_is_the_change_of_the_local_exponent():
    """ln y = -a u - b u^2 has the local exponent a + 2 b u."""
    u = np.log(SIZES)
    found = laws.power_law(SIZES, np.exp(-0.3 * u - 0.02 * u**2), np.full(5, 0.01)).parameters["drift"]
    assert found.value == pytest.approx(2 * 0.02 * (u[-1] - u[0]), rel=1e-9)


def test_errors_equal_those_of_an_independent_weighted_fit(rng):
    error = rng.uniform(0.01, 0.1, 5)
    y = 2 * SIZES**-0.5 * np.exp(error * rng.normal(size=5))
    (slope, level), covariance = np.polyfit(np.log(SIZES), np.log(y), 1, w=1 / error, cov="unscaled")
    found = laws.power_law(SIZES, y, error).parameters
    assert found["exponent"].value == pytest.approx(-slope, rel=1e-9)
    assert found["exponent"].error == pytest.approx(np.sqrt(covariance[0, 0]), rel=1e-9)
    assert found["amplitude"].value == pytest.approx(np.exp(level), rel=1e-9)
    assert found["amplitude"].error == pytest.approx(np.exp(level) * np.sqrt(covariance[1, 1]), rel=1e-9)


@pytest.mark.parametrize(
    ("law", "truth", "parameters"),
    [
        ("power_law", lambda x: 2 * x**-0.4, {"exponent": 0.4, "amplitude": 2.0, "drift": 0.0}),
        pytest.param(
            "power_law_with_floor",
            lambda x: 2 * x**-0.8 + 0.02,
            {"exponent": 0.8, "floor": 0.02},
            marks=pytest.mark.slow,
        ),
        ("plateau", lambda x: 0.017 + 0 * x, {"value": 0.017, "slope": 0.0}),
    ],
)
def test_intervals_of_one_draw_cover(law, truth, parameters):
    """68 % intervals cover 68 +- 3 % of 2,000 toys with known relative errors."""
    rng = np.random.default_rng(11)
    error = np.array([0.01, 0.02, 0.01, 0.02, 0.015])
    hits = dict.fromkeys(parameters, 0)
    for _ in range(TOYS):
        y = truth(SIZES) * np.exp(error * rng.normal(size=5))
        found = laws.LAWS[law](SIZES, y, error).parameters
        for name, value in parameters.items():
            hits[name] += covers(found[name], value)
    for name, hit in hits.items():
        assert hit / TOYS == pytest.approx(0.68, abs=0.03), name


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_intervals_over_draws_cover_even_if_sizes_are_correlated(correlation):
    """Nested training sets correlate neighbouring sizes; jackknifed errors over draws stay honest."""
    rng = np.random.default_rng(12)
    distance = np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    root = np.linalg.cholesky(0.05**2 * correlation**distance)
    hits = {"exponent": 0, "drift": 0}
    for _ in range(TOYS):
        y = 2 * SIZES**-0.4 * np.exp(rng.normal(size=(8, 5)) @ root.T)
        found = laws.fit_draws(laws.power_law, SIZES, y).parameters
        hits["exponent"] += covers(found["exponent"], 0.4)
        hits["drift"] += covers(found["drift"], 0.0)
    for name, hit in hits.items():
        assert hit / TOYS == pytest.approx(0.68, abs=0.03), name


def test_intervals_cover_from_members_to_exponent():
    """The whole chain of a trained curve on its one training set: losses of members, then the fit of sigma_L."""
    rng, members, toys, hits = np.random.default_rng(13), 64, TOYS // 2, 0
    covariance = np.eye(5) / (2 * (members - 1))
    for _ in range(toys):
        trained = (0.5 * SIZES[:, None] ** -0.4 * rng.normal(size=(5, members))).std(axis=1, ddof=1)
        hits += covers(
            laws.fit_members(laws.power_law, SIZES, trained, covariance, members).parameters["exponent"], 0.4
        )
    assert hits / toys == pytest.approx(0.68, abs=4 * np.sqrt(0.68 * 0.32 / toys))


def test_errors_of_members_are_those_of_generalised_propagation(rng):
    """The error is sqrt(g' C g), g from a weighted fit that is written here."""
    root = rng.normal(size=(5, 5)) / 100
    covariance = root @ root.T + 1e-4 * np.eye(5)
    found = laws.fit_members(laws.power_law, SIZES, 2 * SIZES**-0.4, covariance, 17).parameters["exponent"]
    weights, u = 1 / np.diag(covariance), np.log(SIZES)
    u = u - np.average(u, weights=weights)
    gradient = weights * u / np.sum(weights * u**2)
    assert found.error == pytest.approx(np.sqrt(gradient @ covariance @ gradient), rel=1e-3)
    assert found.dof == pytest.approx(16)


def test_a_relative_drift_is_a_share_of_the_exponent():
    u = np.log(SIZES)
    found = laws.power_law(SIZES, np.exp(-0.3 * u - 0.02 * u**2), np.full(5, 0.01)).parameters
    assert found["relative_drift"].value == pytest.approx(found["drift"].value / found["exponent"].value)


def test_a_fit_without_minimum_is_unknown_not_an_error():
    steep = laws.power_law_with_floor(SIZES, SIZES**-40.0, np.full(5, 0.02))
    assert all(np.isfinite(e.value) or np.isnan(e.error) for e in steep.parameters.values())


def test_p_value_is_uniform():
    rng = np.random.default_rng(14)
    error = np.full(5, 0.02)
    p = [laws.power_law(SIZES, SIZES**-0.4 * np.exp(error * rng.normal(size=5)), error).p_value for _ in range(TOYS)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_exponent_difference_is_paired(rng):
    """What two curves share draw by draw cancels."""
    shared = np.exp(0.3 * rng.normal(size=(6, 5)))
    y1, y2 = shared * SIZES**-0.5, shared * SIZES**-0.4
    difference = laws.exponent_difference(SIZES, y1, y2)
    assert difference.value == pytest.approx(0.1, rel=1e-9)
    assert difference.error < 1e-12
