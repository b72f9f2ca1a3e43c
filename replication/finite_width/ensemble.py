"""Ensembles: draws of the initial weights at a fixed training set."""

from collections.abc import Callable

import numpy as np

from replication.finite_width.initialisation import initial_weights
from replication.finite_width.training import EnsembleLosses, train
from replication.seeds import generator
from replication.settings import MLPSpec

FLOAT32_BYTES = 4


def member_bytes(spec: MLPSpec, width: int, inputs: int, outputs: int, training_size: int, test_size: int) -> int:
    """Memory one member takes in training, about: weights, with gradients and updates, and activations."""
    weights = width * (inputs + spec.depth * width + outputs)
    activations = (training_size + test_size) * (spec.depth * width + outputs)
    return FLOAT32_BYTES * (4 * weights + 4 * activations)


def train_ensemble(
    spec: MLPSpec,
    width: int,
    members: range,
    seed: int,
    task: str,
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    learning_rate: float,
    steps: int,
    memory_limit: int = 2**31,
    on_progress: Callable[[int], object] = lambda member_steps: None,
) -> EnsembleLosses:
    """Losses of the given members of the ensemble (task, width, training size), trained as by `train`.

    Member k starts from the random stream (seed, "member", task, width, training size, k), so its losses depend
    neither on the other members nor on `memory_limit` (bytes), which sets how many are held at a time.
    """
    size = max(1, memory_limit // member_bytes(spec, width, x.shape[1], y.shape[1], len(x), len(test_x)))

    def weights(member):
        return initial_weights(
            spec, x.shape[1], width, y.shape[1], generator(seed, "member", task, width, len(x), member)
        )

    chunks = [members[start : start + size] for start in range(0, len(members), size)]
    losses = [
        train(spec, [weights(member) for member in chunk], x, y, test_x, test_y, learning_rate, steps, on_progress)
        for chunk in chunks
    ]
    return EnsembleLosses(*map(np.concatenate, zip(*losses, strict=True)))
