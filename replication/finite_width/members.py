"""The losses of members of an ensemble, computed on this machine."""

import math
from concurrent.futures import ThreadPoolExecutor

from replication.errors import ReplicationError
from replication.finite_width.batches import batches_of
from replication.finite_width.converged import converge
from replication.finite_width.devices import free_memory, select_devices
from replication.finite_width.ensemble import Data, Ensemble, EnsembleLosses, initial_weights_of
from replication.finite_width.linearised import linearise
from replication.finite_width.training import Diverged, OnProgress, train
from replication.network import Weights

FLOAT32_BYTES = 4
ROUNDS = 4  # members that each core trains in a chunk: what a kill can cost, against what starting a chunk does


def member_bytes(ensemble: Ensemble, inputs: int, outputs: int, test_size: int) -> int:
    """Memory one member takes in training, about: weights, with gradients and updates, and activations."""
    width, depth, points = ensemble.width, ensemble.network.depth, ensemble.training_size + test_size
    weights = width * (inputs + depth * width + outputs)
    return FLOAT32_BYTES * 4 * (weights + points * (depth * width + outputs))


def chunk_size(ensemble: Ensemble, data: Data, device: str) -> int:
    """How many members are trained at a time, and stored together: by memory on GPUs, a few for each core else."""
    placement = select_devices(device)
    fitting = free_memory(placement) // member_bytes(ensemble, data.x.shape[1], data.y.shape[1], len(data.test_x))
    most = fitting if placement.stacked else min(fitting, ROUNDS * len(placement.devices))
    return max(most, len(placement.devices))


def member_losses(
    ensemble: Ensemble,
    members: range,
    data: Data,
    device: str = "auto",
    on_progress: OnProgress = lambda member_steps: None,
    tensor_float_32: bool = False,
) -> tuple[EnsembleLosses, str]:
    """Losses of these members, and what the device is called that they were computed on.

    On a processor they do not depend, to the last bit, on which other members are computed with them, nor on the number
    of cores. On a GPU, whose members are stacked, they agree to rounding. ReplicationError if training diverges or the
    device is not there.
    """
    if ensemble.training.algorithm == "convergence":
        _check_converging(ensemble)
        weights = _weights(ensemble, members, data)
        losses = converge(ensemble.network, weights, data)
        on_progress(ensemble.training.steps * len(members))
        return losses, select_devices("cpu").model
    placement = select_devices(device, tensor_float_32)
    weights = _weights(ensemble, members, data)
    arguments = ensemble.network, ensemble.training, weights, data, ensemble.learning_rate, placement
    try:
        if ensemble.method == "linearised":
            return linearise(*arguments, on_progress), placement.model
        return train(*arguments, batches_of(ensemble), on_progress), placement.model
    except Diverged as error:
        raise ReplicationError(f"{error.problem}, {_rate(ensemble)}", _remedy(ensemble)) from None


def member_weights(ensemble: Ensemble, member: int, data: Data) -> Weights:
    """Initial weights of one member."""
    sizes = ensemble.width, data.x.shape[1], data.y.shape[1]
    return initial_weights_of(ensemble.network, *sizes, ensemble.seed, ensemble.task, member)


def _weights(ensemble: Ensemble, members: range, data: Data) -> list[Weights]:
    """Of every member, on all cores: NumPy lets go of the interpreter while it draws."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda member: member_weights(ensemble, member, data), members))


def _check_converging(ensemble: Ensemble) -> None:
    if ensemble.method != "linearised" or ensemble.training.parametrisation != "ntk":
        problem = f"{ensemble.method} networks in {ensemble.training.parametrisation} parametrisation to convergence"
        raise ReplicationError(problem, "take linearised ones in ntk, or an algorithm that takes steps")


def _rate(ensemble: Ensemble) -> str:
    rate, largest = ensemble.learning_rate, ensemble.largest_learning_rate
    subject = f"{ensemble.task}, width {ensemble.width}, N_D {ensemble.training_size}, learning rate {rate:.4g}"
    if math.isnan(largest):
        return subject
    return f"{subject}, {rate / largest:.2g} of the largest stable one, {largest:.4g}"


def _remedy(ensemble: Ensemble) -> str:
    if ensemble.training.adaptive:
        return "lower adam_learning_rate in params.yaml"
    return "lower the task's learning_rate_fraction in params.yaml"
