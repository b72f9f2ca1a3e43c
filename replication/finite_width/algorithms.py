"""Training algorithms: what a step makes of the gradient, elementwise, so that members of a stack stay independent."""

from collections.abc import Callable
from typing import NamedTuple

from keras import ops

from replication.settings.training import Training

# Kingma and Ba 2015, arXiv 1412.6980
DECAY_OF_MEAN, DECAY_OF_SQUARE, EPSILON = 0.9, 0.999, 1e-8


class Algorithm(NamedTuple):
    """A step takes w to w - rate x direction.

    slots: how many arrays of w's shape, zero at first, it keeps from step to step; direction: of the gradient, these
    slots and the number of steps done, giving the direction and the new slots.
    """

    slots: int
    direction: Callable


def algorithm_of(training: Training) -> Algorithm:
    """The algorithm of the settings; batches are `minibatch`'s only difference from gradient descent."""
    if training.algorithm == "momentum":
        return Algorithm(1, lambda gradient, slots, step: _momentum(gradient, slots[0], training.momentum))
    if training.algorithm == "adam":
        return Algorithm(2, _adam)
    return Algorithm(0, lambda gradient, slots, step: (gradient, []))


def _momentum(gradient, velocity, momentum):
    """Heavy ball, Polyak 1964: v <- momentum v + gradient."""
    velocity = momentum * velocity + gradient
    return velocity, [velocity]


def _adam(gradient, slots, step):
    """Means of the gradient and its square, corrected for their start at zero."""
    mean = DECAY_OF_MEAN * slots[0] + (1 - DECAY_OF_MEAN) * gradient
    square = DECAY_OF_SQUARE * slots[1] + (1 - DECAY_OF_SQUARE) * ops.square(gradient)
    done = ops.cast(step + 1, gradient.dtype)
    corrected = square / (1 - ops.power(DECAY_OF_SQUARE, done))
    return mean / (1 - ops.power(DECAY_OF_MEAN, done)) / (ops.sqrt(corrected) + EPSILON), [mean, square]
