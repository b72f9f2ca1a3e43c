"""Training algorithms: what a step makes of the gradient, elementwise, so that members of a stack stay independent."""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from replication.finite_width.layers import Tensor
from replication.settings.training import Training, heavy_ball

# Kingma and Ba 2015, arXiv 1412.6980
DECAY_OF_MEAN, DECAY_OF_SQUARE, EPSILON = 0.9, 0.999, 1e-8

Step = tuple[Tensor, list[Tensor]]  # a direction, and what is kept for the next step


class Algorithm(NamedTuple):
    """A step takes w to w - rate x direction.

    arrays: how many arrays of w's shape, zero at first, the optimiser's state of w consists of; direction: of the
    gradient, this state and the number of steps done, giving the direction and the new state.
    """

    arrays: int
    direction: Callable[[Tensor, list[Tensor], Tensor], Step]


def algorithm_of(training: Training) -> Algorithm:
    """The algorithm of the settings; that it sees batches makes no difference to the step."""
    if training.algorithm == "momentum":
        return Algorithm(1, lambda gradient, state, step: _momentum(gradient, state[0], training.momentum))
    if training.algorithm == "heavy_ball":
        return Algorithm(1, _heavy_ball)
    if training.algorithm in ("adam", "minibatch_adam"):
        return Algorithm(2, _adam)
    return Algorithm(0, lambda gradient, state, step: (gradient, []))


def _momentum(gradient: Tensor, velocity: Tensor, momentum: Tensor) -> Step:
    """Heavy ball, Polyak 1964: v <- momentum v + gradient."""
    velocity = momentum * velocity + gradient
    return velocity, [velocity]


def _heavy_ball(gradient: Tensor, state: list[Tensor], step: Tensor) -> Step:
    """The same with the momentum of `settings.training.heavy_ball`."""
    return _momentum(gradient, state[0], heavy_ball(ops.cast(step, gradient.dtype)))


def _adam(gradient: Tensor, state: list[Tensor], step: Tensor) -> Step:
    """Means of the gradient and its square, corrected for their start at zero."""
    mean = DECAY_OF_MEAN * state[0] + (1 - DECAY_OF_MEAN) * gradient
    square = DECAY_OF_SQUARE * state[1] + (1 - DECAY_OF_SQUARE) * ops.square(gradient)
    done = ops.cast(step + 1, gradient.dtype)
    corrected = square / (1 - ops.power(DECAY_OF_SQUARE, done))
    return mean / (1 - ops.power(DECAY_OF_MEAN, done)) / (ops.sqrt(corrected) + EPSILON), [mean, square]
