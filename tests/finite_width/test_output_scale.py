"""Members whose outputs are multiplied or centred, trained and linearised, against the same by other targets."""

import numpy as np
import pytest

from replication.finite_width.converged import converge
from replication.finite_width.linearised import linearise
from replication.finite_width.training import train
from replication.network import forward
from replication.settings.network import MLP
from tests.reference_network import CPU, ERF, RELU, data, members_of, training_of

G, RATE, STEPS = 0.4, 0.05, 80


def how(kind):
    """The loss of members by training, by the linearised steps, or by convergence."""
    if kind == "converged":
        return lambda network, members, both, _: converge(network, members, both)
    compute = train if kind == "trained" else linearise
    training = training_of(STEPS, "heavy_ball")
    return lambda network, members, both, rate: compute(network, training, members, both, rate, CPU)


@pytest.mark.parametrize("kind", ["trained", "linearised", "converged"])
@pytest.mark.parametrize("activation", [RELU, ERF])
def test_scaling_the_outputs_is_scaling_targets_and_steps_the_other_way(kind, activation):
    """f = g h on Y at the rate eta is h on Y / g at g^2 eta, and its losses are g^2 times as large."""
    network, both, compute = MLP(depth=2, **activation), data(7, 8), how(kind)
    members = members_of(network, 7, 40, 2)
    scaled = compute(network.model_copy(update={"output_scale": G}), members, both, RATE)
    other = both._replace(y=both.y / G, test_y=both.test_y / G)
    expected = compute(network, members, other, G**2 * RATE)
    np.testing.assert_allclose(scaled[:2], G**2 * np.array(expected[:2]), rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize("kind", ["trained", "linearised", "converged"])
@pytest.mark.parametrize("bias_variance", [0.0, 0.4])
def test_a_centred_member_learns_what_is_left_of_its_targets(kind, bias_variance):
    """f - f_0 on Y is f on Y + f_0, which is another data set for every member."""
    network = MLP(depth=1, bias_variance=bias_variance, output_scale=G)
    members, both, compute = members_of(network, 7, 40, 3), data(7, 8), how(kind)
    centred = compute(network.model_copy(update={"centred": True}), members, both, RATE)
    for place, weights in enumerate(members):
        start, test_start = (forward(network, weights, x) for x in (both.x, both.test_x))
        own = both._replace(y=both.y + start, test_y=both.test_y + test_start)
        expected = compute(network, [weights], own, RATE)
        found = [part[place] for part in centred[:2]]
        np.testing.assert_allclose(found, np.ravel(expected[:2]), rtol=2e-4, atol=1e-7)


def test_centred_members_in_batches_see_their_own_targets():
    network = MLP(depth=1, centred=True)
    members, both = members_of(network, 7, 40, 3), data(7, 8)
    batches = np.random.default_rng(1).integers(0, 8, (STEPS, 4))
    training = training_of(STEPS, "minibatch_gradient_descent")
    together = train(network, training, members, both, RATE, CPU, batches)
    whole = np.tile(np.arange(8), (STEPS, 1))  # every point once, in order: batches that are the training set
    assert not np.allclose(together[0], train(network, training, members, both, RATE, CPU, whole)[0], rtol=1e-3)
    full = train(network, training_of(STEPS), members, both, RATE, CPU)
    np.testing.assert_allclose(train(network, training, members, both, RATE, CPU, whole)[:2], full[:2], rtol=1e-4)


def test_many_steps_of_the_heavy_ball_end_where_convergence_does():
    """To the rounding of float32 in linearised members; the training loss of convergence is zero."""
    network, both = MLP(depth=1, activation="erf", bias_variance=0.2, output_scale=0.7), data(12, 5)
    members = members_of(network, 12, 64, 2)
    steps = linearise(network, training_of(4000, "heavy_ball"), members, both, 0.3, CPU)
    exact = converge(network, members, both)
    np.testing.assert_allclose(steps.test_loss, exact.test_loss, rtol=5e-4)
    assert not exact.training_loss.any()
    assert np.isnan(exact.flipped_share).all()


def test_flipped_relus_are_counted_at_the_training_points():
    """Against the weights after training in float64; none flip in no time, and none are counted of erf."""
    network, both = MLP(depth=1), data(7, 8)
    members = members_of(network, 7, 30, 2)
    losses = train(network, training_of(200), members, both, 0.05, CPU)
    for place, (((w, _), (v, _))) in enumerate(members):
        weight, read_out = w.astype(float), v.astype(float)
        first, a, b = both.x @ weight, np.sqrt(2 / 7), np.sqrt(2 / 30)
        for _ in range(200):
            z = a * both.x @ weight
            error = (b * np.maximum(z, 0) @ read_out - both.y) / 8
            down = b * error @ read_out.T * (z > 0)
            read_out = read_out - 0.05 * b * np.maximum(z, 0).T @ error
            weight = weight - 0.05 * a * both.x.T @ down
        flipped = np.mean((both.x @ weight > 0) != (first > 0))
        assert losses.flipped_share[place] == pytest.approx(flipped, abs=1e-6)
        assert flipped > 0
    still = train(network, training_of(1), members, both, 1e-9, CPU)
    assert not still.flipped_share.any()
    assert np.isnan(train(MLP(depth=1, **ERF), training_of(2), members, both, 0.05, CPU).flipped_share).all()
