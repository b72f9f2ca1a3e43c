"""Moments of the test loss in one table, what the predicted intervals cover, and the comparisons made of them."""

import numpy as np
import pandas as pd
import pytest

from replication.scaling_laws.comparisons import compare
from replication.scaling_laws.coverage import share
from replication.scaling_laws.curve_fits import fit_curves
from replication.scaling_laws.loss_tables import learning_curves, losses_of_training_sets
from replication.schema import INFINITE_TEST_SET, STATISTICS, STD_INFINITE_TEST_SET
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
                row |= {"loss_of_mean": 2.0}
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
    return compare(losses, ASKED.confidence, WINDOWS).set_index(["comparison", "width"])


def test_skill_is_what_a_network_is_better_than_the_mean_of_the_targets():
    exact = infinite_rows()
    for table in summarised(exact, member_rows(exact, np.linspace(0.9, 1.1, 8))):
        assert (table["loss_of_mean"] == 2.0).all()
        np.testing.assert_allclose(table["skill"], 1 - table["mean"] / 2, rtol=1e-12)


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


def laws_of(exact):
    members = member_rows(exact, np.linspace(0.9, 1.1, 8))
    losses, _ = summarised(exact, pd.concat([members, members.assign(method="linearised")]))
    return fit_curves(losses, WINDOWS, 0.68)


def test_statistics_on_an_infinite_test_set_have_laws_of_their_own():
    """The slope of eps_L, -0.1 below that on the given one, and with it the exponent of sigma_L, 0.1 above."""
    laws = laws_of(infinite_rows()).query("method == 'gradient_descent'").set_index(["statistic", "law", "parameter"])
    slopes = laws.xs(("plateau", "slope"), level=("law", "parameter"))["estimate"]
    assert slopes[INFINITE_TEST_SET] - slopes[EPS] == pytest.approx(-0.1, abs=1e-9)
    exponents = laws.xs(("power_law", "exponent"), level=("law", "parameter"))["estimate"]
    assert exponents[STD_INFINITE_TEST_SET] - exponents["std"] == pytest.approx(0.1, abs=1e-9)


def test_laws_are_of_converged_curves_at_infinite_width_in_their_windows():
    laws = laws_of(infinite_rows())
    assert set(laws["method"]) == {"gradient_descent", "bayes"}
    assert np.isinf(laws["training_time"]).all()
    ends = laws.groupby("law")[["smallest", "largest", "points"]].first()
    assert ends.loc["power_law"].tolist() == [16, 128, 4]
    assert ends.loc["plateau"].tolist() == [32, 128, 3]


def test_a_window_ends_where_a_curve_does():
    """Of a task that has fewer sizes than the window asks for, the law says up to which it was fitted."""
    exact = infinite_rows()
    shorter = exact[exact["training_size"] < 128]
    assert set(laws_of(shorter)["largest"]) == {64}
