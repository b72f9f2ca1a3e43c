"""Training algorithms and parametrisations, against their textbook forms in float64."""

import math

import numpy as np
import pytest

from replication.finite_width.batches import batches_of
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.members import member_losses
from replication.finite_width.parametrisation import kernel_rates, layer_rates, output_factor
from replication.finite_width.training import train
from replication.seeds import generator
from replication.settings.network import MLP
from tests.reference_network import (
    CPU,
    ERF,
    data,
    doubles,
    members_of,
    reference_gradient,
    reference_loss,
    reference_training,
    training_of,
)

SPEC = MLP(depth=2, **ERF)
WIDTH, INPUTS, STEPS = 16, 12, 110


def flat(gradient):
    return [array for layer in gradient for array in layer]


def pairs(arrays):
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def textbook(weights, x, y, algorithm, largest_rate, batches, schedule):
    """Heavy ball, stochastic gradients and Adam as their papers write them."""
    weights = flat(doubles(weights))
    first = [np.zeros_like(array) for array in weights]
    second = [np.zeros_like(array) for array in weights]
    for step in range(STEPS):
        rate = largest_rate * (math.cos(math.pi / 2 * step / STEPS) ** 2 if schedule == "cosine" else 1)
        rows = batches[step] if batches is not None else slice(None)
        gradients = flat(reference_gradient(SPEC, pairs(weights), x[rows], y[rows]))
        for index, gradient in enumerate(gradients):
            if algorithm in ("momentum", "heavy_ball"):
                beta = 0.8 if algorithm == "momentum" else step / (step + 6)
                first[index] = beta * first[index] - rate * gradient
                weights[index] = weights[index] + first[index]
            elif algorithm.endswith("adam"):
                first[index] = 0.9 * first[index] + 0.1 * gradient
                second[index] = 0.999 * second[index] + 0.001 * gradient**2
                alpha = rate * math.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
                epsilon = 1e-8 * math.sqrt(1 - 0.999 ** (step + 1))
                weights[index] = weights[index] - alpha * first[index] / (np.sqrt(second[index]) + epsilon)
            else:
                weights[index] = weights[index] - rate * gradient
    return pairs(weights)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize(
    ("algorithm", "rate"),
    [
        ("momentum", 0.05),
        ("heavy_ball", 0.02),
        ("minibatch_gradient_descent", 0.1),
        ("adam", 0.01),
        ("minibatch_adam", 0.01),
    ],
)
def test_algorithms_agree_with_their_textbook_form(algorithm, rate, schedule):
    members, both = members_of(SPEC, INPUTS, WIDTH, 2), data()
    batches = None
    if algorithm.startswith("minibatch"):
        batches = np.random.default_rng(0).integers(0, len(both.x), (STEPS, 8))
    if algorithm in ("momentum", "heavy_ball") and schedule == "cosine":
        pytest.skip("the velocity holds rates of the past in the textbook's form, and not in ours")
    losses = train(SPEC, training_of(STEPS, algorithm, schedule=schedule), members, both, rate, CPU, batches)
    for member, weights in enumerate(members):
        trained = textbook(weights, both.x, both.y, algorithm, rate, batches, schedule)
        for found, (x, y) in zip(losses[:2], (both[:2], both[2:]), strict=True):
            assert found[member] == pytest.approx(reference_loss(SPEC, trained, x, y), rel=1e-4)


def test_momentum_is_the_same_in_dual_variables():
    arguments = SPEC, training_of(STEPS, "momentum"), members_of(SPEC, INPUTS, WIDTH, 2), data(), 0.05, CPU
    np.testing.assert_allclose(train(*arguments, dual=True), train(*arguments, dual=False), rtol=2e-5)


def test_batches_are_epochs_of_one_shuffle_each_and_the_same_for_all_members():
    drawn = Ensemble("trained", 3, "digits", SPEC, training_of(50, "minibatch_adam"), WIDTH, 24, 0.1, 0.2)
    batches = batches_of(drawn)
    assert batches.shape == (50, 8)
    for epoch in batches[:48].reshape(16, 24):
        assert sorted(epoch) == list(range(24))
    assert not np.array_equal(batches[0:3], batches[3:6])
    np.testing.assert_array_equal(batches_of(drawn._replace(width=99)), batches)
    assert not np.array_equal(batches_of(drawn._replace(seed=4)), batches)


@pytest.mark.parametrize("algorithm", ["gradient_descent", "adam"])
def test_a_batch_as_large_as_the_training_set_is_all_of_it(algorithm):
    both = data()
    found = [
        member_losses(
            Ensemble("trained", 3, "digits", SPEC, training_of(50, name, batch_size=20), WIDTH, 20, 0.01, 0.2),
            range(2), both, "cpu",
        )[0][:2]
        for name in (f"minibatch_{algorithm}", algorithm)
    ]  # fmt: skip
    np.testing.assert_allclose(*found, rtol=2e-5)  # of gradient descent the one in dual variables, the other not


def test_algorithms_without_batches_in_their_name_see_every_point():
    for algorithm in ("gradient_descent", "momentum", "adam"):
        drawn = Ensemble("trained", 3, "digits", SPEC, training_of(50, algorithm), WIDTH, 24, 0.1, 0.2)
        assert batches_of(drawn) is None


def scaled(weights, factors):
    return [(a * weight, b * bias) for (weight, bias), (a, b) in zip(doubles(weights), factors, strict=True)]


@pytest.mark.parametrize("dual", [True, False])
@pytest.mark.parametrize("parametrisation", ["standard", "mup"])
def test_parametrisations_agree_with_gradient_descent_on_their_own_weights(parametrisation, dual):
    """Standard: w ~ N(0, C_W / fan_in), no factors. muP: the abc-table of Yang and Hu 2021 (arXiv 2011.14522)."""
    members, both, root = members_of(SPEC, INPUTS, WIDTH, 2), data(), math.sqrt(WIDTH)
    gain, offset = math.sqrt(SPEC.weight_variance), math.sqrt(SPEC.bias_variance)
    if parametrisation == "standard":
        own = [(gain / math.sqrt(fan_in), offset) for fan_in in (INPUTS, WIDTH, WIDTH)]
        scales, rate = [(1.0, 1.0)] * 3, 0.01
    else:
        own = [(1 / root, 1 / root)] * 3  # every weight is drawn from N(0, 1 / n)
        # multipliers sqrt(n), 1, 1 / sqrt(n); C_W, C_b and the input dimension are constants of the network
        scales = [(root * gain / math.sqrt(INPUTS), root * offset), (gain, root * offset), (gain / root, offset)]
        rate = 0.05
    losses = train(SPEC, training_of(STEPS, parametrisation=parametrisation), members, both, rate, CPU, dual=dual)
    for member, weights in enumerate(members):
        start = scaled(weights, own)
        trained = reference_training(SPEC, start, both.x, both.y, rate, STEPS, scales)
        assert reference_loss(SPEC, trained, both.x, both.y, scales) < 0.9 * reference_loss(
            SPEC, start, both.x, both.y, scales
        )
        for found, (x, y) in zip(losses[:2], (both[:2], both[2:]), strict=True):
            assert found[member] == pytest.approx(reference_loss(SPEC, trained, x, y, scales), rel=1e-4)


def test_mup_starts_near_zero_and_has_the_kernel_of_ntk():
    assert output_factor("mup", 64) == 1 / 8
    assert output_factor("ntk", 64) == output_factor("standard", 64) == 1
    for mine, ntk in zip(kernel_rates(SPEC, "mup", 5, 64), kernel_rates(SPEC, "ntk", 5, 64), strict=True):
        assert mine == pytest.approx(ntk)
    no_bias = SPEC.model_copy(update={"bias_variance": 0.0})
    assert [rates.bias for rates in layer_rates(no_bias, "standard", 5, 64)] == [1.0] * 3


def test_streams_of_members_and_batches_differ():
    assert generator(3, "batches", "digits", 24).random() != generator(3, "member", "digits", 24).random()
