"""Learning curves at infinite width as a table, and a second engine beside the first."""

import numpy as np
import pandas as pd
import pytest

from replication import schema
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_draws, training_order
from replication.errors import ReplicationError
from replication.experiments import cross_check as cross_checks
from replication.experiments.cross_check import cross_check
from replication.experiments.learning_curves import infinite_width_curves, number_of_curve_points
from replication.infinite_width.learning_curve import GradientDescent, Regularisation, compute_kernels, learning_curve
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import CrossCheck
from replication.settings.reading import read_settings
from tests.conftest import ROOT
from tests.experiments.toy_task import INFINITE_WIDTH, NETWORK, POOL, SEED, TASK, toy_dataset

STATISTICS = Statistics(confidence=0.68, resamples=200)
CHECK = CrossCheck(engine="neural_tangents", training_size=16, tolerance=1e-6)
CHECKED = INFINITE_WIDTH.model_copy(update={"cross_check": CHECK})


@pytest.fixture
def training():
    return (
        read_settings(ROOT / "params.yaml")
        .profiles["quick"]
        .training.model_copy(update={"steps": 50, "algorithm": "gradient_descent", "training_loss_ratio": None})
    )


def test_rows_are_those_of_every_draw_of_the_training_set(training):
    dataset, calls = toy_dataset(), []
    settings = TASK, NETWORK, training, INFINITE_WIDTH, (8, 16), STATISTICS, SEED
    table = infinite_width_curves(dataset, "digits", *settings, lambda: calls.append(1))
    assert list(table.columns[: len(schema.KEYS)]) == schema.KEYS
    assert len(table) == len(calls) == number_of_curve_points(INFINITE_WIDTH, 64, (8, 16)) == (2 * 3 + 2) * 3
    test_x, test_y = Preprocessing.of(dataset).test(dataset)
    for draw, (x, y) in enumerate(training_draws(dataset, "digits", 32, 3, SEED)):
        kernels = compute_kernels(NETWORK, "closed_form", x, y, test_x)
        descent = GradientDescent({8: 50, 16: 50}, 0.5)
        rows = learning_curve(kernels, test_y, (8, 16, 32), Regularisation(0.0, 1e-10), 0.68, descent)
        expected = pd.DataFrame(rows).set_index(["method", "training_size", "training_time"]).sort_index()
        found = table[table["draw"] == draw].set_index(["method", "training_size", "training_time"]).sort_index()
        pd.testing.assert_frame_equal(found[expected.columns], expected)
    assert set(table["experiment"]) == {schema.LEARNING_CURVE}
    assert set(table["task"]) == {"digits"}
    assert np.isinf(table["width"]).all()
    assert (table["test_size"] == len(test_y)).all()
    assert (table["output_scale"] == 1.0).all()
    _, y = next(iter(training_draws(dataset, "digits", 32, 3, SEED)))
    loss = np.mean([np.sum((row - y.mean(axis=0)) ** 2) / 2 for row in test_y])
    np.testing.assert_allclose(table.loc[table["draw"] == 0, "loss_of_mean"], loss, rtol=1e-12)


def test_training_draws_are_the_preprocessed_first_points_of_each_order():
    dataset = toy_dataset()
    for draw, (x, y) in enumerate(training_draws(dataset, "digits", 20, 2, SEED)):
        order = training_order(POOL, 20, SEED, "digits", draw)
        for found, expected in zip((x, y), Preprocessing.of(dataset).training(dataset, order), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_two_engines_agree():
    table = cross_check(
        toy_dataset(), "digits", NETWORK, INFINITE_WIDTH.model_copy(update={"cross_check": CHECK}), SEED
    )
    assert list(table) == cross_checks.COLUMNS
    assert {"NNGP", "NTK", "mean, bayes", "std, gradient_descent"} < set(table["quantity"])
    assert (table["relative_difference"] < 1e-11).all()
    assert set(table["checked_by"]) == {"neural_tangents"}


def test_without_a_check_the_table_is_empty_and_no_second_engine_is_asked(monkeypatch):
    monkeypatch.setattr(cross_checks, "compute_kernels", None)
    table = cross_check(toy_dataset(), "digits", NETWORK, INFINITE_WIDTH, SEED)
    assert table.empty
    assert list(table) == cross_checks.COLUMNS


def test_engines_that_disagree_are_one_line(monkeypatch):
    def disagreeing(network, engine, *points):
        kernels = compute_kernels(network, "closed_form", *points)
        if engine == "closed_form":
            return kernels
        return kernels._replace(training=kernels.training._replace(ntk=1.0001 * kernels.training.ntk))

    monkeypatch.setattr(cross_checks, "compute_kernels", disagreeing)
    checked = INFINITE_WIDTH.model_copy(update={"cross_check": CHECK})
    with pytest.raises(
        ReplicationError, match=r"closed_form and neural_tangents differ by .* tolerance 1\.0e-06"
    ) as error:
        cross_check(toy_dataset(), "digits", NETWORK, checked, SEED)
    assert "\n" not in str(error.value)
