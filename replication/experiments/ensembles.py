"""The ensembles of arXiv 2503.05938: trained and linearised networks of every width and training size."""

from functools import partial
from typing import NamedTuple

import pandas as pd

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.errors import ReplicationError
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.runs import Labels, Run, Shared
from replication.schema import FINITE, GRADIENT_DESCENT, LEARNING_CURVE, TRAINED
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training

DRAW = 0  # of the training set; ensembles are of one, as the paper's


class TrainingTime(NamedTuple):
    """Of one training size: how many steps, and of what size."""

    steps: int
    learning_rate: float


def ensembles(
    dataset: Dataset,
    task_name: str,
    task: TaskSettings,
    network: MLP,
    training: Training,
    finite_width: FiniteWidth,
    seed: int,
    exact: pd.DataFrame,
) -> list[Run]:
    """Runs of every width and training size, of linearised networks too where their algorithm is full-batch descent.

    exact: learning curves at infinite width, whose learning rates and steps are taken, in the columns method, draw,
    training_size, training_time and learning_rate. ReplicationError if it lacks a training size.
    """
    times = training_times(exact, training, finite_width.training_sizes)
    methods = FINITE if training.is_linear else (TRAINED,)
    data = Shared(partial(nested_data, dataset, task_name, finite_width.training_sizes[-1], seed))
    labels = Labels(LEARNING_CURVE, task_name, task.dataset, draw=DRAW)
    return [
        Run(
            Ensemble(
                method, seed, task_name, network, training.model_copy(update={"steps": times[size].steps}), width, size,
                times[size].learning_rate, times[size].learning_rate / task.learning_rate_fraction,
            ),
            finite_width.members, data, labels,
        )
        for method in methods for width in finite_width.widths for size in finite_width.training_sizes
    ]  # fmt: skip


def nested_data(dataset: Dataset, task_name: str, largest: int, seed: int, draw: int = DRAW) -> Data:
    """The training set of the largest size, whose first points are the smaller ones, and the test set."""
    preprocessing = Preprocessing.of(dataset)
    order = training_order(len(dataset.inputs), largest, seed, task_name, draw)
    return Data(*preprocessing.training(dataset, order), *preprocessing.test(dataset))


def training_times(exact: pd.DataFrame, training: Training, training_sizes: tuple[int, ...]) -> dict[int, TrainingTime]:
    """Steps and learning rate for each training size, from the infinite-width prediction on the same training sets."""
    chosen = exact[(exact["method"] == GRADIENT_DESCENT) & (exact["draw"] == DRAW)]
    chosen = chosen[chosen["training_time"] == training.steps].set_index("training_size")
    times = {int(size): TrainingTime(training.steps, rate) for size, rate in chosen["learning_rate"].items()}
    if missing := sorted(set(training_sizes) - set(times)):
        points = ", ".join(map(str, missing))
        problem = f"no learning rate at infinite width for {training.steps} steps on {points} points"
        raise ReplicationError(problem, "predict infinite width with these settings first")
    return times
