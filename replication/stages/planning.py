"""Which ensembles a profile asks for: shared by the stages that train them and by the command that counts them."""

import pandas as pd

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.finite_width.ensemble import Data, Ensemble
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training
from replication.stages import files
from replication.stages.run_paths import RunPaths

DRAW = 0  # of the training set; ensembles are of one, as the paper's


def nested_data(paths: RunPaths, seed: int, task: TaskSettings, largest: int) -> Data:
    """The training set of the largest size, whose first points are the smaller ones, and the test set."""
    dataset = prepared.read(paths.prepared)
    preprocessing = Preprocessing.of(dataset)
    order = training_order(task.pool_size, largest, seed, paths.task, DRAW)
    return Data(*preprocessing.training(dataset, order), *preprocessing.test(dataset))


def planned_ensembles(
    paths: RunPaths, seed: int, task: TaskSettings, network: MLP, training: Training, finite_width: FiniteWidth
) -> list[Ensemble]:
    """Trained and linearised ensembles of every width and training size, at the learning rates of infinite width."""
    predicted = files.read_table(paths.results("infinite_width", f"{paths.task}.csv"))
    rates = learning_rates(predicted, training.steps)
    methods = ["trained"]
    if training.algorithm == "gradient_descent" and training.schedule == "constant":
        methods.append("linearised")  # which knows no other algorithm
    return [
        Ensemble(
            method, seed, paths.task, network, training, width, size,
            rates[size], rates[size] / task.learning_rate_fraction,
        )
        for method in methods for width in finite_width.widths for size in finite_width.training_sizes
    ]  # fmt: skip


def learning_rates(infinite_width: pd.DataFrame, steps: int) -> dict[int, float]:
    """Learning rate for each training size, from the infinite-width prediction on the same training sets."""
    rows = infinite_width[(infinite_width["draw"] == DRAW) & (infinite_width["training_time"] == steps)]
    return dict(zip(rows["training_size"], rows["learning_rate"], strict=True))
