"""Training of the members of an ensemble, many steps in one call of a compiled program."""

import functools
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from replication.errors import ReplicationError
from replication.finite_width.algorithms import algorithm_of
from replication.finite_width.backends import backend
from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import Data, EnsembleLosses
from replication.finite_width.layers import Shape, StackedDense, StackedMLP
from replication.finite_width.parametrisation import layer_rates, output_scale
from replication.network import Weights
from replication.settings.network import MLP
from replication.settings.training import Training

# After each call of the compiled loop the losses are checked and progress is told.
STEPS_PER_CALL = 100
# XLA takes a second more to compile and spares a third of the time of small networks' steps, which are passes over
# memory, and nothing of large ones', which are products (docs/finite_width.md).
XLA_STEPS = 2000

OnProgress = Callable[[int], object]
_building = Lock()  # threads that need the same program build it once


class Program(NamedTuple):
    """Compiled loss(state, inputs, y), one per member, and descend(state, slots, ...), the state and slots after."""

    loss: Callable
    descend: Callable


class Start(NamedTuple):
    """Where members begin: their trainable arrays, and what the network is called on at training and test points."""

    state: list
    inputs: Any
    test_inputs: Any


def train(
    spec: MLP,
    training: Training,
    weights_of_members: list[Weights],
    data: Data,
    learning_rate: float,
    placement: Placement,
    batches: np.ndarray | None = None,
    on_progress: OnProgress = lambda member_steps: None,
    dual: bool | None = None,
) -> EnsembleLosses:
    """Losses of every member after `training.steps` steps on all its weights and biases.

    Gradient descent is theta <- theta - learning_rate dL/dtheta, L the training loss of EnsembleLosses; the other
    algorithms are those of algorithms.py. `batches` (steps, batch size) holds the indices of the training points of
    every step; without it each step sees all. Arithmetic is float32. `on_progress` is told how many member-steps were
    done since it was told last, from any thread. Raises Diverged if a training loss is not finite or exceeds that at
    initialisation.

    `dual`, whether the first layer is trained in dual variables: the same descent at fewer operations where N < 2 d,
    so chosen by that unless told. Algorithms that are not linear in the gradient, and batches, need the weights.
    """
    if dual is None:
        linear = training.algorithm in ("gradient_descent", "momentum")
        dual = linear and batches is None and len(data.x) < 2 * data.x.shape[1]
    tensors = Data(*(ops.convert_to_tensor(array, "float32") for array in data))
    batches = None if batches is None else ops.convert_to_tensor(batches, "int32")

    def losses_of(slot: str, members: list[Weights]) -> list[np.ndarray]:
        shape = Shape(len(members), data.x.shape[1], members[0][0][0].shape[1], data.y.shape[1])
        with backend().on(slot):
            start = _start(spec, training, stacked(members), tensors, dual)
            with _building:
                program = _program(spec, training, shape, len(data.x) if dual else None, batches is not None)
            state = _descended(program, training, start, tensors.y, learning_rate, batches, on_progress, len(members))
            return [
                ops.convert_to_numpy(program.loss(state, inputs, y))
                for inputs, y in ((start.inputs, tensors.y), (start.test_inputs, tensors.test_y))
            ]

    return on_every_slot(losses_of, weights_of_members, placement)


class Diverged(ReplicationError):
    """A training loss that is not finite, or above that at initialisation."""

    def __init__(self, members: int, step: int):
        problem = (
            f"training diverged: the loss of {members} member(s) is not finite or above its first after {step} steps"
        )
        super().__init__(problem, "lower the learning rate")


def check_descent(training_loss: np.ndarray, initial_loss: np.ndarray, step: int) -> None:
    """Raise Diverged unless every member's loss is finite and no larger than it was."""
    diverged = ~(training_loss <= initial_loss)  # true for NaN
    if diverged.any():
        raise Diverged(int(diverged.sum()), step)


def on_every_slot(function: Callable, weights_of_members: list[Weights], placement: Placement) -> EnsembleLosses:
    """Share out the members among the slots; function(slot, members) gives a training and a test loss of each."""
    slots = placement.slots
    share = -(-len(weights_of_members) // len(slots)) if placement.stacked else 1
    groups = list(_grouped(weights_of_members, share))
    # the frameworks let go of the interpreter while they compute, so threads keep every slot busy
    pool = ThreadPoolExecutor(len(slots))
    try:
        placed = [slots[place % len(slots)] for place, _ in enumerate(groups)]
        return EnsembleLosses(*map(np.concatenate, zip(*pool.map(function, placed, groups), strict=True)))
    finally:
        pool.shutdown(cancel_futures=True)


def stacked(members: list[Weights]) -> Weights:
    """The members' pairs (W, b), layer by layer, stacked along a leading axis."""
    return [tuple(map(np.stack, zip(*layer, strict=True))) for layer in zip(*members, strict=True)]


def _grouped(members: list[Weights], size: int) -> Iterator[list[Weights]]:
    remaining = iter(members)
    return iter(lambda: list(islice(remaining, size)), [])


def _start(spec: MLP, training: Training, weights: Weights, data: Data, dual: bool) -> Start:
    """Arrays of the stacked `weights`, the first layer's in dual variables if asked for."""
    arrays = [ops.convert_to_tensor(array) for layer in weights for array in layer]
    if not dual:
        return Start(arrays, data.x, data.test_x)
    members, inputs, width = weights[0][0].shape
    # the first layer's own learning rates are those of its share of the kernel
    rates = layer_rates(spec, training.parametrisation, inputs, width)[0]
    dense = StackedDense(spec, members, inputs, width)

    def kernel_and_start(points):
        kernel = rates.weight * spec.weight_variance / inputs * ops.matmul(points, ops.transpose(data.x))
        kernel = kernel + rates.bias * spec.bias_variance
        return kernel, dense.stateless_call(arrays[:2], [], points)[0]

    coefficients = ops.zeros((members, data.x.shape[0], width))
    return Start([coefficients, *arrays[2:]], kernel_and_start(data.x), kernel_and_start(data.test_x))


@functools.lru_cache(maxsize=8)  # chunks of one ensemble have the same shapes
def _program(spec: MLP, training: Training, shape: Shape, dual_size: int | None, batched: bool) -> Program:
    here, algorithm = backend(), algorithm_of(training)
    model = StackedMLP(spec, shape, dual_size, output_scale(training.parametrisation, shape.width))
    factors = [
        factor for rates in layer_rates(spec, training.parametrisation, shape.inputs, shape.width) for factor in rates
    ]
    if dual_size:
        factors[:2] = [1.0]

    def loss(state, inputs, y):
        outputs, _ = model.stateless_call(state, [], inputs)
        return ops.sum(ops.square(outputs - y), axis=(1, 2)) / (2 * y.shape[0])

    def descend(state, slots, first, steps, rate, inputs, y, batches):
        def step(index, carry):
            state, slots = carry
            points, targets = inputs, y
            if batched:
                batch = ops.take(batches, first + index, axis=0)
                points, targets = (ops.take(array, batch, axis=0) for array in (inputs, y))
            # members share no weight: the gradient of the sum is each member's own
            gradients = here.gradient(lambda state: ops.sum(loss(state, points, targets)), state)
            now, moved, kept = rate, [], []
            if training.schedule == "cosine":
                now = rate * (1 + ops.cos(math.pi / training.steps * ops.cast(first + index, "float32"))) / 2
            for value, gradient, slot, factor in zip(state, gradients, slots, factors, strict=True):
                direction, slot = algorithm.direction(gradient, slot, first + index)
                moved.append(value - (now if factor == 1 else factor * now) * direction)
                kept.append(slot)
            return moved, kept

        return ops.fori_loop(0, steps, step, (state, slots))

    xla = training.steps >= XLA_STEPS
    return Program(here.compiled(loss, xla), here.compiled(descend, xla))


def _descended(program, training, start, y, learning_rate, batches, on_progress, members) -> list:
    """The arrays after all steps."""
    state, rate = start.state, ops.convert_to_tensor(learning_rate, "float32")
    slots = [[ops.zeros_like(array) for _ in range(algorithm_of(training).slots)] for array in state]
    initial_loss = ops.convert_to_numpy(program.loss(state, start.inputs, y))
    for done in range(0, training.steps, STEPS_PER_CALL):
        now = min(STEPS_PER_CALL, training.steps - done)
        first, steps = (ops.convert_to_tensor(number, "int32") for number in (done, now))
        state, slots = program.descend(state, slots, first, steps, rate, start.inputs, y, batches)
        check_descent(ops.convert_to_numpy(program.loss(state, start.inputs, y)), initial_loss, done + now)
        on_progress(now * members)
    return state
