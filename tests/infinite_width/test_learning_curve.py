"""Learning curves at infinite width: every declared column, and credible intervals that cover."""

import numpy as np
import pytest

from replication.infinite_width import predictions
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.learning_curve import GradientDescent, Regularisation, compute_kernels, learning_curve
from replication.loss_distribution.moments import (
    Moments,
    Sources,
    gaussian_moments,
    gaussian_sources,
)
from replication.schema import INFINITE_TEST_SET

SIZES = (5, 12)
COLUMNS = {
    "method",
    "training_size",
    "training_time",
    *Moments._fields,
    INFINITE_TEST_SET,
    *Sources._fields,
    "condition_number",
    "diag_reg",
}
INTERVAL = {"loss_lower", "loss_median", "loss_upper"}


@pytest.fixture
def example(spec, rng):
    x, test_x = rng.normal(size=(12, 4)), rng.normal(size=(8, 4))
    return compute_kernels(spec, "closed_form", x, rng.normal(size=(12, 2)), test_x), rng.normal(size=(8, 2)), x, test_x


def test_three_pairs_of_kernels_are_computed(spec, example):
    matrices, _, x, test_x = example
    for ours, expected in ((matrices.training, kernels(spec, x)), (matrices.cross, kernels(spec, x, test_x))):
        for a, b in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(matrices.test_nngp, kernels(spec, test_x).nngp)


def test_rows_hold_every_declared_column(example):
    matrices, test_y, *_ = example
    rows = list(learning_curve(matrices, test_y, SIZES, Regularisation(1e-3, 0.0), 0.68, GradientDescent(7, 0.5)))
    assert [(row["method"], row["training_size"], row["training_time"]) for row in rows] == [
        ("bayes", 5, np.inf),
        ("bayes", 12, np.inf),
        ("gradient_descent", 5, np.inf),
        ("gradient_descent", 12, np.inf),
        ("gradient_descent", 5, 7),
        ("gradient_descent", 12, 7),
    ]
    for row, extra in zip(rows[::2], ((), ("training_loss",), ("training_loss", "learning_rate")), strict=True):
        assert set(row) == COLUMNS | INTERVAL | set(extra)
        assert all(np.isfinite(value) for key, value in row.items() if key not in ("method", "training_time"))
        assert row["loss_lower"] < row["loss_median"] < row["loss_upper"]
    assert [row["diag_reg"] for row in rows] == [1e-3] * 4 + [0.0] * 2  # taking steps inverts nothing
    without = list(learning_curve(matrices, test_y, SIZES))
    assert len(without) == 4
    assert set(without[0]) == COLUMNS


def test_rows_are_of_the_predictions(example):
    matrices, test_y, *_ = example
    descent = predictions.gradient_descent(matrices, 12, 0.5, 7)
    *_, steps = learning_curve(matrices, test_y, SIZES, descent=GradientDescent(7, 0.5))
    made = [
        *predictions.bayes(matrices, SIZES),
        *predictions.gradient_descent_to_convergence(matrices, SIZES),
        descent.prediction,
    ]
    rows = [*learning_curve(matrices, test_y, SIZES), steps]
    for row, (mean, covariance, condition_number, _) in zip(rows, made, strict=True):
        expected = gaussian_moments(mean, covariance, test_y)._asdict()
        expected |= gaussian_sources(mean, covariance, test_y)._asdict() | {"condition_number": condition_number}
        assert {key: row[key] for key in expected} == pytest.approx(expected, rel=1e-12)
    assert (steps["learning_rate"], steps["training_loss"]) == (descent.learning_rate, descent.training_loss)


@pytest.mark.parametrize("confidence", [0.68, 0.9])
def test_credible_intervals_cover_losses_of_drawn_outputs(example, rng, confidence):
    """Within 4 standard errors of 50,000 draws, of Bayes and of gradient descent, each end by itself."""
    matrices, test_y, *_ = example
    draws = 50_000
    rows = list(learning_curve(matrices, test_y, (12,), confidence=confidence))
    made = [*predictions.bayes(matrices, (12,)), *predictions.gradient_descent_to_convergence(matrices, (12,))]
    for row, (mean, covariance, *_) in zip(rows, made, strict=True):
        root = np.linalg.cholesky(covariance)
        outputs = mean + np.einsum("ij,djk->dik", root, rng.normal(size=(draws, *mean.shape)))
        losses = np.sum((outputs - test_y) ** 2, axis=(1, 2)) / (2 * len(test_y))
        for end, share in (
            ("loss_lower", (1 - confidence) / 2),
            ("loss_median", 0.5),
            ("loss_upper", (1 + confidence) / 2),
        ):
            assert np.mean(losses < row[end]) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / draws))
