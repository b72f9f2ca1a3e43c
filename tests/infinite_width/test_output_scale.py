"""Networks whose outputs are multiplied, or less what they are at initialisation: kernels, and the matched scale."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.infinite_width import closed_form
from replication.infinite_width.kernels import evaluate_kernels
from replication.infinite_width.learning_curve import compute_kernels, learning_curve
from replication.infinite_width.output_scale import matched
from replication.network import forward, initial_weights
from replication.settings.network import MLP

RNG = np.random.default_rng(11)
X, Y, TEST_X, TEST_Y = (RNG.normal(size=shape) for shape in ((20, 5), (20, 2), (9, 5), (9, 2)))
NETWORK = MLP(depth=2, activation="erf", weight_variance=1.4, bias_variance=0.3)
SCALED = NETWORK.model_copy(update={"output_scale": 0.3})


@pytest.mark.parametrize("engine", ["closed_form", "neural_tangents"])
@pytest.mark.parametrize("other", [None, TEST_X])
def test_both_kernels_take_the_square_of_the_scale(engine, other):
    plain, scaled = (evaluate_kernels(network, engine, X, other) for network in (NETWORK, SCALED))
    np.testing.assert_allclose(scaled.nngp, 0.09 * plain.nngp, rtol=1e-14)
    np.testing.assert_allclose(scaled.ntk, 0.09 * plain.ntk, rtol=1e-14)


def test_every_way_to_a_kernel_agrees():
    full = closed_form.kernels(SCALED, X)
    np.testing.assert_allclose(closed_form.nngp(SCALED, X), full.nngp, rtol=1e-13)
    for found, matrix in zip(closed_form.diagonal(SCALED, X), full, strict=True):
        np.testing.assert_allclose(found, np.diag(matrix), rtol=1e-13)


@pytest.mark.parametrize("engine", ["closed_form", "neural_tangents"])
def test_a_centred_network_starts_from_zero_and_learns_alike(engine):
    plain, centred = (evaluate_kernels(n, engine, X) for n in (SCALED, SCALED.model_copy(update={"centred": True})))
    assert not centred.nngp.any()
    np.testing.assert_array_equal(centred.ntk, plain.ntk)


def test_scaling_the_outputs_is_scaling_the_targets_the_other_way():
    """f = g h on Y is h on Y / g, with losses g^2 times as large."""
    scaled, plain = (
        list(learning_curve(compute_kernels(network, "closed_form", X, y, TEST_X), test_y, (8, 20), confidence=0.68))
        for network, y, test_y in ((SCALED, Y, TEST_Y), (NETWORK, Y / 0.3, TEST_Y / 0.3))
    )
    for one, other in zip(scaled, plain, strict=True):
        for name in ("mean", "std", "loss_lower", "loss_upper"):
            assert one[name] == pytest.approx(0.09 * other[name], rel=1e-9)
        assert one["coefficient_of_variation"] == pytest.approx(other["coefficient_of_variation"], rel=1e-9)


def test_the_loss_of_centred_networks_is_one_number():
    network = NETWORK.model_copy(update={"centred": True})
    kernels = compute_kernels(network, "closed_form", X, Y, TEST_X)
    (row,) = learning_curve(kernels, TEST_Y, (20,), confidence=0.68)
    theta, cross = (closed_form.kernels(NETWORK, X, other).ntk for other in (None, TEST_X))
    expected = np.sum((cross.T @ np.linalg.solve(theta, Y) - TEST_Y) ** 2) / 18
    assert row["method"] == "gradient_descent"
    assert [row[name] for name in ("mean", "loss_lower", "loss_upper")] == pytest.approx(3 * [expected], rel=1e-8)
    assert row["std"] == row["coefficient_of_variation"] == 0


def test_matched_outputs_scatter_as_the_targets_do():
    """Over 4000 networks of width 64: the variance within four standard errors."""
    y = 3 + 0.7 * RNG.normal(size=(20, 1))  # about a mean, which is not scatter
    network = matched(MLP(depth=1, bias_variance=0.2, output_scale="matched"), X, y)
    draws = (initial_weights(network, 5, 64, 1, np.random.default_rng(draw)) for draw in range(4000))
    squares = [np.mean(forward(network, weights, X) ** 2) for weights in draws]
    assert abs(np.mean(squares) - np.var(y)) < 4 * np.std(squares) / np.sqrt(4000)
    assert matched(NETWORK, X, y) is NETWORK


def test_a_scale_that_is_not_known_is_one_line():
    network = MLP(depth=1, output_scale="matched")
    with pytest.raises(ReplicationError, match="match targets that are not known here: give a number"):
        closed_form.kernels(network, X)
    with pytest.raises(ReplicationError, match="do not vary: give a number"):
        matched(network, X, np.ones((20, 2)))
