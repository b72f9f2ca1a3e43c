"""Learning curves from the spectrum of a sample that is no training set."""

import numpy as np

from replication import schema
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.experiments.learning_curve_theory import SAMPLE, theory_curves
from replication.infinite_width.closed_form import kernels
from replication.settings.infinite_width import LearningCurveTheory
from replication.theory.kernel_regression import predict, spectrum_of
from tests.experiments.toy_task import NETWORK, POOL, SEED, TASK, toy_dataset

THEORY = LearningCurveTheory(sample_size=40, training_sizes=(4, 10))


def test_predicted_learning_curves_are_of_a_sample_that_is_no_training_set():
    dataset = toy_dataset()
    table = theory_curves(dataset, "digits", TASK, NETWORK, THEORY, SEED)
    assert list(table.columns[: len(schema.KEYS)]) == schema.KEYS
    both = [(method, size) for method in ("gradient_descent", "bayes") for size in (4, 10)]
    assert list(zip(table["method"], table["training_size"], strict=True)) == both
    assert set(table["experiment"]) == {schema.LEARNING_CURVE}
    assert np.isinf(table[["width", "training_time"]]).all(axis=None)
    sample = training_order(POOL, 40, SEED, "digits", SAMPLE)
    assert all(set(sample) != set(training_order(POOL, 40, SEED, "digits", draw)) for draw in range(5))
    x, y = Preprocessing.of(dataset).training(dataset, sample)
    nngp, ntk = kernels(NETWORK, x)
    for method, kernel in (("gradient_descent", ntk), ("bayes", nngp)):
        expected = predict(spectrum_of(nngp, kernel, y), (4, 10), test_points=TASK.test_size)
        rows = table[table["method"] == method]
        for column in expected:
            np.testing.assert_allclose(rows[column], expected[column], rtol=1e-8)
