"""Moments estimated from members: values, intervals, and the coverage of the intervals."""

import numpy as np
import pytest
from scipy import stats

from replication.test_loss import STATISTICS, bootstrap, over_draws

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
    rows = [bootstrap(one, 0.68, 1000, rng).set_index("statistic") for one in losses]
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
