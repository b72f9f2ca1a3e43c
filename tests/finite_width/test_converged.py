"""Exactly linearised members against an explicit Jacobian by automatic differentiation."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.finite_width.converged import Members, linearised_losses, losses_of
from replication.settings.network import MLP
from tests.perturbation.problems import ERF, RELU, RELU_WITH_BIASES, gaussian_data


def explicit_losses(spec, weights, data, size, scale):
    """Loss of one member from its Jacobian: T = J_* J' (J J')^-1."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    activation = {"relu": lambda z: jnp.maximum(z, 0.0), "erf": jax.scipy.special.erf}[spec.activation]

    def outputs(parameters, x):
        for place, (weight, bias) in enumerate(parameters):
            x = jnp.sqrt(spec.weight_variance / len(weight)) * x @ weight + jnp.sqrt(spec.bias_variance) * bias
            x = activation(x) if place < spec.depth else x
        return x.ravel()

    def jacobian(x):
        blocks = jax.tree.leaves(jax.jacobian(outputs)(weights, x))
        return np.concatenate([np.asarray(block).reshape(len(x) * data.y.shape[1], -1) for block in blocks], axis=1)

    x, y = data.x[:size], data.y[:size]
    j, test_j = jacobian(x), jacobian(data.test_x)
    transfer = test_j @ j.T @ np.linalg.inv(j @ j.T)
    f, test_f = (np.asarray(outputs(weights, points)) for points in (x, data.test_x))
    residual = scale * (test_f - transfer @ f) + transfer @ y.ravel() - data.test_y.ravel()
    return residual @ residual / (2 * len(data.test_x))


@pytest.mark.parametrize("spec", [RELU, RELU_WITH_BIASES, ERF, ERF.model_copy(update={"depth": 3})], ids=str)
def test_losses_are_those_of_the_explicit_jacobian(spec, rng):
    data, sizes = gaussian_data(points=6, tests=9, inputs=5), (4, 6)
    members = Members.draw(spec, 5, 40, 3, 2, rng)
    losses = losses_of(members, *data, sizes).losses
    for place, size in enumerate(sizes):
        for member in range(2):
            weights = [(weight[member], bias[member]) for weight, bias in members.weights]
            for scale in (1.0, 0.3, 0.0):
                expected = explicit_losses(spec, weights, data, size, scale)
                np.testing.assert_allclose(losses.at(scale)[place, member], expected, rtol=1e-10)


def test_wide_members_tend_to_infinite_width(rng):
    ensemble = linearised_losses(RELU, *gaussian_data(), (8,), 20_000, 20, rng)
    finite, infinite = (polynomial.at(1.0)[0] for polynomial in ensemble)
    assert np.corrcoef(finite, infinite)[0, 1] > 0.99
    np.testing.assert_allclose(finite, infinite, rtol=0.1)


def test_members_do_not_depend_on_how_they_are_stacked(monkeypatch):
    data = gaussian_data()
    together = linearised_losses(ERF, *data, (4, 8), 32, 6, np.random.default_rng(1))
    members = Members.draw(ERF, 10, 32, 3, 6, np.random.default_rng(1))
    alone = losses_of(members, *data, (4, 8)).losses
    np.testing.assert_allclose(together.losses.at(0.5), alone.at(0.5), rtol=1e-12)


def test_too_few_parameters_are_an_error(rng):
    spec = MLP(depth=1, activation="relu", weight_variance=2.0, bias_variance=0.0)
    with pytest.raises(ReplicationError, match="singular: widen"):
        linearised_losses(spec, *gaussian_data(points=30, inputs=4), (30,), 4, 2, rng)
