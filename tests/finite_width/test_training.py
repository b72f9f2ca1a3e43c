"""Networks and gradient descent at finite width, against an independent implementation."""

import math

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.finite_width.devices import select_devices
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.layers import factors_of, outputs, trained_arrays
from replication.finite_width.members import chunk_size, member_losses
from replication.finite_width.training import Diverged, train
from replication.network import initial_weights
from replication.seeds import generator
from replication.settings.network import MLP
from tests.reference_network import (
    CPU,
    ERF,
    OUTPUTS,
    RELU,
    data,
    doubles,
    members_of,
    reference_gradient,
    reference_loss,
    reference_training,
    training_of,
)


def outputs_of(spec, weights, x):
    """Outputs of one member, (points, outputs), by the network that is trained."""
    factors = factors_of(spec, "ntk", x.shape[1], weights[0][0].shape[1])
    state = trained_arrays(spec, [[array[None] for array in layer] for layer in weights])
    return outputs(spec, factors, state, np.asarray(x, np.float32), dual=False).numpy()[0]


@pytest.mark.parametrize("kind", [RELU, ERF])
def test_reference_gradient_agrees_with_finite_differences(kind):
    spec = MLP(depth=2, **kind)
    x, y, *_ = data()
    weights = doubles(members_of(spec, 12, 7, 1)[0])
    gradient, step = reference_gradient(spec, weights, x, y), 1e-6
    for layer, kind_of_weight in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]:
        array = weights[layer][kind_of_weight]
        for index in (0, array.size // 2, array.size - 1):
            losses = []
            for sign in (1, -1):
                array.flat[index] += sign * step
                losses.append(reference_loss(spec, weights, x, y))
                array.flat[index] -= sign * step
            numerical = (losses[0] - losses[1]) / (2 * step)
            assert gradient[layer][kind_of_weight].flat[index] == pytest.approx(numerical, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("dual", [True, False])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("kind", [RELU, ERF])
@pytest.mark.parametrize("steps", [1, 130])
def test_training_agrees_with_float64_reference(dual, depth, kind, steps):
    spec = MLP(depth=depth, **kind)
    x, y, test_x, test_y = data()
    members = members_of(spec, 12, 16, 2)
    losses = train(spec, training_of(steps), members, data(), 0.1, CPU, dual=dual)
    # a ReLU at its kink for an instant turns rounding into a small but finite step of the weights
    tolerance = 2e-3 if spec.activation == "relu" and steps > 1 else 3e-6
    for k, weights in enumerate(members):
        trained = reference_training(spec, weights, x, y, 0.1, steps)
        assert losses.training_loss[k] == pytest.approx(reference_loss(spec, trained, x, y), rel=tolerance)
        assert losses.test_loss[k] == pytest.approx(reference_loss(spec, trained, test_x, test_y), rel=tolerance)


@pytest.mark.parametrize(("training_size", "dual"), [(23, True), (24, False)])
def test_dual_variables_are_chosen_below_twice_the_inputs(training_size, dual):
    spec = MLP(depth=1, **ERF)
    arguments = spec, training_of(150), members_of(spec, 12, 16, 2), data(12, training_size), 0.1, CPU
    chosen, told, other = train(*arguments), train(*arguments, dual=dual), train(*arguments, dual=not dual)
    np.testing.assert_array_equal(chosen, told)
    np.testing.assert_allclose(chosen, other, rtol=2e-5)
    assert not np.array_equal(chosen, other)  # the two differ in rounding, so equality above means something


@pytest.mark.parametrize("kind", [RELU, ERF])
def test_network_agrees_with_neural_tangents_stax(kind):
    from neural_tangents import stax

    spec = MLP(depth=2, **kind)
    x = data()[0].astype(np.float32)
    weights = members_of(spec, 12, 16, 1)[0]
    std = {"W_std": math.sqrt(spec.weight_variance), "b_std": math.sqrt(spec.bias_variance) or None}
    activation = {"relu": stax.Relu, "erf": stax.Erf}[spec.activation]
    layers = [layer for _ in range(spec.depth) for layer in (stax.Dense(16, **std), activation())]
    _, apply, _ = stax.serial(*layers, stax.Dense(OUTPUTS, **std))
    parameters = [()] * (2 * spec.depth + 1)
    parameters[::2] = [(weight, bias if std["b_std"] else None) for weight, bias in weights]
    np.testing.assert_allclose(outputs_of(spec, weights, x), apply(parameters, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [RELU, ERF])
def test_second_moment_of_wide_networks_is_the_nngp_kernel(kind):
    spec = MLP(depth=2, **kind)
    x = data()[0][:5]
    kernel = spec.bias_variance + spec.weight_variance * x @ x.T / x.shape[1]
    for _ in range(spec.depth):
        diagonal = np.diag(kernel)
        if spec.activation == "relu":
            norm = np.sqrt(np.outer(diagonal, diagonal))
            angle = np.arccos(np.clip(kernel / norm, -1, 1))
            moment = norm * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
        else:
            moment = 2 / np.pi * np.arcsin(2 * kernel / np.sqrt(np.outer(1 + 2 * diagonal, 1 + 2 * diagonal)))
        kernel = spec.bias_variance + spec.weight_variance * moment

    outputs = np.array([outputs_of(spec, weights, x) for weights in members_of(spec, 12, 512, 100)])
    moments = np.einsum("kai,kbi->kab", outputs, outputs) / OUTPUTS
    standard_error = moments.std(0, ddof=1) / math.sqrt(len(moments))
    assert (np.abs(moments.mean(0) - kernel) < 4 * standard_error).all()
    assert (standard_error < 0.15 * np.diag(kernel).max()).all()


def ensemble(training_size=20, steps=120, learning_rate=0.1, seed=3, width=16, largest=0.2, method="trained"):
    network, training = MLP(depth=2, **ERF), training_of(steps)
    return Ensemble(method, seed, "digits", network, training, width, training_size, learning_rate, largest)


def losses_of(members, on_progress=lambda steps: None, **changed):
    return member_losses(ensemble(**changed), members, data(), "cpu", on_progress)[0]


def test_members_differ_and_learn():
    before, after = losses_of(range(5), steps=1), losses_of(range(5))
    assert (after.training_loss < 0.5 * before.training_loss).all()
    assert len(set(after.test_loss)) == len(set(before.test_loss)) == 5
    assert after.test_loss.shape == after.training_loss.shape == (5,)


@pytest.mark.parametrize("method", ["trained", "linearised"])
def test_a_member_does_not_depend_on_its_company(method):
    together = losses_of(range(3), method=method)
    np.testing.assert_array_equal(losses_of(range(3), method=method), together)
    np.testing.assert_array_equal(losses_of(range(2, 3), method=method), np.array(together)[:, 2:])


@pytest.mark.parametrize("dual", [True, False])
def test_members_stacked_in_one_product_agree(dual):
    """As on a GPU; here the stack lies on the processor."""
    spec = MLP(depth=2, **ERF)
    arguments = spec, training_of(120), members_of(spec, 12, 16, 5), data(), 0.1
    stacked = CPU._replace(devices=("CPU:0",))
    assert stacked.stacked
    assert not CPU.stacked
    np.testing.assert_allclose(train(*arguments, stacked, dual=dual), train(*arguments, CPU, dual=dual), rtol=2e-5)


def test_members_are_named_by_seed_task_and_width():
    spec = MLP(depth=2, **ERF)
    weights = initial_weights(spec, 12, 16, OUTPUTS, generator(3, "member", "digits", 16, 4))
    assert [weight.shape for weight, _ in weights] == [(12, 16), (16, 16), (16, OUTPUTS)]
    assert [bias.shape for _, bias in weights] == [(16,), (16,), (OUTPUTS,)]
    assert {array.dtype for layer in weights for array in layer} == {np.dtype("float32")}
    np.testing.assert_array_equal(train(spec, training_of(120), [weights], data(), 0.1, CPU), losses_of(range(4, 5)))
    assert losses_of(range(4, 5), seed=4).test_loss != losses_of(range(4, 5)).test_loss


def test_weights_and_biases_are_standard_normal():
    for array in initial_weights(MLP(depth=1, **ERF), 40, 40_000, 1, np.random.default_rng(0))[0]:
        assert abs(array.mean()) < 4 / math.sqrt(array.size)
        assert abs((array**2).mean() - 1) < 4 * math.sqrt(2 / array.size)


def test_progress_counts_member_steps():
    told = []
    losses_of(range(5), told.append, steps=230)
    assert sum(told) == 5 * 230
    assert len(told) == 5 * 3


@pytest.mark.parametrize("learning_rate", [30.0, 1e6])
@pytest.mark.parametrize("method", ["trained", "linearised"])
def test_divergence_names_the_rate_its_limit_and_the_remedy(learning_rate, method):
    with pytest.raises(ReplicationError, match="learning_rate_fraction") as error:
        losses_of(range(2), learning_rate=learning_rate, largest=7.5, method=method)
    assert not isinstance(error.value, Diverged)
    message = str(error.value)
    assert "\n" not in message
    for part in (f"{learning_rate:.4g}", "7.5", f"{learning_rate / 7.5:.2g}", "width 16", "N_D 20"):
        assert part in message


def test_chunks_keep_every_core_busy_and_fit_into_memory():
    small = chunk_size(ensemble(), data(), "cpu")
    assert small % len(select_devices("cpu").devices) == 0
    assert small >= 2 * len(select_devices("cpu").devices)
    assert chunk_size(ensemble(width=10**6), data(), "cpu") == len(select_devices("cpu").devices)
