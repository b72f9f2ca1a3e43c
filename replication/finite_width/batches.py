"""The batches of an ensemble: shuffled epochs of its training set, cut up. Needs no TensorFlow."""

import numpy as np

from replication.finite_width.ensemble import Ensemble
from replication.seeds import generator


def batches_of(ensemble: Ensemble) -> np.ndarray | None:
    """Indices of the training points of every step, (steps, batch size); None where every step sees all of them.

    One shuffle of the training set after another, cut into batches. The same for every member, so that members differ
    by their initial weights alone: the stream (seed, "batches", task, training size).
    """
    training, points = ensemble.training, ensemble.training_size
    if not training.in_batches or training.batch_size >= points:
        return None
    shuffles = generator(ensemble.seed, "batches", ensemble.task, points)
    needed = training.steps * training.batch_size
    order = np.concatenate([shuffles.permutation(points) for _ in range(-(-needed // points))])
    return order[:needed].reshape(training.steps, training.batch_size)
