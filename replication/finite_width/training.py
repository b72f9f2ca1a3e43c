"""Full-batch gradient descent on the members of an ensemble."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from keras import ops

from replication.errors import ReplicationError
from replication.finite_width.initialisation import Weights
from replication.finite_width.network import StackedDense, StackedDualDense, StackedMLP
from replication.settings import MLPSpec

# After each call of the compiled loop the losses are checked and progress is told.
STEPS_PER_CALL = 100


class EnsembleLosses(NamedTuple):
    """Losses L = 1/(2 N) sum_{a,i} (f_i(x_a) - y_ia)^2 after training, each of shape (members,)."""

    training_loss: np.ndarray
    test_loss: np.ndarray


@dataclass
class Stack:
    """Members trained side by side: their network, its trainable values, and what its first layer is called on."""

    model: StackedMLP
    state: list
    inputs: Any
    test_inputs: Any


def stacks_of(spec: MLPSpec, weights_of_stacks: Iterable[Weights], x, test_x, dual: bool) -> list[Stack]:
    """One Stack for each list of pairs W (members, fan_in, units), b (members, units).

    `dual` puts the first layer in dual variables: the same gradient descent, cheaper where N < 2 d.
    """

    def kernel(points):
        return spec.weight_variance / x.shape[1] * ops.matmul(points, ops.transpose(x)) + spec.bias_variance

    def stack(weights):
        dense = StackedDense(spec, *weights[0])
        if dual:
            members, _, units = weights[0][0].shape
            first = StackedDualDense(members, len(x), units)
            inputs, test_inputs = (kernels[0], dense(x)), (kernels[1], dense(test_x))
        else:
            first, inputs, test_inputs = dense, x, test_x
        model = StackedMLP(spec, first, weights[1:])
        return Stack(model, [variable.value for variable in model.trainable_variables], inputs, test_inputs)

    kernels = (kernel(x), kernel(test_x)) if dual else None
    return [stack(weights) for weights in weights_of_stacks]


def compiled(model: StackedMLP):
    """Compile loss(state, inputs, y), one per member, and descend(state, inputs, y, rate, steps), the state after."""

    def loss(state, inputs, y):
        outputs, _ = model.stateless_call(state, [], inputs)
        return ops.sum(ops.square(outputs - y), axis=(1, 2)) / (2 * y.shape[0])

    def descend(state, inputs, y, rate, steps):
        def step(_, state):
            with tf.GradientTape() as tape:
                tape.watch(state)
                # members share no weight: the gradient of the sum is each member's own
                total = ops.sum(loss(state, inputs, y))
            gradients = tape.gradient(total, state, unconnected_gradients="zero")
            return [value - rate * gradient for value, gradient in zip(state, gradients, strict=True)]

        return ops.fori_loop(0, steps, step, state)

    return tf.function(loss, autograph=False), tf.function(descend, autograph=False)


def train(
    spec: MLPSpec,
    weights_of_members: list[Weights],
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    learning_rate: float,
    steps: int,
    on_progress: Callable[[int], object] = lambda member_steps: None,
    dual: bool | None = None,
    together: bool | None = None,
) -> EnsembleLosses:
    """Train every member on (x, y) by full-batch gradient descent on all its weights and biases.

    theta <- theta - learning_rate dL/dtheta, `steps` times, L the training loss of EnsembleLosses. x is (N, d) and
    y (N, outputs), test_x and test_y likewise; arithmetic is float32. `on_progress` is told how many member-steps were
    done since it was told last. Raises ReplicationError if a training loss is not finite or exceeds that at
    initialisation.

    How it is computed is chosen here unless told: `dual`, the variables of the first layer (see stacks_of), by the
    number of operations; `together`, all members as one stack, on a GPU. On a processor each core takes one member at
    a time, whose arrays stay in its cache, and whose losses do not depend on its company to the last bit.
    """
    x, y, test_x, test_y = (tf.constant(array, tf.float32) for array in (x, y, test_x, test_y))
    dual = len(x) < 2 * x.shape[1] if dual is None else dual
    together = bool(tf.config.list_physical_devices("GPU")) if together is None else together
    groups = [weights_of_members] if together else [[weights] for weights in weights_of_members]
    stacks = stacks_of(spec, map(_stacked, groups), x, test_x, dual)
    loss, descend = compiled(stacks[0].model)
    rate = tf.constant(learning_rate, tf.float32)

    def advance(stack, steps):
        stack.state = descend(stack.state, stack.inputs, y, rate, tf.constant(steps))
        return loss(stack.state, stack.inputs, y).numpy()

    # TensorFlow lets go of the interpreter while it computes, so threads share out the stacks among the cores
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:

        def each(function, *arguments):
            return np.concatenate(list(pool.map(lambda stack: function(stack, *arguments), stacks)))

        training_loss = initial_loss = each(advance, 0)
        for done in range(0, steps, STEPS_PER_CALL):
            now = min(STEPS_PER_CALL, steps - done)
            training_loss = each(advance, now)
            _check_descent(training_loss, initial_loss, learning_rate, done + now)
            on_progress(now * len(weights_of_members))
        return EnsembleLosses(training_loss, each(lambda stack: loss(stack.state, stack.test_inputs, test_y).numpy()))


def _stacked(weights_of_members):
    """The members' pairs (W, b), layer by layer, stacked along a leading axis."""
    return [tuple(map(np.stack, zip(*layer, strict=True))) for layer in zip(*weights_of_members, strict=True)]


def _check_descent(training_loss, initial_loss, learning_rate, step):
    diverged = ~(training_loss <= initial_loss)  # true for NaN
    if diverged.any():
        raise ReplicationError(
            f"training diverged: at learning rate {learning_rate:.4g} the training loss of {diverged.sum()} of "
            f"{len(diverged)} members is not finite or above that at initialisation after {step} steps",
            "lower the task's learning_rate_fraction in params.yaml",
        )
