import math

import numpy as np
import pytest
from scipy.special import erf

from replication.errors import ReplicationError
from replication.finite_width.ensemble import train_ensemble
from replication.finite_width.initialisation import initial_weights
from replication.finite_width.network import StackedDense, StackedMLP
from replication.finite_width.training import train
from replication.seeds import generator
from replication.settings import MLPSpec

OUTPUTS = 3
RELU = {"activation": "relu", "weight_variance": 2.0, "bias_variance": 0.0}
ERF = {"activation": "erf", "weight_variance": 1.9, "bias_variance": 0.2}


def data(inputs=12, training_size=20, test_size=15):
    rng = np.random.default_rng(5)
    return [
        rng.standard_normal((points, columns)) for points in (training_size, test_size) for columns in (inputs, OUTPUTS)
    ]  # x, y, test_x, test_y


def members_of(spec, inputs, width, members):
    return [initial_weights(spec, inputs, width, OUTPUTS, np.random.default_rng(member)) for member in range(members)]


def outputs_of(spec, weights, x):
    """Outputs of one member, (points, outputs), by the Keras network."""
    first, *behind = [(weight[None], bias[None]) for weight, bias in weights]
    return StackedMLP(spec, StackedDense(spec, *first), behind)(np.asarray(x, np.float32)).numpy()[0]


# An independent implementation, float64 and NumPy, of the formulas of the MLP and its gradients.


def reference_forward(spec, weights, x):
    phi = erf if spec.activation == "erf" else lambda z: np.maximum(z, 0)
    zs = []
    for layer, (weight, bias) in enumerate(weights):
        h = x if layer == 0 else phi(zs[-1])
        zs.append(math.sqrt(spec.weight_variance / weight.shape[0]) * h @ weight + math.sqrt(spec.bias_variance) * bias)
    return zs, phi


def reference_loss(spec, weights, x, y):
    return ((reference_forward(spec, weights, x)[0][-1] - y) ** 2).sum() / (2 * len(x))


def reference_gradient(spec, weights, x, y):
    zs, phi = reference_forward(spec, weights, x)
    slope = (lambda z: 2 / math.sqrt(math.pi) * np.exp(-(z**2))) if spec.activation == "erf" else lambda z: z > 0
    delta, gradient = (zs[-1] - y) / len(x), []
    for layer in reversed(range(len(weights))):
        scale = math.sqrt(spec.weight_variance / weights[layer][0].shape[0])
        h = phi(zs[layer - 1]) if layer else x
        gradient.insert(0, (scale * h.T @ delta, math.sqrt(spec.bias_variance) * delta.sum(0)))
        if layer:
            delta = scale * delta @ weights[layer][0].T * slope(zs[layer - 1])
    return gradient


def reference_training(spec, weights, x, y, learning_rate, steps):
    weights = [(weight.astype(float), bias.astype(float)) for weight, bias in weights]
    for _ in range(steps):
        gradient = reference_gradient(spec, weights, x, y)
        weights = [
            (weight - learning_rate * dweight, bias - learning_rate * dbias)
            for (weight, bias), (dweight, dbias) in zip(weights, gradient, strict=True)
        ]
    return weights


@pytest.mark.parametrize("kind", [RELU, ERF])
def test_reference_gradient_agrees_with_finite_differences(kind):
    spec = MLPSpec(depth=2, **kind)
    x, y, *_ = data()
    weights = [(weight.astype(float), bias.astype(float)) for weight, bias in members_of(spec, 12, 7, 1)[0]]
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
    spec = MLPSpec(depth=depth, **kind)
    x, y, test_x, test_y = data()
    members = members_of(spec, 12, 16, 2)
    losses = train(spec, members, x, y, test_x, test_y, 0.1, steps, dual=dual)
    # a ReLU at its kink for an instant turns rounding into a small but finite step of the weights
    tolerance = 2e-3 if spec.activation == "relu" and steps > 1 else 3e-6
    for k, weights in enumerate(members):
        trained = reference_training(spec, weights, x, y, 0.1, steps)
        assert losses.training_loss[k] == pytest.approx(reference_loss(spec, trained, x, y), rel=tolerance)
        assert losses.test_loss[k] == pytest.approx(reference_loss(spec, trained, test_x, test_y), rel=tolerance)


@pytest.mark.parametrize(("training_size", "dual"), [(23, True), (24, False)])
def test_dual_variables_are_chosen_below_twice_the_inputs(training_size, dual):
    spec = MLPSpec(depth=1, **ERF)
    arguments = spec, members_of(spec, 12, 16, 2), *data(12, training_size), 0.1, 150
    chosen, told, other = train(*arguments), train(*arguments, dual=dual), train(*arguments, dual=not dual)
    np.testing.assert_array_equal(chosen, told)
    np.testing.assert_allclose(chosen, other, rtol=2e-5)
    assert not np.array_equal(chosen, other)  # the two differ in rounding, so equality above means something


@pytest.mark.parametrize("kind", [RELU, ERF])
def test_network_agrees_with_neural_tangents_stax(kind):
    from neural_tangents import stax

    spec = MLPSpec(depth=2, **kind)
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
    spec = MLPSpec(depth=2, **kind)
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


def ensemble(members, steps=120, learning_rate=0.1, seed=3, width=16, **options):
    spec = MLPSpec(depth=2, **ERF)
    return train_ensemble(spec, width, members, seed, "digits", *data(), learning_rate, steps, **options)


def test_members_differ_and_learn():
    before, after = ensemble(range(5), steps=0), ensemble(range(5))
    assert (after.training_loss < 0.5 * before.training_loss).all()
    assert len(set(after.test_loss)) == len(set(before.test_loss)) == 5
    assert after.test_loss.shape == after.training_loss.shape == (5,)


def test_a_member_does_not_depend_on_its_company():
    together = ensemble(range(3))
    np.testing.assert_array_equal(ensemble(range(3)), together)
    np.testing.assert_array_equal(ensemble(range(3), memory_limit=1), together)
    np.testing.assert_array_equal(ensemble(range(2, 3)), np.array(together)[:, 2:])


def test_members_stacked_in_one_product_agree():
    spec = MLPSpec(depth=2, **ERF)
    arguments = spec, members_of(spec, 12, 16, 5), *data(), 0.1, 120
    np.testing.assert_allclose(train(*arguments, together=True), train(*arguments, together=False), rtol=2e-5)


def test_members_are_named_by_seed_task_width_and_training_size():
    spec = MLPSpec(depth=2, **ERF)
    weights = initial_weights(spec, 12, 16, OUTPUTS, generator(3, "member", "digits", 16, 20, 4))
    assert [weight.shape for weight, _ in weights] == [(12, 16), (16, 16), (16, OUTPUTS)]
    assert [bias.shape for _, bias in weights] == [(16,), (16,), (OUTPUTS,)]
    assert {array.dtype for layer in weights for array in layer} == {np.dtype("float32")}
    np.testing.assert_array_equal(train(spec, [weights], *data(), 0.1, 120), ensemble(range(4, 5)))
    assert ensemble(range(4, 5), seed=4).test_loss != ensemble(range(4, 5)).test_loss


def test_weights_and_biases_are_standard_normal():
    for array in initial_weights(MLPSpec(depth=1, **ERF), 40, 40_000, 1, np.random.default_rng(0))[0]:
        assert abs(array.mean()) < 4 / math.sqrt(array.size)
        assert abs((array**2).mean() - 1) < 4 * math.sqrt(2 / array.size)


def test_progress_counts_member_steps():
    told = []
    ensemble(range(5), steps=230, on_progress=told.append)
    assert sum(told) == 5 * 230
    assert len(told) == 3


@pytest.mark.parametrize("learning_rate", [30.0, 1e6])
def test_divergence_names_the_learning_rate_and_the_remedy(learning_rate):
    with pytest.raises(ReplicationError, match="learning_rate_fraction") as error:
        ensemble(range(2), learning_rate=learning_rate)
    assert f"{learning_rate:.4g}" in str(error.value)
