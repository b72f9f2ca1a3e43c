"""The linearised network against its explicit kernel in float64, and the series that it rests on."""

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from replication.finite_width.chebyshev import PRECISION, descent_series
from replication.finite_width.ensemble import Data
from replication.finite_width.linearised import linearise
from replication.finite_width.training import Diverged, train
from replication.settings.network import MLP
from replication.settings.training import heavy_ball
from tests.reference_network import (
    CPU,
    ERF,
    OUTPUTS,
    RELU,
    backward,
    data,
    doubles,
    members_of,
    reference_forward,
    training_of,
)

RATE = 0.1
MOMENTUM = 0.8  # of training_of


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 101, 500, 10_000])
def test_the_series_is_that_of_gradient_descent(steps):
    """Against the sum of powers; and by an independent count, it has some sqrt(2 k ln(1 / precision)) terms."""
    coefficients = descent_series(steps)
    # gradient descent keeps eigenvalues of S = 1 - t in [0, 2]
    t = np.concatenate([np.linspace(-1, 1, 41)[:-1], 1 - np.logspace(-9, -1, 20)])
    exact = (1 - t**steps) / (1 - t)
    np.testing.assert_allclose(chebyshev.chebval(t, coefficients), exact, atol=2 * PRECISION, rtol=1e-7)
    assert len(coefficients) <= max(2, min(steps, 1.3 * np.sqrt(2 * steps * np.log(steps / PRECISION))))


@pytest.mark.parametrize("momentum", [0.5, 0.9, heavy_ball])
@pytest.mark.parametrize("steps", [1, 2, 10, 300])
def test_the_series_of_momentum_is_that_of_its_steps(steps, momentum):
    """What a ball in one mode has moved by, per unit of its first residual and of the kernel's eigenvalue."""
    coefficients = descent_series(steps, momentum)
    for t in np.concatenate([np.linspace(-1, 0.9, 20), 1 - np.logspace(-6, -2, 5)]):
        moved = velocity = 0.0
        for step in range(steps):
            beta = step / (step + 6) if momentum is heavy_ball else momentum
            velocity = beta * velocity + (1 - (1 - t) * moved)
            moved += velocity
        assert chebyshev.chebval(t, coefficients) == pytest.approx(moved, abs=2e-7, rel=1e-7)


def exact_losses(spec, weights, both, steps, factors=1.0, momentum=0.0):
    """Losses of the linearised network by its Jacobian, step by step; factors: of the learning rates, one per array."""
    weights = doubles(weights)

    def outputs_and_jacobian(x):
        basis = np.eye(len(x) * OUTPUTS).reshape(-1, len(x), OUTPUTS)
        rows = [
            np.concatenate([a.ravel() for layer in backward(spec, weights, x, one) for a in layer]) for one in basis
        ]
        return reference_forward(spec, weights, x)[0][-1].ravel(), np.array(rows)

    (f, jacobian), (test_f, test_jacobian) = outputs_and_jacobian(both.x), outputs_and_jacobian(both.test_x)
    moved, velocity = np.zeros(jacobian.shape[1]), 0.0
    for step in range(steps):
        beta = step / (step + 6) if momentum is heavy_ball else momentum
        gradient = factors * (jacobian.T @ (f + jacobian @ moved - both.y.ravel())) / len(both.x)
        velocity = beta * velocity - RATE * gradient
        moved += velocity
    errors = (f + jacobian @ moved - both.y.ravel(), test_f + test_jacobian @ moved - both.test_y.ravel())
    return [error @ error / (2 * len(error) / OUTPUTS) for error in errors]


# below and above the number of points from which products go by the Gram matrix or not
@pytest.mark.parametrize("training_size", [10, 28, 40])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("kind", [RELU, ERF])
@pytest.mark.parametrize("steps", [1, 400])
def test_linearised_members_agree_with_the_explicit_kernel(training_size, depth, kind, steps):
    spec, both = MLP(depth=depth, **kind), data(12, training_size)
    members = members_of(spec, 12, 16, 2)
    losses = linearise(spec, training_of(steps), members, both, RATE, CPU)
    for member, weights in enumerate(members):
        expected = exact_losses(spec, weights, both, steps)
        # atol: converged losses are of differences between nearly equal outputs, of order one
        np.testing.assert_allclose([losses[0][member], losses[1][member]], expected, rtol=3e-5, atol=5e-8)


@pytest.mark.parametrize(("algorithm", "momentum"), [("momentum", MOMENTUM), ("heavy_ball", heavy_ball)])
@pytest.mark.parametrize("steps", [1, 150])
def test_linearised_members_with_momentum_agree_with_the_explicit_kernel(steps, algorithm, momentum):
    spec, both = MLP(depth=2, **ERF), data()
    members = members_of(spec, 12, 16, 2)
    losses = linearise(spec, training_of(steps, algorithm), members, both, RATE, CPU)
    for member, weights in enumerate(members):
        expected = exact_losses(spec, weights, both, steps, momentum=momentum)
        np.testing.assert_allclose([losses[0][member], losses[1][member]], expected, rtol=3e-5, atol=5e-8)


def test_in_standard_parametrisation_layers_learn_at_their_own_rates():
    spec, both = MLP(depth=2, **ERF), data()
    members = members_of(spec, 12, 8, 1)
    losses = linearise(spec, training_of(60, parametrisation="standard"), members, both, RATE / 10, CPU)
    factors = []
    for weight, bias in members[0]:
        factors += [weight.shape[0] / spec.weight_variance] * weight.size + [1 / spec.bias_variance] * bias.size
    expected = exact_losses(spec, members[0], both, 60, np.array(factors) / 10)
    np.testing.assert_allclose([losses[0][0], losses[1][0]], expected, rtol=3e-5)


def test_linearised_members_approach_trained_ones_as_1_over_width():
    """The difference of the losses falls like the kernel's change, 1 / n in mean: by 64 between widths 16 and 1024."""
    spec, both, gaps = MLP(depth=2, **ERF), data(), []
    for width in (16, 1024):
        arguments = spec, training_of(100), members_of(spec, 12, width, 8), both, RATE, CPU
        gaps.append(np.abs(np.log(linearise(*arguments).test_loss / train(*arguments).test_loss)).mean())
    assert 16 < gaps[0] / gaps[1] < 256


@pytest.mark.parametrize("rate", [30.0, 1e6])
def test_divergence_is_seen(rate):
    spec = MLP(depth=2, **ERF)
    with pytest.raises(Diverged):
        linearise(spec, training_of(200), members_of(spec, 12, 16, 2), data(), rate, CPU)


def test_the_first_step_is_that_of_the_network_itself():
    """After one step the linearised training loss differs from the trained one by second order in the rate."""
    spec, both = MLP(depth=2, **ERF), data()
    members, gaps = members_of(spec, 12, 16, 1), []
    for rate in (1e-2, 1e-3):
        pair = [how(spec, training_of(1), members, Data(*both), rate, CPU) for how in (linearise, train)]
        gaps.append(abs(pair[0].training_loss[0] - pair[1].training_loss[0]))
    assert gaps[0] < 1e-2
    assert gaps[1] < 0.05 * gaps[0]
