"""Infinite width for other ways of descending: layers at rates of their own, and momentum."""

import numpy as np
import pytest

from replication.finite_width.parametrisation import layer_rates
from replication.infinite_width import predictions
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.predictions import KernelMatrices
from replication.loss_distribution.moments import gaussian_moments
from replication.network import initial_weights
from replication.settings.network import MLP
from replication.settings.training import heavy_ball
from tests.reference_network import ERF, RELU, backward, doubles


@pytest.fixture
def points(rng):
    return rng.normal(size=(9, 5)), rng.normal(size=(6, 5))


def test_rates_of_one_are_the_kernel_itself(spec, points):
    for x2 in (None, points[1]):
        plain, rated = kernels(spec, points[0], x2), kernels(spec, points[0], x2, [(1.0, 1.0)] * 3)
        np.testing.assert_allclose(rated.ntk, plain.ntk, rtol=1e-14)
        np.testing.assert_array_equal(rated.nngp, plain.nngp)


def test_the_kernel_is_the_sum_of_what_every_array_adds(spec, points):
    shares = []
    for layer in range(3):
        for kind in range(2):
            rates = np.zeros((3, 2))
            rates[layer, kind] = 1
            shares.append(kernels(spec, *points, [tuple(rate) for rate in rates]).ntk)
    np.testing.assert_allclose(sum(shares), kernels(spec, *points).ntk, rtol=1e-13)
    factors = [(3.0, 0.5), (2.0, 7.0), (0.1, 4.0)]
    expected = sum(factor * share for factor, share in zip(np.ravel(factors), shares, strict=True))
    np.testing.assert_allclose(kernels(spec, *points, factors).ntk, expected, rtol=1e-13)


@pytest.mark.parametrize("kind", [RELU, ERF])
def test_the_standard_kernel_is_the_mean_of_wide_networks(kind, points):
    """Mean of the rated empirical kernel over draws within 5 standard errors and the 1/n of a width of 256."""
    spec, width, x = MLP(depth=2, **kind), 256, points[0]
    rates = layer_rates(spec, "standard", 5, width)
    found = []
    for member in range(24):
        weights = doubles(initial_weights(spec, 5, width, 1, np.random.default_rng(member)))
        total = 0.0
        for layer, (weight_rate, bias_rate) in enumerate(rates):
            rows = [backward(spec, weights, x, one)[layer] for one in np.eye(9)[:, :, None]]
            for part, rate in enumerate((weight_rate, bias_rate)):
                flat = np.array([row[part].ravel() for row in rows])
                total = total + rate * flat @ flat.T
        found.append(total)
    exact = kernels(spec, x, None, rates).ntk
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - exact) < 5 * error + 4 / width * np.abs(exact).max()).all()
    assert (error < 0.05 * exact.diagonal().max()).all()


@pytest.mark.parametrize("momenta", [0.7, heavy_ball])
@pytest.mark.parametrize("steps", [1, 2, 7, 300])
def test_momentum_agrees_with_its_steps(spec, points, rng, steps, momenta):
    """Mean outputs, covariance and training loss against the recursion on outputs and their velocity, step by step."""
    x, test_x = points
    y = rng.normal(size=(9, 2))
    parts = kernels(spec, x), kernels(spec, x, test_x), kernels(spec, test_x).nngp
    descent = predictions.gradient_descent(KernelMatrices(*parts, y), 9, 0.4, steps, momenta=momenta)
    theta, cross = parts[0].ntk, parts[1].ntk
    assert descent.learning_rate == pytest.approx(0.4 * 2 * 9 / np.linalg.eigvalsh(theta)[-1])
    # outputs are linear in (targets, outputs at initialisation), which stand side by side in the columns
    test_count = len(test_x)
    f, f_test = np.hstack([np.zeros((9, 2)), np.eye(9), np.zeros((9, test_count))]), None
    f_test = np.hstack([np.zeros((test_count, 2 + 9)), np.eye(test_count)])
    targets = np.hstack([y, np.zeros((9, 9 + test_count))])
    velocity = np.zeros_like(f)
    for step in range(steps):
        velocity = (0.7 if momenta == 0.7 else step / (step + 6)) * velocity + (f - targets) / 9
        f, f_test = f - descent.learning_rate * theta @ velocity, f_test - descent.learning_rate * cross.T @ velocity
    joint = np.block([[parts[0].nngp, parts[1].nngp], [parts[1].nngp.T, parts[2]]])
    np.testing.assert_allclose(descent.prediction.mean, f_test[:, :2], atol=1e-10)
    np.testing.assert_allclose(descent.prediction.covariance, f_test[:, 2:] @ joint @ f_test[:, 2:].T, atol=1e-10)
    residual = f - targets
    left = residual[:, 2:] @ joint @ residual[:, 2:].T
    expected = (np.sum(residual[:, :2] ** 2) + 2 * np.trace(left)) / 18
    assert descent.training_loss == pytest.approx(expected, rel=1e-8)


def test_momentum_of_nearly_zero_is_gradient_descent(spec, points, rng):
    x, test_x = points
    parts = kernels(spec, x), kernels(spec, x, test_x), kernels(spec, test_x).nngp
    problem, test_y = KernelMatrices(*parts, rng.normal(size=(9, 2))), rng.normal(size=(6, 2))
    found = [
        gaussian_moments(*predictions.gradient_descent(problem, 9, 0.4, 50, momentum).prediction[:2], test_y)
        for momentum in (0.0, 1e-13)
    ]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)
