"""Moments of the test loss: their sources at infinite width, estimates from members, and the intervals' coverage."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from replication.errors import ReplicationError
from replication.loss_distribution.moments import (
    bootstrap,
    coefficient_of_variation_infinite_test_set,
    gaussian_moments,
    gaussian_sources,
    member_moments,
    over_draws,
    statistics_over_draws,
    statistics_over_members,
)
from replication.schema import INFINITE_TEST_SET, STATISTICS

TOYS = 2000


def chi_square_losses(rng, members, degrees):
    """Losses distributed as a test loss is: a sum of squares, skewed to the right; eps = sqrt(2 / degrees)."""
    return rng.chisquare(degrees, size=(TOYS, members)) / degrees


def coverage(lower, upper, truth):
    return np.mean((lower < truth) & (truth < upper))


@pytest.mark.parametrize(("members", "degrees"), [(24, 200), (48, 5000)])
def test_bootstrap_intervals_cover(members, degrees):
    """68 % intervals of mean, standard deviation and eps_L cover 68 +- 3 % of 2,000 toys."""
    rng = np.random.default_rng(members)
    losses = chi_square_losses(rng, members, degrees)
    truth = {"mean": 1.0, "std": np.sqrt(2 / degrees), "coefficient_of_variation": np.sqrt(2 / degrees)}
    rows = [bootstrap(one, 0.68, 400, rng).set_index("statistic") for one in losses]
    for name in STATISTICS:
        lower, upper = (np.array([row.loc[name, end] for row in rows]) for end in ("lower", "upper"))
        assert coverage(lower, upper, truth[name]) == pytest.approx(0.68, abs=0.03), name


def test_bootstrap_error_of_the_standard_deviation(rng):
    """Relative standard error of a standard deviation from k normal members: 1 / sqrt(2 (k - 1))."""
    members = 400
    row = bootstrap(rng.normal(10, 1, members), 0.68, 4000, rng).set_index("statistic").loc["std"]
    assert row["standard_error"] / row["estimate"] == pytest.approx(1 / np.sqrt(2 * (members - 1)), rel=0.2)
    assert row["lower"] < row["estimate"] < row["upper"]


def test_bootstrap_is_seeded():
    losses = np.random.default_rng(0).normal(3, 0.1, 30)
    one, two, other = (bootstrap(losses, 0.9, 500, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.equals(two)
    assert not one.equals(other)


def test_intervals_over_draws_cover():
    rng = np.random.default_rng(3)
    intervals = np.array([over_draws(draws, 0.68) for draws in rng.normal(5, 1, size=(TOYS, 6))])
    assert coverage(intervals[:, 1], intervals[:, 2], 5) == pytest.approx(0.68, abs=0.03)
    assert intervals[0, 2] - intervals[0, 0] == pytest.approx(stats.t.ppf(0.84, 5) * intervals[0, 3])


def gaussian_outputs(rng, points, outputs):
    """Mean, covariance and targets with positive errors and covariances: so is what every pair of points adds."""
    root = rng.uniform(0.1, 1, size=(points, points))
    return rng.uniform(1, 2, size=(points, outputs)), root @ root.T, rng.uniform(0, 0.9, size=(points, outputs))


def test_sources_are_sums_over_points_and_pairs(rng):
    points, outputs = 6, 3
    mean, covariance, y = gaussian_outputs(rng, points, outputs)
    delta, scale = mean - y, 2 * points
    scatter, cross = (
        {(a, b): term(a, b) / scale**2 for a, b in itertools.product(range(points), repeat=2)}
        for term in (
            lambda a, b: 2 * outputs * covariance[a, b] ** 2,
            lambda a, b: 4 * sum(delta[a, i] * covariance[a, b] * delta[b, i] for i in range(outputs)),
        )
    )
    found = gaussian_sources(mean, covariance, y)
    expected = {
        "squared_bias": sum(delta[a, i] ** 2 for a in range(points) for i in range(outputs)) / scale,
        "variance": outputs * sum(covariance[a, a] for a in range(points)) / scale,
        "variance_term": sum(scatter.values()),
        "cross_term": sum(cross.values()),
        "effective_modes": sum(np.linalg.eigvalsh(covariance)) ** 2 / sum(np.linalg.eigvalsh(covariance) ** 2),
        "diagonal_term": sum(scatter[a, a] + cross[a, a] for a in range(points)),
        "diagonal_variance_term": sum(scatter[a, a] for a in range(points)),
    }
    assert found._asdict() == pytest.approx(expected, rel=1e-12)
    moments = gaussian_moments(mean, covariance, y)
    assert moments.mean == pytest.approx(expected["squared_bias"] + expected["variance"], rel=1e-12)
    assert moments.std**2 == pytest.approx(expected["variance_term"] + expected["cross_term"], rel=1e-12)


def test_effective_modes_count_directions(rng):
    """As many as there are equal eigenvalues, whatever the basis; none where nothing scatters."""
    basis = np.linalg.qr(rng.normal(size=(9, 9)))[0][:, :4]
    zeros = np.zeros((9, 2))
    assert gaussian_sources(zeros, 0.3 * basis @ basis.T, zeros).effective_modes == pytest.approx(4, rel=1e-12)
    assert gaussian_sources(zeros, np.zeros((9, 9)), zeros).effective_modes == 0


@pytest.mark.parametrize("test_points", [2, 3, 6])
def test_eps_of_an_infinite_test_set_is_free_of_the_size_of_the_one_at_hand(rng, test_points):
    """The mean over all test sets of a finite population of sigma_L^2 without pairs a = a is that of the population."""
    population = 7
    outputs = gaussian_outputs(rng, population, 2)

    def between_pairs(chosen):
        mean, covariance, y = outputs
        sources = gaussian_sources(mean[chosen], covariance[np.ix_(chosen, chosen)], y[chosen])
        eps = coefficient_of_variation_infinite_test_set(sources, len(chosen))
        return (eps * (sources.squared_bias + sources.variance)) ** 2

    subsets = [list(chosen) for chosen in itertools.combinations(range(population), test_points)]
    whole = between_pairs(list(range(population)))
    assert np.mean([between_pairs(chosen) for chosen in subsets]) == pytest.approx(whole, rel=1e-12)
    # and the naive sigma_L^2 is far from it: the identity is not one of rounding
    naive = np.mean(
        [gaussian_moments(outputs[0][s], outputs[1][np.ix_(s, s)], outputs[2][s]).std ** 2 for s in subsets]
    )
    assert naive > 1.02 * whole


def test_eps_of_an_infinite_test_set_is_never_imaginary():
    """Two points whose errors are opposite and outputs alike: the one pair is negative."""
    sources = gaussian_sources(np.array([[1.0], [-1.0]]), np.array([[1.0, 0.5], [0.5, 1.0]]), np.zeros((2, 1)))
    assert sources.variance_term + sources.cross_term < sources.diagonal_term
    assert coefficient_of_variation_infinite_test_set(sources, 2) == 0


def test_statistics_over_draws_are_means_with_student_intervals(rng):
    names = (*STATISTICS, INFINITE_TEST_SET)
    draws = pd.DataFrame({name: rng.uniform(1, 2, size=5) for name in names})
    row = statistics_over_draws(draws, 0.9)
    for name in names:
        values = draws[name]
        interval = stats.t.interval(0.9, 4, values.mean(), stats.sem(values))
        found = [row[f"{name}{end}"] for end in ("", "_lower", "_upper", "_standard_error")]
        assert found == pytest.approx([values.mean(), *interval, stats.sem(values)], rel=1e-12)
    assert len(row) == 4 * len(names)


ONES, LOSSES = np.ones((4, 2)), np.array([1.0, 2.0, 3.0])
RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: gaussian_sources(ONES, np.eye(4), ONES[:, 0]), r"y of shape \(4,\)"),
        (lambda: gaussian_sources(ONES, np.eye(3), ONES), "covariance of shape .* but N_T = 4 in mean"),
        (lambda: gaussian_moments(ONES, np.eye(4), ONES[:, :1]), "y of shape .* but C = 2 in mean"),
        (lambda: gaussian_moments(ONES * np.nan, np.eye(4), ONES), "8 of mean are NaN"),
        (lambda: gaussian_moments(ONES[:0], np.eye(4)[:0, :0], ONES[:0]), "holds nothing"),
        (lambda: coefficient_of_variation_infinite_test_set(None, 0), "points = 0"),
        (lambda: member_moments(LOSSES[:1]), "two members or more"),
        (lambda: member_moments(np.float64(1.0)), "two members or more"),
        (lambda: bootstrap(LOSSES[:1], 0.68, 10, RNG), "all the same"),
        (lambda: bootstrap(np.ones(5), 0.68, 10, RNG), "all the same"),
        (lambda: bootstrap(-LOSSES, 0.68, 10, RNG), "not positive"),
        (lambda: bootstrap(LOSSES[:, None], 0.68, 10, RNG), "losses of shape"),
        (lambda: bootstrap(np.array([1.0, np.nan]), 0.68, 10, RNG), "1 of losses are NaN"),
        (lambda: bootstrap(LOSSES, 68, 10, RNG), "confidence = 68"),
        (lambda: bootstrap(LOSSES, 0.68, 0, RNG), "resamples = 0"),
        (lambda: statistics_over_members(LOSSES[:0], 0.68, 10, RNG), "holds nothing"),
        (lambda: statistics_over_draws(pd.DataFrame({"mean": LOSSES}), 0.68), "without std, coefficient_of_variation"),
        (lambda: over_draws(LOSSES[:0], 0.68), "holds nothing"),
        (lambda: over_draws(LOSSES[:, None], 0.68), "estimates of shape"),
        (lambda: over_draws(LOSSES, 0.0), "confidence = 0.0"),
    ],
)
def test_mistakes_are_one_line(wrong, message):
    with pytest.raises(ReplicationError, match=message) as error:
        wrong()
    assert error.value.remedy
    assert "\n" not in str(error.value)


def test_where_no_network_errs_the_ratio_is_unknown():
    moments = gaussian_moments(ONES, np.zeros((4, 4)), ONES)
    assert moments[:2] == (0, 0)
    assert np.isnan(moments.coefficient_of_variation)


@pytest.mark.parametrize("members", [2, 3, 4])
def test_few_members_have_finite_intervals(members):
    """Although many resamples of two members are one of them twice, which has no spread."""
    table = bootstrap(np.linspace(1, 1.2, members), 0.68, 500, np.random.default_rng(members))
    assert np.isfinite(table.drop(columns="statistic")).all(axis=None)


def test_what_a_draw_does_not_know_their_mean_does_not():
    assert np.isnan(over_draws(np.array([1.0, np.nan]), 0.68)).all()
