"""The two branches against each other: wide trained ensembles have the moments that infinite width predicts."""

import numpy as np
import pytest

from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.members import member_losses
from replication.infinite_width import predictions
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.predictions import KernelMatrices
from replication.loss_distribution.moments import bootstrap, gaussian_moments
from replication.settings.network import MLP
from tests.reference_network import training_of

STEPS, MEMBERS = 100, 96


def losses_of(method, spec, width, problem, learning_rate):
    x, *_ = problem
    ensemble = Ensemble(method, 1, "toys", spec, training_of(STEPS), width, len(x), learning_rate, float("nan"))
    return member_losses(ensemble, range(MEMBERS), Data(*problem), "cpu")[0]


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(8)
    x, test_x = rng.normal(size=(12, 10)), rng.normal(size=(40, 10))
    teacher = rng.normal(size=(10, 2)) / 10
    return x, np.sin(x @ teacher), test_x, np.sin(test_x @ teacher)


@pytest.mark.parametrize("method", ["trained", "linearised"])
@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_wide_ensembles_have_the_predicted_moments(problem, activation, method):
    """Mean, standard deviation and eps_L of the test loss, and the mean training loss, within 4 standard errors."""
    spec = MLP(depth=1, activation=activation, weight_variance=1.5, bias_variance=0.1)
    x, y, test_x, test_y = problem
    parts = kernels(spec, x), kernels(spec, x, test_x), kernels(spec, test_x).nngp
    descent = predictions.gradient_descent(KernelMatrices(*parts, y), len(x), 0.5, STEPS)
    exact = gaussian_moments(descent.prediction.mean, descent.prediction.covariance, test_y)
    losses = losses_of(method, spec, 2048, problem, descent.learning_rate)
    rows = bootstrap(losses.test_loss.astype(float), 0.68, 2000, np.random.default_rng(0)).set_index("statistic")
    for name, value in exact._asdict().items():
        assert abs(rows.loc[name, "estimate"] - value) < 4 * rows.loc[name, "standard_error"], name
    error = losses.training_loss.std(ddof=1) / np.sqrt(MEMBERS)
    assert abs(losses.training_loss.mean() - descent.training_loss) < 4 * error


@pytest.mark.parametrize("method", ["trained", "linearised"])
def test_the_difference_to_infinite_width_falls_as_1_over_width(problem, method):
    """ln of the mean loss over its infinite-width value, times the width, is the same at two widths within errors."""
    spec = MLP(depth=3, activation="relu", weight_variance=2.0, bias_variance=0.0)
    x, y, test_x, test_y = problem
    parts = kernels(spec, x), kernels(spec, x, test_x), kernels(spec, test_x).nngp
    descent = predictions.gradient_descent(KernelMatrices(*parts, y), len(x), 0.2, STEPS)
    exact = gaussian_moments(descent.prediction.mean, descent.prediction.covariance, test_y).mean
    corrections, errors = [], []
    for width in (32, 128):
        losses = losses_of(method, spec, width, problem, descent.learning_rate).test_loss.astype(float)
        corrections.append(width * (losses.mean() / exact - 1))
        errors.append(width * losses.std(ddof=1) / exact / np.sqrt(MEMBERS))
    assert abs(corrections[0]) > 4 * errors[0]  # there is a correction
    assert abs(corrections[0] - corrections[1]) < 3 * np.hypot(*errors)
