"""An ensemble: what determines the losses of its members, and the losses themselves. Needs no TensorFlow."""

from typing import Literal, NamedTuple

import numpy as np

from replication.network import Weights, initial_weights
from replication.seeds import generator
from replication.settings.network import MLP
from replication.settings.training import Training


class Ensemble(NamedTuple):
    """Draws of the initial weights at a fixed training set, and how they are trained.

    With the data and the code this determines the losses of every member. Member k starts from the random stream
    (seed, "member", task, width, k), whatever the training size; batches are those of (seed, "batches", task, training
    size). `task` names these streams: ensembles that share it are paired member by member. Method "trained" trains its
    network; "linearised" trains the same member's first-order expansion about its initial weights, whose kernel stays
    as it is. `largest_learning_rate` is what the learning rate is a fraction of, 2 / lambda_max(Theta / N) at infinite
    width; NaN where there is none. The algorithm "convergence" of linearised networks has no rate, and no steps.
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


def initial_weights_of(
    network: MLP, width: int, inputs: int, outputs: int, seed: int, task: str, member: int
) -> Weights:
    """Initial weights of one member, from the stream (seed, "member", task, width, member).

    They do not depend on the training size, so differences between training sizes are those of the same networks.
    """
    return initial_weights(network, inputs, width, outputs, generator(seed, "member", task, width, member))


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
    """Losses L = 1/(2 N) sum_{a,i} (f_i(x_a) - y_ia)^2 after training, and what training did to the network.

    flipped_share: of pairs of a hidden ReLU and a training point, those whose sign training changed; NaN where there is
    none (other activations, linearised networks). Each of shape (members,).
    """

    training_loss: np.ndarray
    test_loss: np.ndarray
    flipped_share: np.ndarray
