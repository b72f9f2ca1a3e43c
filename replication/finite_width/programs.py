"""The compiled programs of training: the loss of a stack of members, and many steps of an algorithm."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from replication.finite_width.algorithms import algorithm_of
from replication.finite_width.backends import backend
from replication.finite_width.layers import Factors, Tensor, outputs, preactivations
from replication.settings.network import MLP
from replication.settings.training import Training

# XLA compiles for a second for each set of sizes, and spares half of the time of small networks' steps, which are
# passes over memory, and nothing of large ones', which are products (docs/finite_width.md).
XLA_STEPS = 2000

State = list[Tensor]


class Points(NamedTuple):
    """What the network is called on, the targets y (N, C) there, and the scalar 1 / (2 B), B points of a batch or N.

    Targets of centred networks are (members, N, C), what each member's outputs at initialisation are above zero added:
    that is how they are subtracted.

    The factor is an input, so that the program does not divide: compilers replace a division by a constant, and what a
    loss is to the last bit would depend on what they know.
    """

    inputs: Any
    y: Tensor
    factor: Tensor


class Program(NamedTuple):
    """Compiled functions.

    preactivations(factors, state, inputs): of every layer; loss(factors, state, points): one of every member;
    descend(factors, state, optimizer_state, first, steps, learning_rates, points, batches): state and optimizer_state
    after `steps` steps, of which `first` is the number of the first.
    """

    preactivations: Callable[..., list[Tensor]]
    loss: Callable[..., Tensor]
    descend: Callable[..., tuple[State, list[State]]]


def program_of(network: MLP, training: Training, dual: bool, in_batches: bool) -> Program:
    """The program of a network and an algorithm, for ensembles of any width, training size and number of members.

    Output scales and, at a constant rate, numbers of steps are inputs of it, and share one.
    """
    if training.schedule == "constant":
        steps = XLA_STEPS if takes_xla(training) else 1
        training = training.model_copy(update={"steps": steps, "training_loss_ratio": None})
    return _program_of(network.unscaled, training, dual, in_batches)


@functools.lru_cache(maxsize=64)
def _program_of(network: MLP, training: Training, dual: bool, in_batches: bool) -> Program:
    algorithm = algorithm_of(training)

    def preactivations_of(factors: Factors, state: State, inputs: Any) -> list[Tensor]:
        return preactivations(network, factors, state, inputs, dual)

    def loss(factors: Factors, state: State, points: Points) -> Tensor:
        errors = outputs(network, factors, state, points.inputs, dual) - points.y
        return points.factor * ops.sum(ops.square(errors), axis=(1, 2))

    def gradient(factors: Factors, state: State, points: Points) -> State:
        # members share no weight: the gradient of the sum is each member's own
        return backend().gradient(lambda state: ops.sum(loss(factors, state, points)), state)

    def descend(
        factors: Factors, state: State, optimizer_state: list[State], first: Tensor, steps: Tensor,
        learning_rates: list[Tensor], points: Points, batches: Tensor | None,
    ) -> tuple[State, list[State]]:  # fmt: skip
        def step(index: Tensor, carry: tuple[State, list[State]]) -> tuple[State, list[State]]:
            state, optimizer_state = carry
            seen = points
            if in_batches:
                batch = ops.take(batches, first + index, axis=0)
                inputs, y = ops.take(points.inputs, batch, axis=0), ops.take(points.y, batch, axis=-2)
                seen = Points(inputs, y, points.factor)
            rates = learning_rates
            if training.schedule == "cosine":
                half_period = 1 + ops.cos(math.pi / training.steps * ops.cast(first + index, "float32"))
                rates = [rate * half_period / 2 for rate in learning_rates]
            moved, kept = [], []
            gradients = gradient(factors, state, seen)
            for value, slope, before, rate in zip(state, gradients, optimizer_state, rates, strict=True):
                direction, after = algorithm.direction(slope, before, first + index)
                moved.append(value - rate * direction)
                kept.append(after)
            return moved, kept

        return ops.fori_loop(0, steps, step, (state, optimizer_state))

    xla = takes_xla(training)
    return Program(*(backend().compiled(function, xla) for function in (preactivations_of, loss, descend)))


def takes_xla(training: Training) -> bool:
    """Whether the program is left to XLA, by the number of steps: not by that of members, which changes no loss."""
    return training.steps >= XLA_STEPS


def half_share(points: int) -> Tensor:
    """1 / (2 N), the factor of `Points`."""
    return ops.convert_to_tensor(np.float32(1) / np.float32(2 * points))
