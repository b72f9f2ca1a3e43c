"""An ensemble: what determines the losses of its members, and the losses themselves. Needs no TensorFlow."""

from typing import Literal, NamedTuple

import numpy as np

from replication.settings.network import MLP
from replication.settings.training import Training


class Ensemble(NamedTuple):
    """Draws of the initial weights at a fixed training set, and how they are trained.

    With the data and the code this determines the losses of every member. Member k starts from the random stream
    (seed, "member", task, width, k), whatever the training size; batches are those of (seed, "batches", task, training
    size). `task` names these streams: ensembles that share it are paired member by member. Method "trained" trains its
    network; "linearised" trains the same member's first-order expansion about its initial weights, whose kernel stays
    as it is. `largest_learning_rate` is what the learning rate is a fraction of, 2 / lambda_max(Theta / N) at infinite
    width; NaN where there is none.
    """

    method: Literal["trained", "linearised"]
    seed: int
    task: str
    network: MLP
    training: Training
    width: int
    training_size: int
    learning_rate: float
    largest_learning_rate: float


class Data(NamedTuple):
    """Training set x (N, d), y (N, outputs) and test set, likewise."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray

    def first(self, training_size: int) -> "Data":
        """The nested training set of this size, and the same test set."""
        return self._replace(x=self.x[:training_size], y=self.y[:training_size])


class EnsembleLosses(NamedTuple):
    """Losses L = 1/(2 N) sum_{a,i} (f_i(x_a) - y_ia)^2 after training, each of shape (members,), float32."""

    training_loss: np.ndarray
    test_loss: np.ndarray
