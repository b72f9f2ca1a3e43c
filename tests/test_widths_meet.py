"""The two branches against each other: wide trained ensembles have the moments that infinite width predicts."""

import numpy as np
import pytest

from replication.finite_width.ensemble import train_ensemble
from replication.infinite_width import predictions
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.predictions import Problem
from replication.settings import MLPSpec
from replication.test_loss import bootstrap, gaussian_moments

STEPS, MEMBERS = 100, 48


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(8)
    x, test_x = rng.normal(size=(12, 10)), rng.normal(size=(40, 10))
    teacher = rng.normal(size=(10, 2)) / 10
    return x, np.sin(x @ teacher), test_x, np.sin(test_x @ teacher)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_wide_ensembles_have_the_predicted_moments(problem, activation):
    """Mean, standard deviation and eps_L of the test loss, and the mean training loss, within 4 standard errors."""
    spec = MLPSpec(depth=1, activation=activation, weight_variance=1.5, bias_variance=0.1)
    x, y, test_x, test_y = problem
    parts = kernels(spec, x), kernels(spec, x, test_x), kernels(spec, test_x).nngp
    descent = predictions.descend(Problem(*parts, y), len(x), 0.5, STEPS)
    exact = gaussian_moments(descent.prediction.mean, descent.prediction.covariance, test_y)
    losses = train_ensemble(spec, 2048, range(MEMBERS), 1, "toys", x, y, test_x, test_y, descent.learning_rate, STEPS)
    rows = bootstrap(losses.test_loss.astype(float), 0.68, 2000, np.random.default_rng(0)).set_index("statistic")
    for name, value in exact._asdict().items():
        assert abs(rows.loc[name, "estimate"] - value) < 4 * rows.loc[name, "standard_error"], name
    error = losses.training_loss.std(ddof=1) / np.sqrt(MEMBERS)
    assert abs(losses.training_loss.mean() - descent.training_loss) < 4 * error


def test_the_difference_falls_with_width(problem):
    """Narrow ensembles lie further from infinite width than wide ones, in the mean loss."""
    spec = MLPSpec(depth=3, activation="relu", weight_variance=2.0, bias_variance=0.0)
    x, y, test_x, test_y = problem
    parts = kernels(spec, x), kernels(spec, x, test_x), kernels(spec, test_x).nngp
    descent = predictions.descend(Problem(*parts, y), len(x), 0.3, STEPS)
    exact = gaussian_moments(descent.prediction.mean, descent.prediction.covariance, test_y).mean
    gaps = []
    for width in (8, 64, 384):
        arguments = (x, y, test_x, test_y, descent.learning_rate, STEPS)
        losses = train_ensemble(spec, width, range(MEMBERS), 1, "toys", *arguments).test_loss
        gaps.append(abs(np.log(losses.mean() / exact)))
    assert gaps[0] > 2 * gaps[1] > 2 * gaps[2]
