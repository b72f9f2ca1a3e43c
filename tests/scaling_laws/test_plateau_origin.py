"""eps_L for any number of test points and any output scale, against enumeration and direct computation."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from replication.loss_distribution.moments import (
    coefficient_of_variation_infinite_test_set,
    gaussian_sources,
    moments_of,
)
from replication.scaling_laws.plateau_origin import at_output_scale, of_test_size, plateaus_by_test_size
from replication.schema import INFINITE_TEST_SET
from replication.settings.sections import Window

POINTS, OUTPUTS = 7, 3
EPS = "coefficient_of_variation"


def gaussian(seed=1):
    """Mean, covariance and targets of random outputs on the test points."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(POINTS, 4))
    return rng.normal(size=(POINTS, OUTPUTS)), root @ root.T, rng.normal(size=(POINTS, OUTPUTS))


def row(mean, covariance, y, scale=1.0):
    sources = gaussian_sources(mean, covariance, y)
    found = {"output_scale": scale, "test_size": len(y), **sources._asdict(), **moments_of(sources)._asdict()}
    return found | {INFINITE_TEST_SET: coefficient_of_variation_infinite_test_set(sources, len(y))}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_smaller_test_sets_are_averages_over_all_subsets(count):
    """sigma_L^2 = eps_L^2 mu_L^2 of all subsets of so many test points, by the formula and one by one."""
    mean, covariance, y = gaussian()
    whole = pd.DataFrame([row(mean, covariance, y)])
    variances = []
    for chosen in map(list, combinations(range(POINTS), count)):
        sources = gaussian_sources(mean[chosen], covariance[np.ix_(chosen, chosen)], y[chosen])
        variances.append(moments_of(sources).std ** 2)
    expected = np.mean(variances)
    assert (of_test_size(whole, count) * whole["mean"]).iloc[0] ** 2 == pytest.approx(expected, rel=1e-12)


def test_the_test_set_at_hand_and_an_infinite_one_are_ends_of_the_formula():
    whole = pd.DataFrame([row(*gaussian())])
    assert of_test_size(whole, POINTS).iloc[0] == pytest.approx(whole[EPS].iloc[0], rel=1e-14)
    assert of_test_size(whole, np.inf).iloc[0] == pytest.approx(whole[INFINITE_TEST_SET].iloc[0], rel=1e-14)


def test_another_output_scale_multiplies_the_covariance():
    mean, covariance, y = gaussian()
    scaled = at_output_scale(pd.DataFrame([row(mean, covariance, y, scale=0.5)]), 2.0).iloc[0]
    direct = row(mean, 16 * covariance, y, scale=2.0)
    for name in ("mean", "std", EPS, INFINITE_TEST_SET, "output_scale"):
        assert scaled[name] == pytest.approx(direct[name], rel=1e-12), name


def curves(slope, kappa):
    """Five draws of converged curves with eps_L^2 = N_D^(2 slope) / 100 + kappa / N_T, at 1,000 test points."""
    rng, rows = np.random.default_rng(2), []
    for draw in range(5):
        for size in (1000, 2000, 4000, 8000):
            infinite = 0.1 * size**slope * rng.lognormal(0, 0.002)
            eps = np.sqrt(infinite**2 + kappa / 1000)
            one = {"task": "digits", "dataset": "toys", "method": "gradient_descent", "training_time": np.inf}
            one |= {"draw": draw, "training_size": size, "output_scale": 1.0, "test_size": 1000, "mean": 1.0}
            one |= {"squared_bias": 1.0, "variance": 0.0, "variance_term": 0.0, "cross_term": eps**2}
            one |= {"diagonal_term": eps**2 - infinite**2 * 0.999, "diagonal_variance_term": 0.0}
            rows.append(one | {EPS: eps, "std": eps, INFINITE_TEST_SET: infinite})
    return pd.DataFrame(rows)


def test_slopes_by_number_of_test_points():
    exact, window = curves(-0.5, 0.3), Window(smallest=1000, largest=8000)
    found = plateaus_by_test_size(exact, {"digits": {"g = 1": 1.0}}, window, 0.68, 0.1).set_index("test_size")
    sizes = np.array([1000, 2000, 4000, 8000.0])

    def slope(points):
        return np.polyfit(np.log(sizes), 0.5 * np.log(0.01 / sizes + 0.3 / points), 1)[0]

    for points in (100, 1000, 10_000):
        assert found.loc[points, "estimate"] == pytest.approx(slope(points), abs=0.01)
    assert found.loc[np.inf, "estimate"] == pytest.approx(-0.5, abs=0.01)
    assert found["given"].tolist() == [False, True, False, False]
    assert found["kappa"].iloc[0] == pytest.approx(0.3, rel=0.01)
    grid = [step * 10**power for power in range(1, 6) for step in (1, 2, 5)]
    assert found["holds_up_to"].iloc[0] == max(points for points in grid if abs(slope(points)) <= 0.1)


def test_where_no_test_set_makes_a_plateau_none_is_told():
    falling = curves(-0.5, 0.0)
    found = plateaus_by_test_size(falling, {"digits": {"g = 1": 1.0}}, Window(smallest=1000, largest=8000), 0.68, 0.1)
    assert found["holds_up_to"].isna().all()
