"""The law of the test loss of Gaussian outputs: against closed forms, convolutions, and draws of the outputs."""

import numpy as np
import pytest
from scipy import integrate, stats

from replication.errors import ReplicationError
from replication.loss_distribution.characteristic_function import series_of
from replication.loss_distribution.generalised_chi_square import GeneralisedChiSquare
from replication.loss_distribution.moments import gaussian_moments

PROBABILITIES = np.array([1e-4, 0.01, 0.16, 0.5, 0.84, 0.99, 1 - 1e-4])


def power_law(points, exponent, rng):
    """A covariance whose eigenvalues fall as j^-exponent, in a basis of no special direction."""
    basis = np.linalg.qr(rng.standard_normal((points, points)))[0]
    return (basis * np.arange(1, points + 1.0) ** -exponent) @ basis.T


def decades(modes, degrees, rng):
    """A law of weights and shifts spread over decades, with an offset."""
    weights = np.geomspace(1, 1e-8, modes)
    return GeneralisedChiSquare(weights, degrees, weights**0.7 * rng.random(modes), offset=-2.0)


@pytest.mark.parametrize("shift", [0.0, 0.7, 40.0])
def test_one_square(shift):
    """(sqrt(w) z + b)^2 <= q is |z + b / sqrt(w)| <= sqrt(q / w)."""
    weight, offset = 0.3, -1.5
    law = GeneralisedChiSquare([weight, 0], 1, [shift, 0.2], offset - 0.2)
    q = law.ppf(PROBABILITIES) - offset
    centre, half = np.sqrt(shift / weight), np.sqrt(q / weight)
    np.testing.assert_allclose(stats.norm.cdf(half - centre) - stats.norm.cdf(-half - centre), PROBABILITIES, atol=1e-9)
    density = (stats.norm.pdf(half - centre) + stats.norm.pdf(half + centre)) / (2 * np.sqrt(q * weight))
    np.testing.assert_allclose(law.pdf(q + offset), density, rtol=1e-8)


@pytest.mark.parametrize("noncentrality", [0.0, 7.0, 5e3, 1e7])
@pytest.mark.parametrize(("degrees", "modes"), [(1, 1), (2, 1), (1, 5), (2, 3), (2.5, 4), (10, 1), (10, 200)])
def test_equal_weights_are_one_chi_square(degrees, modes, noncentrality):
    """Shares of the non-centrality differ between modes; only their sum counts."""
    weight, offset = 2.5, 3.0
    shares = np.arange(modes) / max(np.arange(modes).sum(), 1) if modes > 1 else np.ones(1)
    law = GeneralisedChiSquare(np.full(modes, weight), degrees, weight * noncentrality * shares, offset)
    known = stats.ncx2(degrees * modes, noncentrality) if noncentrality else stats.chi2(degrees * modes)
    q = known.ppf(PROBABILITIES)
    np.testing.assert_allclose(law.cdf(offset + weight * q), PROBABILITIES, rtol=0, atol=1e-9)
    np.testing.assert_allclose(law.ppf(PROBABILITIES), offset + weight * q, rtol=1e-8)
    np.testing.assert_allclose((law.mean, law.std), (offset + weight * known.mean(), weight * known.std()))


@pytest.mark.parametrize("weights", [3.0 ** -np.arange(12), 10.0 ** -np.arange(9), np.array([1, 1.3, 2.0])])
def test_two_degrees_are_a_sum_of_exponentials(weights):
    """P(Q > q) = sum_j exp(-q / (2 w_j)) prod_(i != j) w_j / (w_j - w_i)."""
    gaps = weights[:, None] - weights
    np.fill_diagonal(gaps, 1)
    factors = np.prod(np.where(np.eye(len(weights)), 1, weights[:, None] / gaps), axis=1)
    law = GeneralisedChiSquare(weights, 2, np.zeros(len(weights)))
    q = np.maximum(law.mean + law.std * np.linspace(-1.2, 6, 20), 0)
    waits = np.exp(-q[:, None] / (2 * weights)) @ factors
    np.testing.assert_allclose(law.cdf(q), np.where(q > 0, 1 - waits, 0), rtol=0, atol=1e-9)
    density = np.where(q > 0, np.exp(-q[:, None] / (2 * weights)) @ (factors / (2 * weights)), 0)
    np.testing.assert_allclose(law.pdf(q), density, rtol=0, atol=1e-8)


@pytest.mark.parametrize(("small", "distance"), [(2e-3, 1.5), (0.2, 400.0)])
def test_a_cloud_of_small_modes_is_convolved(small, distance):
    """Three large modes and 200 small ones with shifts, which the series treats apart, against quadrature."""
    weights, shifts = np.r_[[1.0] * 3, [small] * 200], np.r_[distance / 3, 2 * distance / 3, 0.0, [3 * small] * 200]
    law = GeneralisedChiSquare(weights, 2, shifts)
    large, cloud = stats.ncx2(6, distance), stats.ncx2(400, 600, scale=small)
    nodes, areas = np.polynomial.legendre.leggauss(200)
    s = cloud.mean() + 10 * cloud.std() * nodes
    q = law.ppf(PROBABILITIES)
    expected = large.cdf(q[:, None] - s) @ (cloud.pdf(s) * areas * 10 * cloud.std())
    np.testing.assert_allclose(PROBABILITIES, expected, rtol=0, atol=1e-10)


def test_modes_add_up():
    """Two modes of one degree are one mode of two degrees: slow decay against fast, over eight decades."""
    rng = np.random.default_rng(2)
    law = decades(30, 2, rng)
    halves = GeneralisedChiSquare(np.repeat(law.weights, 2), 1, np.repeat(law.shifts / 2, 2), law.offset)
    np.testing.assert_allclose(halves.ppf(PROBABILITIES), law.ppf(PROBABILITIES), rtol=1e-9)


@pytest.mark.parametrize(("points", "outputs", "exponent"), [(40, 1, 1.3), (25, 3, 2.0), (60, 10, 0.7)])
def test_moments_of_gaussian_errors(points, outputs, exponent, rng):
    delta, covariance = rng.standard_normal((points, outputs)), power_law(points, exponent, rng)
    moments = gaussian_moments(delta, covariance, np.zeros_like(delta))
    law = GeneralisedChiSquare.of_gaussian_errors(delta, covariance)
    assert law.mean == pytest.approx(moments.mean, rel=1e-12)
    assert law.std == pytest.approx(moments.std, rel=1e-12)


@pytest.mark.parametrize(("outputs", "size"), [(1, 1.0), (3, 0.1)])
def test_quantiles_of_drawn_losses(outputs, size, rng):
    """Of 100,000 losses of drawn outputs, as many as should be lie below each quantile, within 4 standard errors."""
    points, draws = 20, 100_000
    delta, covariance = size * rng.standard_normal((points, outputs)), power_law(points, 1.5, rng)
    errors = rng.standard_normal((draws, outputs, points)) @ np.linalg.cholesky(covariance).T + delta.T
    losses = np.sum(errors**2, axis=(1, 2)) / (2 * points)
    probabilities = np.array([0.05, 0.16, 0.5, 0.84, 0.95])
    below = np.mean(losses[:, None] <= GeneralisedChiSquare.of_gaussian_errors(delta, covariance).ppf(probabilities), 0)
    np.testing.assert_array_less(
        np.abs(below - probabilities), 4 * np.sqrt(probabilities * (1 - probabilities) / draws)
    )


@pytest.mark.parametrize("degrees", [1, 1.5, 10])
def test_sample_follows_the_law(degrees, rng):
    law = GeneralisedChiSquare([1.0, 0.5, 0.2, 0.0], degrees, [0.0, 3.0, 0.1, 2.0], offset=1.0)
    draws = law.sample((100, 200), rng)
    assert draws.shape == (100, 200)
    assert stats.kstest(law.cdf(draws.ravel()[:4000]), "uniform").pvalue > 1e-3
    assert draws.mean() == pytest.approx(law.mean, abs=4 * law.std / np.sqrt(draws.size))


@pytest.mark.parametrize("degrees", [1, 10])
def test_density(degrees):
    law = decades(40, degrees, np.random.default_rng(5))
    lower, upper = law.ppf([1e-10, 1 - 1e-10])
    grid = np.linspace(lower, upper, 4001)
    assert integrate.simpson(law.pdf(grid), grid) == pytest.approx(1, abs=1e-6)
    x, step = law.ppf(PROBABILITIES), 1e-4 * law.std
    slopes = (law.cdf(x - 2 * step) - 8 * law.cdf(x - step) + 8 * law.cdf(x + step) - law.cdf(x + 2 * step)) / 12 / step
    np.testing.assert_allclose(law.pdf(x) * law.std, slopes * law.std, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
def test_quantiles_invert_the_cdf_in_any_unit(unit):
    law = decades(50, 10, np.random.default_rng(1))
    scaled = GeneralisedChiSquare(unit * law.weights, 10, unit * law.shifts, unit * law.offset)
    np.testing.assert_allclose(scaled.cdf(scaled.ppf(PROBABILITIES)), PROBABILITIES, rtol=0, atol=1e-11)
    np.testing.assert_allclose(scaled.ppf(PROBABILITIES), unit * law.ppf(PROBABILITIES), rtol=1e-11)


def test_shapes_ends_and_intervals():
    law = decades(20, 3, np.random.default_rng(4))
    for function, value in ((law.cdf, law.mean), (law.pdf, law.mean), (law.ppf, 0.3)):
        assert isinstance(function(value), float)
        assert function(np.full((2, 3), value)).shape == (2, 3)
    assert law.interval(0.68) == pytest.approx((law.ppf(0.16), law.ppf(0.84)), rel=1e-12)
    assert law.cdf([-np.inf, law.offset - 1, 1e6, np.inf]).tolist() == [0, 0, 1, 1]
    assert law.pdf([-np.inf, law.offset - 1, 1e6, np.inf]).tolist() == [0, 0, 0, 0]
    assert np.isnan(law.cdf(np.nan))


def test_singular_covariance(rng):
    """Rank 3 of 50: errors outside the range of the covariance are a constant, whatever rounding makes of its zeros."""
    points, outputs = 50, 4
    directions, delta = rng.standard_normal((points, 3)), rng.standard_normal((points, outputs))
    covariance = directions @ directions.T
    assert np.linalg.eigvalsh(covariance)[0] < 0
    eigenvalues, vectors = np.linalg.eigh(directions.T @ directions)
    along = (directions @ vectors / np.sqrt(eigenvalues)).T @ delta
    constant = (np.sum(delta**2) - np.sum(along**2)) / (2 * points)
    expected = GeneralisedChiSquare(eigenvalues / 100, outputs, np.sum(along**2, axis=1) / 100, constant)
    law = GeneralisedChiSquare.of_gaussian_errors(delta, covariance)
    np.testing.assert_allclose(law.ppf(PROBABILITIES), expected.ppf(PROBABILITIES), rtol=1e-10)
    assert law.cdf(constant) == pytest.approx(0, abs=1e-11)
    one = GeneralisedChiSquare.of_gaussian_errors(delta[:, :1], covariance)
    np.testing.assert_allclose(one.cdf(one.interval(0.9)), (0.05, 0.95), atol=1e-9)


def test_eigenvalues_are_negative_by_rounding_of_the_prior_or_a_mistake():
    delta, rounding = np.ones((3, 1)), np.diag([2e-16, 1e-16, -5e-16])
    law = GeneralisedChiSquare.of_gaussian_errors(delta, rounding, prior_trace=3.0)
    assert (law.mean, law.std) == (pytest.approx(0.5), 0)
    for trace in (0.0, 1e-6):
        with pytest.raises(ReplicationError, match="eigenvalue -5e-16"):
            GeneralisedChiSquare.of_gaussian_errors(delta, rounding, prior_trace=trace)


def test_zero_covariance_is_a_point_mass(rng):
    delta = rng.standard_normal((6, 2))
    loss = np.sum(delta**2) / 12
    law = GeneralisedChiSquare.of_gaussian_errors(delta, np.zeros((6, 6)))
    assert (law.mean, law.std) == (pytest.approx(loss), 0)
    assert law.interval(0.68) == (law.mean, law.mean)
    assert law.cdf([0.999 * loss, law.mean, 1.001 * loss]).tolist() == [0, 1, 1]
    assert law.sample(3, rng) == pytest.approx(np.full(3, loss))
    with pytest.raises(ReplicationError, match="no density"):
        law.pdf(loss)


def test_few_degrees_are_refused_only_next_to_the_lower_end():
    """Two squares of equal weight are an exponential law, whose density jumps at its lower end."""
    law = GeneralisedChiSquare([0.5, 0.5], 1, [0.0, 0.0])
    q = np.array([0.05, 0.5, 2, 9.0])
    np.testing.assert_allclose(law.cdf(q), -np.expm1(-q), rtol=0, atol=1e-7)
    for refused in (lambda: law.cdf(1e-6), lambda: law.ppf(1e-6), lambda: law.pdf(1e-6)):
        with pytest.raises(ReplicationError, match="lower end"):
            refused()


def gaussian_errors(delta, covariance):
    return GeneralisedChiSquare.of_gaussian_errors(np.asarray(delta), np.asarray(covariance))


LAW = GeneralisedChiSquare([1.0, 2.0], 3, [0.0, 1.0])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: GeneralisedChiSquare([1.0, -1e-9], 1, [0.0, 0.0]), "weights that are negative"),
        (lambda: GeneralisedChiSquare([1.0, np.nan], 1, [0.0, 0.0]), "weights that are negative or not finite"),
        (lambda: GeneralisedChiSquare([1.0], 1, [-1.0]), "shifts that are negative"),
        (lambda: GeneralisedChiSquare([[1.0]], 1, [0.0]), r"weights of shape \(1, 1\)"),
        (lambda: GeneralisedChiSquare([1.0, 2.0], 1, [0.0]), "2 weights but 1 shifts"),
        (lambda: GeneralisedChiSquare([1.0], 0, [0.0]), "0 degrees of freedom"),
        (lambda: GeneralisedChiSquare([1.0], 1, [0.0], np.inf), "offset inf"),
        (lambda: gaussian_errors(np.ones(3), np.eye(3)), r"shape \(3,\)"),
        (lambda: gaussian_errors(np.ones((3, 2)), np.eye(2)), r"covariance of shape \(2, 2\)"),
        (lambda: gaussian_errors(np.ones((2, 1)), [[1.0, 2.0], [2.0, 1.0]]), "eigenvalue -1, its largest is 3"),
        (lambda: gaussian_errors([[np.nan]], np.eye(1)), "not finite"),
        (lambda: LAW.ppf(0.0), "probability 0.0"),
        (lambda: LAW.ppf([0.5, 1.0]), "between 0 and 1"),
        (lambda: LAW.ppf(np.nan), "between 0 and 1"),
        (lambda: LAW.interval(1.2), "between 0 and 1"),
        (lambda: LAW.interval(np.nan), "confidence = nan"),
        (lambda: LAW.sample(-1, np.random.default_rng(0)), "size = -1"),
        (lambda: series_of(np.array([1.0, 0.0]), np.zeros(2), 1, 1.0), "not positive"),
        (lambda: series_of(np.ones(2), np.zeros(3), 1, 1.0), "shifts of shape"),
        (lambda: series_of(np.ones(2), np.zeros(2), 0, 1.0), "degrees = 0"),
    ],
)
def test_mistakes_are_one_line(wrong, message):
    with pytest.raises(ReplicationError, match=message) as error:
        wrong()
    assert error.value.remedy
    assert "\n" not in str(error.value)
