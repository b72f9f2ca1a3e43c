"""Training of the members of an ensemble, many steps in one call of a compiled program."""

from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import numpy as np
from keras import ops

from replication.errors import ReplicationError
from replication.finite_width.algorithms import algorithm_of
from replication.finite_width.backends import backend
from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import Data, EnsembleLosses
from replication.finite_width.layers import Factors, Tensor, dense, factors_of, learning_rates, trained_arrays
from replication.finite_width.parametrisation import layer_rates
from replication.finite_width.programs import Points, Program, State, half_share, program_of, takes_xla
from replication.finite_width.stacks import StackLosses, on_every_device
from replication.network import Weights
from replication.settings.network import MLP
from replication.settings.training import LINEAR, Training

# After each call of the compiled loop the losses are checked and progress is told.
STEPS_PER_CALL = 100

OnProgress = Callable[[int], object]
_building = Lock()  # threads that need the same program build it once


class Start(NamedTuple):
    """Where members begin: their trainable arrays, the training points and the test points of the program."""

    state: State
    training: Points
    test: Points


def train(
    network: MLP,
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
    inputs, width = weights_of_members[0][0][0].shape
    if dual is None:
        dual = training.algorithm in LINEAR and batches is None and len(data.x) < 2 * inputs
    factors = factors_of(network, training.parametrisation, inputs, width)
    if not takes_xla(training):  # which compiles for every set of sizes anyway, and makes more of constants
        factors = factors.tensors()
    rates = learning_rates(network, training.parametrisation, inputs, width, dual, learning_rate)
    tensors = Data(*(ops.convert_to_tensor(array, "float32") for array in data))
    with _building:
        program = program_of(network, training, dual, batches is not None)

    def losses_of(device: str, weights: Weights) -> StackLosses:
        with backend().on(device):
            start = _start(network, training, weights, tensors, factors, dual)
            before = program.preactivations(factors, start.state, start.training.inputs)
            if network.centred:
                start = _centred(program, factors, start, before[-1])
            state = _descended(program, training, start, factors, rates, batches, on_progress)
            losses = [program.loss(factors, state, points) for points in (start.training, start.test)]
            flipped = _flipped_share(before, program.preactivations(factors, state, start.training.inputs))
            training_loss, test_loss, flipped_share = map(ops.convert_to_numpy, (*losses, flipped))
        return training_loss, test_loss, flipped_share if network.activation == "relu" else flipped_share + np.nan

    return on_every_device(losses_of, weights_of_members, placement)


class Diverged(ReplicationError):
    """A training loss that is not finite, or above that at initialisation."""

    def __init__(self, members: int, step: int) -> None:
        problem = (
            f"training diverged: the loss of {members} member(s) is not finite or above its first after {step} steps"
        )
        super().__init__(problem, "lower the learning rate")


def check_descent(training_loss: np.ndarray, initial_loss: np.ndarray, step: int) -> None:
    """Raise Diverged unless every member's loss is finite and no larger than it was."""
    diverged = ~(training_loss <= initial_loss)  # true for NaN
    if diverged.any():
        raise Diverged(int(diverged.sum()), step)


def _start(network: MLP, training: Training, weights: Weights, data: Data, factors: Factors, dual: bool) -> Start:
    """Arrays of the stacked `weights`, the first layer's in dual variables if asked for."""
    layers = [[ops.convert_to_tensor(array) for array in layer] for layer in weights]
    members, inputs, width = weights[0][0].shape
    state, first, others = trained_arrays(network, layers), lambda x: x, layers[1:]
    if dual:
        # the first layer's own learning rates are those of its share of the kernel
        rates = layer_rates(network, training.parametrisation, inputs, width)[0]
        state = [ops.zeros((members, data.x.shape[0], width)), *trained_arrays(network, others)]

        def first(x: Tensor) -> tuple[Tensor, Tensor]:
            kernel = rates.weight * network.weight_variance / inputs * ops.matmul(x, ops.transpose(data.x))
            return kernel + rates.bias * network.bias_variance, dense(network, factors.weights[0], layers[0], x)

    return Start(
        state,
        Points(first(data.x), data.y, half_share(len(data.x))),
        Points(first(data.test_x), data.test_y, half_share(len(data.test_x))),
    )


def _centred(program: Program, factors: Factors, start: Start, last: Tensor) -> Start:
    """The start with each member's first outputs in its targets; `last`: those at training points, before scaling."""
    at_test = program.preactivations(factors, start.state, start.test.inputs)[-1]
    training, test = (
        points._replace(y=points.y + factors.output * z)
        for points, z in ((start.training, last), (start.test, at_test))
    )
    return start._replace(training=training, test=test)


def _flipped_share(before: list[Tensor], after: list[Tensor]) -> Tensor:
    """Of the hidden preactivations (members, points, units) of all layers: how many changed sign, (members,)."""
    changed = [ops.not_equal(z > 0, now > 0) for z, now in zip(before[:-1], after[:-1], strict=True)]
    return ops.mean(ops.stack([ops.mean(ops.cast(layer, "float32"), axis=(1, 2)) for layer in changed]), axis=0)


def _descended(
    program: Program, training: Training, start: Start, factors: Factors, rates: list[Tensor],
    batches: np.ndarray | None, on_progress: OnProgress,
) -> State:  # fmt: skip
    """The arrays after all steps."""
    state, points, members = start.state, start.training, start.state[0].shape[0]
    optimizer_state = [[ops.zeros_like(array) for _ in range(algorithm_of(training).arrays)] for array in state]
    initial_loss = ops.convert_to_numpy(program.loss(factors, state, points))
    if batches is not None:
        points, batches = points._replace(factor=half_share(batches.shape[1])), ops.convert_to_tensor(batches, "int32")
    for done in range(0, training.steps, STEPS_PER_CALL):
        now = min(STEPS_PER_CALL, training.steps - done)
        first, steps = (ops.convert_to_tensor(number, "int32") for number in (done, now))
        state, optimizer_state = program.descend(factors, state, optimizer_state, first, steps, rates, points, batches)
        loss = ops.convert_to_numpy(program.loss(factors, state, start.training))
        check_descent(loss, initial_loss, done + now)
        on_progress(now * members)
    return state
