"""Stages on small tables and data whose results are known."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import verdicts
from replication.datasets import prepared
from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.learning_curve import compute_kernels, learning_curve
from replication.loss_distribution.moments import INFINITE_TEST_SET, STATISTICS
from replication.settings.analysis import ScalingLaws, Statistics
from replication.settings.infinite_width import InfiniteWidth, LearningCurveTheory, PublishedNumbers, Variations
from replication.settings.network import MLP
from replication.settings.reading import profile_named, read_settings
from replication.settings.sections import Window
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.fit_scaling_laws import compare, fit_scaling_laws
from replication.stages.predict_learning_curves import SAMPLE, predict_learning_curves
from replication.stages.recompute_published_numbers import recompute_published_numbers
from replication.stages.run_paths import PUBLISHED_NUMBERS, RunPaths
from replication.stages.summarize_losses import summarize_losses
from replication.stages.vary_network import vary_network
from replication.theory.kernel_regression import predict, spectrum_of
from tests.conftest import ROOT

PLACE = RunPaths("toys", "digits")
TASK = TaskSettings(dataset="uci_digits", pool_size=60, test_size=9, learning_rate_fraction=0.5)
NETWORK = MLP(depth=2, activation="relu", weight_variance=2.0, bias_variance=0.1)
STEPS, CONFIDENCE = 50, 0.68
SIZES = np.array([16, 32, 64, 128])
SEED = 4


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder in which stages read and write."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def dataset(project, rng):
    """Prepared data of the task: seven pixels and three classes."""
    x, y = (rng.integers(0, largest, shape).astype(np.uint8) for largest, shape in ((17, (69, 7)), (3, 69)))
    made = Dataset(x[:60], y[:60], x[60:], y[60:], classes=3)
    prepared.write(made, PLACE.prepared)
    return made


# vary_network, predict_learning_curves


def test_a_variation_changes_one_property_and_the_rest_stays(dataset):
    exact = InfiniteWidth(training_sizes=(8,), draws=3, engine="closed_form", diag_reg=0.0, singular_diag_reg=1e-10)
    varied = Variations(
        training_sizes=(8, 16),
        draws=3,
        depth=(1,),
        weight_variance=(1.5, 2.0),
        bias_variance=(),
        target_scale=(0.5,),
    )
    vary_network(PLACE, SEED, TASK, NETWORK, exact, varied)
    table = files.read_table(PLACE.results("variations", "digits.csv"))
    values = table.groupby("varied")["value"].unique().map(sorted).to_dict()
    assert values == {
        "depth": [1, 2],
        "weight_variance": [1.5, 2],
        "bias_variance": [0.1],
        "target_scale": [0.5, 1],
    }
    assert len(table) == sum(map(len, values.values())) * 3 * 2 * 2  # draws, methods, sizes
    preprocessing = Preprocessing.of(dataset)
    test_x, test_y = preprocessing.test(dataset)
    for draw in range(3):
        x, y = preprocessing.training(dataset, training_order(60, 16, SEED, "digits", draw))
        for name, value, spec, scale in (
            ("depth", 2, NETWORK, 1.0),
            ("bias_variance", 0.1, NETWORK, 1.0),
            ("target_scale", 1, NETWORK, 1.0),
            ("target_scale", 0.5, NETWORK, 0.5),
            ("depth", 1, NETWORK.model_copy(update={"depth": 1}), 1.0),
            ("weight_variance", 1.5, NETWORK.model_copy(update={"weight_variance": 1.5}), 1.0),
        ):
            rows = table[(table["draw"] == draw) & (table["varied"] == name) & (table["value"] == value)]
            problem = compute_kernels(spec, "closed_form", x, scale * y, test_x)
            expected = pd.DataFrame(learning_curve(problem, scale * test_y, (8, 16)))
            assert list(rows["method"]) == list(expected["method"])
            for column in (*STATISTICS, INFINITE_TEST_SET):
                np.testing.assert_allclose(rows[column], expected[column], rtol=1e-10)


def test_predicted_learning_curves_are_of_a_sample_that_is_no_training_set(dataset):
    predict_learning_curves(PLACE, SEED, TASK, NETWORK, LearningCurveTheory(sample_size=40, training_sizes=(4, 10)))
    table = files.read_table(PLACE.results("learning_curve_theory", "digits.csv"))
    assert [(row.method, row.training_size) for row in table.itertuples()] == [
        ("gradient_descent", 4),
        ("gradient_descent", 10),
        ("bayes", 4),
        ("bayes", 10),
    ]
    sample = training_order(60, 40, SEED, "digits", SAMPLE)
    assert all(set(sample) != set(training_order(60, 40, SEED, "digits", draw)) for draw in range(5))
    x, y = Preprocessing.of(dataset).training(dataset, sample)
    both = kernels(NETWORK, x)
    for method, kernel in (("gradient_descent", both.ntk), ("bayes", both.nngp)):
        expected = predict(spectrum_of(both.nngp, kernel, y), (4, 10), test_points=TASK.test_size)
        rows = table[table["method"] == method]
        for column in expected:
            np.testing.assert_allclose(rows[column], expected[column], rtol=1e-8)


# recompute_published_numbers


@pytest.fixture
def published(project):
    PUBLISHED_NUMBERS.parent.mkdir()
    PUBLISHED_NUMBERS.write_text((ROOT / PUBLISHED_NUMBERS).read_text())


def published_table(source, exponent):
    profile = profile_named(read_settings(ROOT / "params.yaml"), "quick")
    window = profile.scaling_laws.infinite_width
    sizes = np.array([8, window.smallest, 2 * window.smallest, window.largest, 4 * window.largest])
    bias = np.where((sizes < window.smallest) | (sizes > window.largest), 99, sizes.astype(float) ** -exponent)
    rows = [
        {"method": method, "training_time": time, "draw": draw, "training_size": size, "squared_bias": factor * value}
        for method, time, factor in (("gradient_descent", np.inf, 1), ("gradient_descent", 9, 7), ("bayes", np.inf, 3))
        for draw in range(3)
        for size, value in zip(sizes, bias * (1 + 0.001 * draw), strict=True)
    ]
    files.write_table(PLACE.results("infinite_width", "digits.csv"), pd.DataFrame(rows))
    task = TASK.model_copy(update={"dataset": source})
    none = PublishedNumbers(training_sizes=())
    recompute_published_numbers(PLACE, SEED, task, profile.scaling_laws, none, profile.claims)
    return files.read_table(PLACE.results("published_numbers", "digits.csv"))


@pytest.mark.parametrize(("exponent", "verdict"), [(0.4, verdicts.HOLDS), (0.9, verdicts.DOES_NOT_HOLD)])
def test_a_published_exponent_is_compared_within_the_fit_window(published, exponent, verdict):
    """Of converged gradient descent; no accuracy is asked for, so no images are needed."""
    (row,) = published_table("mnist", exponent).itertuples()
    assert (row.task, row.data, row.quantity) == ("digits", "mnist", "exponent of the squared bias")
    assert row.recomputed == pytest.approx(exponent, rel=1e-9)
    assert (row.published, row.tolerance, row.verdict) == (0.4, 0.15, verdict)
    assert "Spigler" in row.published_by


def test_a_task_of_which_nothing_is_published_has_an_empty_table(published):
    table = published_table("uci_digits", 0.4)
    assert table.empty
    assert {"task", "published", "recomputed", "verdict", "published_by"} < set(table)


# summarize_losses, fit_scaling_laws


def infinite_rows(draws=4):
    """Two methods at infinite width and one finite time, with laws of mean and eps_L and intervals of z sigma_L."""
    rng, rows = np.random.default_rng(1), []
    for method, time in (("bayes", np.inf), ("gradient_descent", np.inf), ("gradient_descent", STEPS)):
        for draw in range(draws):
            for size in SIZES:
                mean = size**-0.5 * rng.lognormal(0, 0.01)
                eps = (0.06 if method == "bayes" else 0.066) * rng.lognormal(0, 0.01)
                std = mean * eps
                row = {"task": "digits", "dataset": "toys", "method": method, "width": np.inf, "training_size": size}
                row |= {"training_time": time, "draw": draw, "mean": mean, "std": std, STATISTICS[2]: eps}
                row |= {"loss_lower": mean - std, "loss_median": mean, "loss_upper": mean + 1.1 * std}
                rows.append(row | {INFINITE_TEST_SET: 0.9 * eps * size**-0.1, "training_loss": 0.0})
    return pd.DataFrame(rows)


def member_rows(exact, relative_losses, width=64.0):
    """Members whose losses are the predicted mean times the numbers given, on the first draw."""
    steps = exact[(exact["training_time"] == STEPS) & (exact["draw"] == 0)]
    rows = [
        {"task": "digits", "dataset": "toys", "method": "trained", "width": width, "training_size": row.training_size}
        | {"training_time": STEPS, "draw": 0, "member": member, "test_loss": row.mean * loss, "training_loss": 1e-3}
        for row in steps.itertuples(index=False)
        for member, loss in enumerate(relative_losses)
    ]
    return pd.DataFrame(rows)


def summarized(exact, members):
    files.write_table(PLACE.results("infinite_width", "digits.csv"), exact)
    files.write_table(PLACE.results("members", "digits.csv"), members)
    statistics = Statistics(confidence=CONFIDENCE, resamples=200)
    summarize_losses(RunPaths("toys"), SEED, {"digits": TASK}, statistics)
    return files.read_table(PLACE.results("test_loss.csv")), files.read_table(PLACE.results("learning_curves.csv"))


def test_summaries_count_the_members_within_the_predicted_interval(project):
    """Ten members about 1.2 times the predicted mean: none lies in the interval, and relative to their mean half do.

    Stretched by sqrt(10 / 9), -6.5 % falls out of the interval of -6.6 % to 7.3 %, and 6.5 % does not.
    """
    deviations = np.array([-0.065, -0.05, -0.01, 0.01, 0.05, 0.065, -0.4, 0.4, -0.3, 0.3])
    exact = infinite_rows().assign(mean=1.0, std=0.066, loss_lower=1 - 0.066, loss_upper=1 + 0.073)
    losses, curves = summarized(exact, member_rows(exact, 1.2 * (1 + deviations)))
    trained = losses[losses["method"] == "trained"]
    assert len(trained) == len(SIZES)
    np.testing.assert_allclose(trained["covered"], 0.0)
    np.testing.assert_allclose(trained["covered_relative"], 0.5)
    for column in ("covered", "covered_relative"):
        np.testing.assert_allclose(curves.loc[curves["method"] == "trained", column], trained[column])
        assert curves.loc[curves["method"] != "trained", column].isna().all()


def test_members_are_compared_with_their_own_training_set_and_steps(project):
    """Predictions of another time, draw or method cover nothing here, and are not asked."""
    exact = infinite_rows()
    own = (exact["method"] == "gradient_descent") & (exact["training_time"] == STEPS) & (exact["draw"] == 0)
    exact.loc[~own, ["loss_lower", "loss_upper"]] = [98.0, 99.0]
    losses, _ = summarized(exact, member_rows(exact, np.linspace(0.99, 1.01, 8)))
    assert (losses.loc[losses["method"] == "trained", ["covered", "covered_relative"]] == 1).all(axis=None)


def test_summaries_at_infinite_width_are_exact_by_draw_and_have_intervals_over_draws(project):
    exact = infinite_rows()
    losses, curves = summarized(exact, member_rows(exact, np.linspace(0.9, 1.1, 8)))
    by_draw = losses[np.isinf(losses["width"])]
    assert len(by_draw) == len(exact)
    for name in (*STATISTICS, INFINITE_TEST_SET):
        for end in ("", "_lower", "_upper"):
            np.testing.assert_allclose(by_draw[f"{name}{end}"], exact[name], rtol=1e-11)
        assert (by_draw[f"{name}_standard_error"] == 0).all()
    for column in ("loss_lower", "loss_median", "loss_upper"):
        np.testing.assert_allclose(by_draw[column], exact[column], rtol=1e-11)
    over = curves[np.isinf(curves["width"])]
    assert len(over) == 3 * len(SIZES)
    means = exact.groupby(["method", "training_time", "training_size"], sort=False)[INFINITE_TEST_SET].mean()
    np.testing.assert_allclose(over[INFINITE_TEST_SET], means, rtol=1e-11)
    assert (over[f"{INFINITE_TEST_SET}_lower"] < over[INFINITE_TEST_SET]).all()
    assert curves.loc[curves["method"] == "trained", INFINITE_TEST_SET].isna().all()


WINDOWS = ScalingLaws(
    infinite_width=Window(smallest=16, largest=128),
    finite_width=Window(smallest=16, largest=64),
    plateau=Window(smallest=32, largest=128),
    plateau_finite_width=Window(smallest=16, largest=64),
)


def comparisons(exact, members):
    losses, _ = summarized(exact, members)
    return compare(losses, STEPS, CONFIDENCE, WINDOWS).set_index(["comparison", "width"])


def test_comparisons_of_credible_intervals(project):
    """An interval of mu_L - sigma_L to mu_L + 1.1 sigma_L, and eps_L 10 % above that of Bayes."""
    exact = infinite_rows()
    found = comparisons(exact, member_rows(exact, np.linspace(0.9, 1.1, 8))).loc[(slice(None), np.inf), :]
    ratio = found.xs("interval_ratio").iloc[0]
    assert ratio["estimate"] == pytest.approx(np.log(1.05 / 0.99446), abs=1e-5)  # the Gaussian's z at 68 %
    assert ratio["standard_error"] == pytest.approx(0, abs=1e-10)
    bayes = found.xs("bayes_ratio").iloc[0]
    inside = exact[np.isinf(exact["training_time"]) & (exact["training_size"] >= 32)]
    by_draw = np.log(inside.pivot(index=["draw", "training_size"], columns="method", values=STATISTICS[2]))
    by_draw = (by_draw["gradient_descent"] - by_draw["bayes"]).groupby("draw").mean()
    assert bayes["estimate"] == pytest.approx(by_draw.mean(), rel=1e-9)
    assert bayes["standard_error"] == pytest.approx(by_draw.sem(), rel=1e-9)
    assert bayes["degrees_of_freedom"] == 3
    assert bayes["estimate"] == pytest.approx(np.log(1.1), abs=0.02)


def test_coverage_is_the_share_of_all_members_in_the_window(project):
    """Three sizes of 8 members each, of which all, 6 and none lie within; the fourth size is outside the window."""
    exact = infinite_rows().assign(mean=1.0, loss_lower=0.9, loss_upper=1.1)
    members = member_rows(exact, np.ones(8))
    near, mixed, far = ([0.01, 0.02, 0.03, 0.04], [0.01, 0.02, 0.03, 0.5], [0.2, 0.3, 0.4, 0.5])
    members["test_loss"] = [1 + sign * d for size in (near, mixed, far, near) for d in size for sign in (-1, 1)]
    found = comparisons(exact, members)
    share = found.loc[("coverage", 64.0)]
    assert share["estimate"] == pytest.approx(14 / 24)
    assert share["standard_error"] == pytest.approx(np.sqrt(16 / 28 * 12 / 28 / 28))
    assert found.loc[("coverage_relative", 64.0), "estimate"] == pytest.approx(14 / 24)


def test_the_plateau_for_an_infinite_test_set_is_fitted_at_infinite_width_only(project):
    """Its slope, -0.1 below that of eps_L, is found; trained networks have no such law."""
    exact = infinite_rows()
    summarized(exact, member_rows(exact, np.linspace(0.9, 1.1, 8)))
    profile = profile_named(read_settings(ROOT / "params.yaml"), "quick")
    training = profile.training.model_copy(update={"steps": STEPS})
    fit_scaling_laws(RunPaths("toys"), training, profile.statistics, WINDOWS)
    laws = files.read_table(PLACE.results("scaling_laws.csv"))
    population = laws[laws["statistic"] == INFINITE_TEST_SET]
    assert set(population["law"]) == {"plateau"}
    assert "trained" not in set(population["method"])
    slopes = laws[(laws["parameter"] == "slope") & (laws["method"] == "gradient_descent")]
    slopes = slopes[np.isinf(slopes["training_time"])].set_index("statistic")["estimate"]
    assert slopes[INFINITE_TEST_SET] - slopes[STATISTICS[2]] == pytest.approx(-0.1, abs=1e-9)
    assert {"interval_ratio", "bayes_ratio", "coverage", "coverage_relative"} < set(
        files.read_table(PLACE.results("comparisons.csv"))["comparison"]
    )
