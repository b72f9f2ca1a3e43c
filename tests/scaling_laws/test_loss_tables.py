"""Moments of the test loss in one table, what the predicted intervals cover, and the comparisons made of them."""

import numpy as np
import pandas as pd
import pytest

from replication.scaling_laws.comparisons import compare
from replication.scaling_laws.coverage import share
from replication.scaling_laws.curve_fits import fit_curves
from replication.scaling_laws.loss_tables import learning_curves, losses_of_training_sets
from replication.scaling_laws.member_bootstrap import ENSEMBLES, member_correlations
from replication.schema import INFINITE_TEST_SET, STATISTICS
from replication.settings.analysis import ScalingLaws, Statistics
from replication.settings.sections import Window

STEPS, SEED, EPS = 50, 4, STATISTICS[2]
SIZES = np.array([16, 32, 64, 128])
ASKED = Statistics(confidence=0.68, resamples=200)
WINDOWS = ScalingLaws(
    infinite_width=Window(smallest=16, largest=128),
    finite_width=Window(smallest=16, largest=64),
    plateau=Window(smallest=32, largest=128),
    plateau_finite_width=Window(smallest=16, largest=64),
)
TASK = {"experiment": "learning_curve", "task": "digits", "dataset": "toys"}


def infinite_rows(draws=4):
    """Two methods at infinite width and one finite time, with laws of mean and eps_L and intervals of z sigma_L."""
    rng, rows = np.random.default_rng(1), []
    for method, time in (("bayes", np.inf), ("gradient_descent", np.inf), ("gradient_descent", STEPS)):
        for draw in range(draws):
            for size in SIZES:
                mean = size**-0.5 * rng.lognormal(0, 0.01)
                eps = (0.06 if method == "bayes" else 0.066) * rng.lognormal(0, 0.01)
                std = mean * eps
                row = TASK | {"method": method, "width": np.inf, "training_size": size, "draw": draw}
                row |= {"training_time": time, "mean": mean, "std": std, EPS: eps}
                row |= {"loss_lower": mean - std, "loss_median": mean, "loss_upper": mean + 1.1 * std}
                rows.append(row | {INFINITE_TEST_SET: 0.9 * eps * size**-0.1, "training_loss": 0.0})
    return pd.DataFrame(rows)


def member_rows(exact, relative_losses, width=64.0):
    """Members whose losses are the predicted mean times the numbers given, on the first draw."""
    steps = exact[(exact["training_time"] == STEPS) & (exact["draw"] == 0)]
    rows = [
        TASK | {"method": "trained", "width": width, "training_size": row.training_size, "draw": 0}
        | {"training_time": STEPS, "member": member, "test_loss": row.mean * loss, "training_loss": 1e-3}
        for row in steps.itertuples(index=False)
        for member, loss in enumerate(relative_losses)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def summarised(exact, members):
    losses = losses_of_training_sets(exact, members, ASKED, SEED)
    return losses, learning_curves(exact, losses, ASKED)


def test_members_within_the_predicted_interval_are_counted():
    """Ten members about 1.2 times the predicted mean: none lies in the interval, and relative to their mean half do.

    Stretched by sqrt(10 / 9), -6.5 % falls out of the interval of -6.6 % to 7.3 %, and 6.5 % does not.
    """
    deviations = np.array([-0.065, -0.05, -0.01, 0.01, 0.05, 0.065, -0.4, 0.4, -0.3, 0.3])
    exact = infinite_rows().assign(mean=1.0, std=0.066, loss_lower=1 - 0.066, loss_upper=1 + 0.073)
    losses, curves = summarised(exact, member_rows(exact, 1.2 * (1 + deviations)))
    trained = losses[losses["method"] == "trained"]
    assert len(trained) == len(SIZES)
    np.testing.assert_allclose(trained["covered"], 0.0)
    np.testing.assert_allclose(trained["covered_relative"], 0.5)
    for column in ("covered", "covered_relative"):
        np.testing.assert_allclose(curves.loc[curves["method"] == "trained", column], trained[column])
        assert curves.loc[curves["method"] != "trained", column].isna().all()


def test_members_are_compared_with_their_own_training_set_and_steps():
    """Predictions of another time, draw or method cover nothing here, and are not asked."""
    exact = infinite_rows()
    same = (exact["method"] == "gradient_descent") & (exact["training_time"] == STEPS) & (exact["draw"] == 0)
    exact.loc[~same, ["loss_lower", "loss_upper"]] = [98.0, 99.0]
    losses, _ = summarised(exact, member_rows(exact, np.linspace(0.99, 1.01, 8)))
    assert (losses.loc[losses["method"] == "trained", ["covered", "covered_relative"]] == 1).all(axis=None)


def test_infinite_width_is_exact_by_draw_and_has_intervals_over_draws():
    exact = infinite_rows()
    losses, curves = summarised(exact, member_rows(exact, np.linspace(0.9, 1.1, 8)))
    by_draw = losses[np.isinf(losses["width"])]
    assert len(by_draw) == len(exact)
    for name in (*STATISTICS, INFINITE_TEST_SET):
        for end in ("", "_lower", "_upper"):
            np.testing.assert_array_equal(by_draw[f"{name}{end}"], exact[name])
        assert (by_draw[f"{name}_standard_error"] == 0).all()
    for column in ("loss_lower", "loss_median", "loss_upper"):
        np.testing.assert_array_equal(by_draw[column], exact[column])
    over = curves[np.isinf(curves["width"])]
    assert len(over) == 3 * len(SIZES)
    means = exact.groupby(["method", "training_time", "training_size"], sort=False)[INFINITE_TEST_SET].mean()
    np.testing.assert_allclose(over[INFINITE_TEST_SET], means, rtol=1e-11)
    assert (over[f"{INFINITE_TEST_SET}_lower"] < over[INFINITE_TEST_SET]).all()
    assert curves.loc[curves["method"] == "trained", INFINITE_TEST_SET].isna().all()
    assert not {"draw", "loss_lower"} & set(curves)


def comparisons(exact, members):
    losses, _ = summarised(exact, members)
    correlations = member_correlations(members, ENSEMBLES, ASKED.resamples, SEED)
    table = compare(losses, members, correlations, STEPS, ASKED.confidence, WINDOWS)
    return table.set_index(["comparison", "width"])


def test_comparisons_of_credible_intervals():
    """An interval of mu_L - sigma_L to mu_L + 1.1 sigma_L, and eps_L 10 % above that of Bayes."""
    exact = infinite_rows()
    found = comparisons(exact, member_rows(exact, np.linspace(0.9, 1.1, 8))).loc[(slice(None), np.inf), :]
    ratio = found.xs("interval_ratio").iloc[0]
    assert ratio["estimate"] == pytest.approx(np.log(1.05 / 0.99446), abs=1e-5)  # the Gaussian's z at 68 %
    assert ratio["standard_error"] == pytest.approx(0, abs=1e-10)
    bayes = found.xs("bayes_ratio").iloc[0]
    inside = exact[np.isinf(exact["training_time"]) & (exact["training_size"] >= 32)]
    by_draw = np.log(inside.pivot(index=["draw", "training_size"], columns="method", values=EPS))
    by_draw = (by_draw["gradient_descent"] - by_draw["bayes"]).groupby("draw").mean()
    assert bayes["estimate"] == pytest.approx(by_draw.mean(), rel=1e-9)
    assert bayes["standard_error"] == pytest.approx(by_draw.sem(), rel=1e-9)
    assert bayes["degrees_of_freedom"] == 3
    assert bayes["estimate"] == pytest.approx(np.log(1.1), abs=0.02)


def test_width_ratios_know_that_members_are_the_same_at_every_size():
    """Their losses move together here, so the mean over three sizes is no better than a single size."""
    exact = infinite_rows()
    found = comparisons(exact, member_rows(exact, np.linspace(0.9, 1.1, 12)))
    mean, largest = (found.loc[(name, 64.0)] for name in ("width_ratio", "width_ratio_at_largest"))
    assert mean["standard_error"] == pytest.approx(largest["standard_error"], rel=0.1)
    assert mean["degrees_of_freedom"] == 11


def test_coverage_is_the_share_of_all_members_in_the_window():
    """Three sizes of 8 members each, of which all, 6 and none lie within; the fourth size is outside the window."""
    exact = infinite_rows().assign(mean=1.0, loss_lower=0.9, loss_upper=1.1)
    members = member_rows(exact, np.ones(8))
    near, mixed, far = ([0.01, 0.02, 0.03, 0.04], [0.01, 0.02, 0.03, 0.5], [0.2, 0.3, 0.4, 0.5])
    members["test_loss"] = [1 + sign * d for size in (near, mixed, far, near) for d in size for sign in (-1, 1)]
    found = comparisons(exact, members)
    inside = np.array([[True] * 8, [True] * 6 + [False] * 2, [False] * 8])
    for name in ("coverage", "coverage_relative"):
        estimate = share(inside)
        row = found.loc[(name, 64.0)]
        assert (row["estimate"], row["standard_error"]) == pytest.approx((14 / 24, estimate.error))


def test_a_share_of_independent_trials_has_the_error_of_agresti_and_coull():
    inside = np.random.default_rng(1).random((5, 400)) < 0.6
    value = inside.mean()
    shrunk = (value * 2000 + 2) / 2004
    assert share(inside).error == pytest.approx(np.sqrt(shrunk * (1 - shrunk) / 2004), rel=0.1)


@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_shares_cover_whether_the_sizes_of_a_member_agree_or_not(shared):
    """1,000 toys of 24 members at 4 sizes: 68 %, where counting all 96 trials would cover less of those that agree."""
    rng, hits, naive = np.random.default_rng(2), 0, 0
    for _ in range(1000):
        common, alone = rng.random((1, 24)), rng.random((4, 24))
        found = share((common if shared else alone) + np.zeros((4, 1)) < 0.5)
        low, high = found.interval(0.68)
        hits += low < 0.5 < high
        naive += abs(found.value - 0.5) < np.sqrt(0.5 * 0.5 / 96)
    assert hits / 1000 == pytest.approx(0.7, abs=0.07)
    if shared:
        assert naive / 1000 < 0.5


@pytest.mark.parametrize("value", [False, True])
def test_where_all_agree_only_members_count(value):
    few, many = (share(np.full((sizes, 10), value)).error for sizes in (1, 6))
    assert few == many > 0


def test_the_plateau_for_an_infinite_test_set_is_fitted_at_infinite_width_only():
    """Its slope, -0.1 below that of eps_L, is found; trained networks have no such law."""
    exact = infinite_rows()
    members = member_rows(exact, np.linspace(0.9, 1.1, 8))
    losses, _ = summarised(exact, members)
    laws = fit_curves(losses, member_correlations(members, ENSEMBLES, 100, SEED), WINDOWS, 0.68)
    endless = laws[laws["statistic"] == INFINITE_TEST_SET]
    assert set(endless["law"]) == {"plateau"}
    assert "trained" not in set(endless["method"])
    slopes = laws[(laws["parameter"] == "slope") & (laws["method"] == "gradient_descent")]
    slopes = slopes[np.isinf(slopes["training_time"])].set_index("statistic")["estimate"]
    assert slopes[INFINITE_TEST_SET] - slopes[EPS] == pytest.approx(-0.1, abs=1e-9)


def test_windows_are_those_of_finite_and_of_infinite_width():
    exact = infinite_rows()
    trained = member_rows(exact, np.linspace(0.9, 1.1, 8))
    members = pd.concat([trained, trained.assign(method="linearised")])
    losses, _ = summarised(exact, members)
    laws = fit_curves(losses, member_correlations(members, ENSEMBLES, 100, SEED), WINDOWS, 0.68)
    ends = laws.groupby(["method", "law"])["largest"].unique().map(list).to_dict()
    assert ends["trained", "power_law"] == ends["trained", "plateau"] == [64]
    assert ends["bayes", "power_law"] == ends["bayes", "plateau"] == [128]
    assert ("linearised", "power_law_with_floor") not in ends
    assert (laws.loc[laws["method"] == "trained", "draws"] == 1).all()
