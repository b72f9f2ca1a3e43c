"""The simulation against the formulas of hep-ex/0001020, written anew here and integrated by other means."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from replication.datasets import gflash, showers
from replication.errors import ReplicationError

QUANTUM = 0.166**2  # GeV
HALF = 12.5 * 5.1  # mm, half the side of a layer
EDGES = np.concatenate([[0], np.cumsum([2.4] * 17 + [4.8] * 8)]) / 3.504
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(12)  # out to 5.5 standard deviations
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def depth_law(energy):
    """Mean and covariance of (ln T, ln alpha)."""
    ln_y = math.log(energy * 1000 / 7.97)
    mean = np.array([math.log(ln_y - 0.812), math.log(0.81 + (0.458 + 2.26 / 74) * ln_y)])
    sigma = np.array([1 / (1.26 * ln_y - 1.4), 1 / (0.86 * ln_y - 0.58)])
    rho = 0.705 - 0.023 * ln_y
    return mean, np.outer(sigma, sigma) * np.array([[1, rho], [rho, 1]])


def lateral_law(energy, tau):
    """R_C, R_T in Moliere radii, and p."""
    ln_e = math.log(energy)
    core = 0.0251 + 0.00319 * ln_e + (0.1162 - 0.000381 * 74) * tau
    growth = math.exp(-2.59 * (tau - 0.645)) + math.exp((0.3585 + 0.0421 * ln_e) * (tau - 0.645))
    u = (0.401 + 0.00187 * 74 - tau) / (1.313 - 0.0686 * ln_e)
    return core, (0.659 - 0.00309 * 74) * growth, min(max((2.632 - 0.00094 * 74) * math.exp(u - math.exp(u)), 0), 1)


def antiderivative(x, y, radius):
    """F with d2F/dxdy = R^2 / (pi (x^2 + y^2 + R^2)^2)."""
    a, b = np.hypot(x, radius), np.hypot(y, radius)
    return (x / a * np.arctan(y / a) + y / b * np.arctan(x / b)) / (2 * np.pi)


def square_share(radius, half):
    """Share of one component inside |x|, |y| < half, the impact point being uniform in the central cell."""
    points, weights = np.polynomial.legendre.leggauss(6)
    x, y = np.meshgrid(2.55 * points, 2.55 * points)
    corners = ((sx * sy, sx * half - x, sy * half - y) for sx in (1, -1) for sy in (1, -1))
    shares = sum(sign * antiderivative(cx, cy, radius) for sign, cx, cy in corners)
    return float(np.sum(np.outer(weights, weights) / 4 * shares))


def expected_shares(energy, half):
    """Shares of the energy in the squares |x|, |y| < half of the layers, and the weights of the depths they hold for.

    Integrated over (ln T, ln alpha) by Gauss-Hermite quadrature: (144, 25) and (144,).
    """
    mean, covariance = depth_law(energy)
    root = np.linalg.cholesky(covariance)
    shares, weights = [], []
    # the lateral shares vary smoothly with tau: tabulated, then interpolated
    grid = np.linspace(0, 12, 200)
    table = []
    for tau in grid:
        core, tail, p = lateral_law(energy, tau)
        radius = showers.MOLIERE_RADIUS_MM
        table.append(p * square_share(core * radius, half) + (1 - p) * square_share(tail * radius, half))
    for i, first in enumerate(NODES):
        for j, second in enumerate(NODES):
            log_maximum, log_alpha = mean + root @ [first, second]
            maximum, alpha = math.exp(log_maximum), math.exp(log_alpha)
            inside = np.diff(stats.gamma.cdf(EDGES, alpha, scale=maximum / (alpha - 1)))
            tau = (EDGES[1:] + EDGES[:-1]) / 2 / maximum
            shares.append(inside * np.interp(tau, grid, table))
            weights.append(WEIGHTS[i] * WEIGHTS[j])
    return np.array(shares), np.array(weights)


@pytest.fixture(scope="module")
def counts():
    """Counts (600, 25, 25, 25) at three energies."""
    return {
        energy: np.concatenate(
            [showers.simulate(np.full(50, float(energy)), np.random.default_rng([energy, k])) for k in range(12)]
        )
        for energy in (10, 50, 200)
    }


def assert_close(sample, expected, sigmas=4.5):
    """Means of `sample` over its first axis lie within `sigmas` of their own standard errors."""
    error = sample.std(axis=0, ddof=1) / np.sqrt(len(sample))
    assert np.all(np.abs(sample.mean(axis=0) - expected) < sigmas * error)


# Formulas.


@pytest.mark.parametrize("energy", [10.0, 100.0, 500.0])
def test_depths_follow_their_law(energy):
    mean, covariance = depth_law(energy)
    logs = np.log(gflash.draw_depths(np.full(20_000, energy), np.random.default_rng(1)))
    assert_close(logs.T, mean)
    products = (logs - mean[:, None])[:, None] * (logs - mean[:, None])[None]
    assert_close(np.moveaxis(products, -1, 0), covariance)


def test_the_shower_maximum_is_where_the_profile_peaks():
    edges = np.linspace(0, 25, 5001)
    shares = gflash.layer_fractions(np.array([6.3]), np.array([4.3]), edges)[0]
    assert edges[shares.argmax()] == pytest.approx(6.3, abs=0.01)
    assert shares.sum() == pytest.approx(stats.gamma.cdf(25, 4.3, scale=6.3 / 3.3), rel=1e-12)


@pytest.mark.parametrize("tau", [0.1, 0.7, 1.5, 3.0])
@pytest.mark.parametrize("energy", [10.0, 500.0])
def test_lateral_parameters(energy, tau):
    ours = *gflash.radii(np.array(energy), np.array(tau)), gflash.core_share(np.array(energy), np.array(tau))
    assert ours == pytest.approx(lateral_law(energy, tau), rel=1e-13)


def test_the_antiderivative_integrates_the_lateral_profile():
    radius, x0, x1, y0, y1 = 7.0, -3.0, 9.0, 1.0, 20.0
    closed = sum(s * antiderivative(x, y, radius) for s, x, y in ((1, x1, y1), (-1, x0, y1), (-1, x1, y0), (1, x0, y0)))
    numerical, _ = integrate.dblquad(
        lambda y, x: radius**2 / (math.pi * (x * x + y * y + radius**2) ** 2), x0, x1, y0, y1
    )
    assert closed == pytest.approx(numerical, rel=1e-8)


def test_points_follow_the_radial_profile():
    radius, cell = 4.0, 5.1
    cells = showers._cells(np.full(200_000, radius), np.zeros((2, 200_000)), np.random.default_rng(1))
    inner = np.all(np.abs(cells - 12) <= 1, axis=0)  # the central 3x3 cells
    expected, _ = integrate.dblquad(
        lambda y, x: radius**2 / (math.pi * (x * x + y * y + radius**2) ** 2), *(-1.5 * cell, 1.5 * cell) * 2
    )
    assert_close(inner.astype(float), expected)


# The simulated calorimeter.


def test_the_geometry_is_the_declared_one():
    assert np.allclose(showers.EDGES, EDGES, rtol=1e-13, atol=0)
    assert 22 < EDGES[-1] < 23
    assert showers.QUANTUM_GEV == QUANTUM


@pytest.mark.parametrize("energy", [10, 50, 200])
def test_longitudinal_profile_and_containment(counts, energy):
    shares, weights = expected_shares(energy, HALF)
    per_layer = counts[energy].sum(axis=(2, 3)) * QUANTUM / energy
    assert_close(per_layer, weights @ shares)
    assert_close(per_layer.sum(axis=1), weights @ shares.sum(axis=1))


@pytest.mark.parametrize("energy", [10, 50, 200])
@pytest.mark.parametrize("cells", [1, 5, 11])
def test_radial_containment(counts, energy, cells):
    shares, weights = expected_shares(energy, cells * 5.1 / 2)
    inner = slice(12 - cells // 2, 13 + cells // 2)
    assert_close(
        counts[energy][:, :, inner, inner].sum(axis=(1, 2, 3)) * QUANTUM / energy, weights @ shares.sum(axis=1)
    )


@pytest.mark.parametrize("energy", [10, 50, 200])
def test_energy_resolution(counts, energy):
    shares, weights = expected_shares(energy, HALF)
    contained = shares.sum(axis=1)
    mean = weights @ contained
    leakage = math.sqrt(weights @ (contained - mean) ** 2) / mean
    expected = math.hypot(0.166 / math.sqrt(energy * mean), 0.011, leakage)
    total = counts[energy].sum(axis=(1, 2, 3))
    resolution = total.std(ddof=1) / total.mean()
    kurtosis = stats.kurtosis(total, fisher=False)
    error = resolution * math.sqrt((kurtosis - 1) / (4 * len(total)))  # standard error of a standard deviation
    assert abs(resolution - expected) < 4 * error
    if energy == 10:  # hardly any leakage: the quoted resolution itself
        assert abs(resolution - math.hypot(0.166 / math.sqrt(energy), 0.011)) < 4 * error


def test_the_constant_term():
    energies = np.full(300, 20.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(showers, "QUANTUM_GEV", 2e-3)  # little sampling fluctuation
        patch.setattr(gflash, "draw_depths", lambda energy, _: (np.full(len(energy), 5.0), np.full(len(energy), 4.0)))
        total = showers.simulate(energies, np.random.default_rng(1)).sum(axis=(1, 2, 3))
    expected = math.hypot(0.011, math.sqrt(2e-3 / 20))
    assert total.std(ddof=1) / total.mean() == pytest.approx(expected, rel=4 / math.sqrt(2 * 299))


def test_counts_are_integers_centred_on_the_axis(counts):
    assert counts[50].dtype == np.uint16
    assert counts[50].shape == (600, 25, 25, 25)
    image = counts[50].sum(axis=(0, 1), dtype=float)
    assert np.unravel_index(image.argmax(), image.shape) == (12, 12)
    rows = (counts[50].sum(axis=(1, 3)) @ np.arange(25)) / counts[50].sum(axis=(1, 2, 3))
    assert_close(rows, 12)


# The data set.


def test_a_shower_depends_on_the_seed_and_its_number_alone():
    few, many = showers.load(10, 5, 3), showers.load(150, 70, 3)
    assert np.array_equal(many.inputs[:10], few.inputs)
    assert np.array_equal(many.targets[:10], few.targets)
    assert np.array_equal(many.test_inputs[:5], few.test_inputs)


def test_blocks_of_cells_keep_every_quantum():
    data = showers.load(64, 1, 3)
    stream = showers.generator(3, "showers", "pool", 0)
    energies = stream.integers(10_000, 500_000, size=64, endpoint=True)
    full = showers.simulate(energies / 1000, stream)
    assert np.array_equal(data.targets, energies)
    assert np.array_equal(data.inputs.sum(axis=(2, 3)), full.sum(axis=(2, 3)))
    assert np.array_equal(data.inputs[:, :, 1, 4], full[:, :, 5:10, 20:].sum(axis=(2, 3)))


def test_energies_cover_their_range_uniformly():
    _, energies = showers._collect(640, 1, "pool", lambda _: None)
    assert energies.dtype == np.uint32
    assert stats.kstest(energies, stats.uniform(10_000, 490_000).cdf).pvalue > 0.01


@pytest.mark.parametrize("energy", [9.9, 501.0, np.nan])
def test_energies_outside_the_range_are_refused(energy):
    with pytest.raises(ReplicationError, match="choose 10 to 500 GeV"):
        showers.simulate(np.array([50.0, energy]), np.random.default_rng(1))
