"""The number of steps by a ratio of losses, against the losses of every number of steps."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.infinite_width.finite_time import gradient_descent, steps_to
from replication.infinite_width.learning_curve import compute_kernels, learning_curve
from replication.infinite_width.training_time import GradientDescent
from replication.settings.network import MLP
from replication.settings.training import Training, heavy_ball

RNG = np.random.default_rng(12)
X, Y, TEST_X, TEST_Y = (RNG.normal(size=shape) for shape in ((16, 6), (16, 2), (9, 6), (9, 2)))
KERNELS = compute_kernels(MLP(depth=1, bias_variance=0.1), "closed_form", X, Y, TEST_X)
RATIO = 1e-5


@pytest.mark.parametrize("momenta", [0.0, 0.6, heavy_ball])
@pytest.mark.parametrize("goal", [0.3, 0.01, 1e-5])
def test_from_these_steps_on_the_training_loss_stays_below(momenta, goal):
    steps = steps_to(KERNELS, 12, 0.5, goal, 1500, momenta)
    losses = [gradient_descent(KERNELS, 12, 0.5, k, momenta).training_loss for k in range(steps + 60)]
    assert losses[steps - 1] > goal
    assert max(losses[steps:]) <= goal


def test_momentum_that_grows_needs_fewer_steps():
    plain, ball = (steps_to(KERNELS, 16, 0.5, 1e-6, 10**5, momenta) for momenta in (0.0, heavy_ball))
    assert ball < plain / 3


def test_steps_end_at_the_most_that_are_allowed():
    assert steps_to(KERNELS, 16, 0.5, 1e-30, 40, heavy_ball) == 40
    assert steps_to(KERNELS, 16, 0.5, 1e3, 40) == 1


def test_every_size_has_its_own_steps_and_says_whether_they_reached():
    descent = GradientDescent.of(Training(steps=60, algorithm="heavy_ball", training_loss_ratio=RATIO), 0.5).timed(
        KERNELS, TEST_Y, (4, 16)
    )
    rows = [
        row for row in learning_curve(KERNELS, TEST_Y, (16, 4), descent=descent) if np.isfinite(row["training_time"])
    ]
    assert [row["training_size"] for row in rows] == [16, 4]
    for row in rows:
        converged = gradient_descent(KERNELS, row["training_size"], 0.5, 10**5).prediction
        assert row["training_time"] == descent.steps_at(row["training_size"])
        delta = converged.mean - TEST_Y
        mean = (np.sum(delta**2) + 2 * np.trace(converged.covariance)) / 18
        assert row["reached"] == (row["training_loss"] <= RATIO * mean)
    assert rows[1]["training_time"] < rows[0]["training_time"] == 60
    assert [row["reached"] for row in rows] == [False, True]


def test_without_a_ratio_all_sizes_take_the_same_steps():
    descent = GradientDescent.of(Training(steps=7), 0.5)
    timed = descent.timed(KERNELS, TEST_Y, (4, 16))
    assert timed.steps_at(4) == timed.steps_at(16) == descent.steps_at(9) == 7


def test_it_knows_the_sizes_that_it_was_timed_at():
    descent = GradientDescent.of(Training(steps=7), 0.5)
    timed = descent.timed(KERNELS, TEST_Y, (4, 16))
    assert [timed.known_at(size) for size in (4, 8, 16)] == [True, False, True]
    assert descent.known_at(8)


def test_a_step_that_diverges_is_one_line():
    with pytest.raises(ReplicationError, match=r"learning_rate_fraction = 1\.2"):
        steps_to(KERNELS, 16, 1.2, 0.1, 40, heavy_ball)
