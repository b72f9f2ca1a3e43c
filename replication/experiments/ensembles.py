"""The ensembles of arXiv 2503.05938: trained and linearised networks of every width and training size."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.errors import ReplicationError
from replication.experiments.networks import network_on, rounded
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.runs import Labels, Run, Shared
from replication.infinite_width.learning_curve import compute_kernels
from replication.infinite_width.predictions import gradient_descent
from replication.infinite_width.training_time import GradientDescent
from replication.scaling_laws.tables import matching
from replication.schema import FINITE, GRADIENT_DESCENT, LEARNING_CURVE, LINEARISED, TRAINED
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training

DRAW = 0  # of the training set; ensembles are of one, as the paper's
CONVERGENCE = Training(steps=1, algorithm="convergence")


class Subject(NamedTuple):
    """A task of a profile, its data, and the network, which may have an output scale yet to be matched."""

    dataset: Dataset
    task_name: str
    task: TaskSettings
    network: MLP
    seed: int

    def data(self, training_sizes: tuple[int, ...]) -> Data:
        """Training points of the largest size, and the test set."""
        return nested_data(self.dataset, self.task_name, training_sizes[-1], self.seed)

    def labels(self) -> Labels:
        """What the losses of its own network are of."""
        return Labels(LEARNING_CURVE, self.task_name, self.task.dataset, draw=DRAW)


class Case(NamedTuple):
    """A network whose ensembles are trained, and what their losses are of."""

    labels: Labels
    network: MLP


def case_of(subject: Subject) -> Case:
    """The subject's own network."""
    return Case(subject.labels(), network_on(subject.dataset, subject.network))


def training_times(
    subject: Subject, cases: list[Case], training: Training, training_sizes: tuple[int, ...]
) -> pd.DataFrame:
    """How every case is trained: a row for each training size.

    training_time (steps) and learning_rate (`rounded`) are those of infinite width on the same points; training_loss
    is the mean that it has after them. With `training.training_loss_ratio` the steps are those after which it stays
    below this share of the converged test loss, and at most `training.steps`.
    """
    data = subject.data(training_sizes)
    return pd.DataFrame([
        case.labels._asdict() | {"method": GRADIENT_DESCENT, "width": np.inf} | time
        for case in cases for time in _times(case.network, data, subject.task, training, training_sizes)
    ])  # fmt: skip


def ensembles(
    subject: Subject, cases: list[Case], training: Training, finite_width: FiniteWidth, times: pd.DataFrame
) -> list[Run]:
    """Runs of every case, width and size, and of the same members linearised where training follows a linear map.

    times: the table of `training_times`. Linearised members take the same steps, or converge in closed form where the
    number of steps follows from a ratio of losses. ReplicationError if `times` lacks a training size of a case.
    """
    data = Shared(partial(subject.data, finite_width.training_sizes))
    runs = []
    for case in cases:
        label = {"experiment": case.labels.experiment, "value": case.labels.value}
        rows = matching(times, label).set_index("training_size")
        if missing := sorted(set(finite_width.training_sizes) - set(rows.index)):
            points = ", ".join(map(str, missing))
            raise ReplicationError(f"no training time on {points} points", "train the ensembles again")
        for method in FINITE if training.is_linear else (TRAINED,):
            for width, members in zip(finite_width.widths, finite_width.members, strict=True):
                for size in finite_width.training_sizes:
                    if method == LINEARISED and size > finite_width.largest_linearised:
                        continue
                    how, rate = _how(method, training, rows.loc[size])
                    ensemble = Ensemble(
                        method, subject.seed, subject.task_name, case.network, how, width, size, rate,
                        rate / subject.task.learning_rate_fraction,
                    )  # fmt: skip
                    runs.append(Run(ensemble, members, data, case.labels))
    return runs


def nested_data(dataset: Dataset, task_name: str, largest: int, seed: int, draw: int = DRAW) -> Data:
    """The training set of the largest size, whose first points are the smaller ones, and the test set."""
    preprocessing = Preprocessing.of(dataset)
    order = training_order(len(dataset.inputs), largest, seed, task_name, draw)
    return Data(*preprocessing.training(dataset, order), *preprocessing.test(dataset))


def _times(
    network: MLP, data: Data, task: TaskSettings, training: Training, training_sizes: tuple[int, ...]
) -> Iterator[dict[str, float]]:
    kernels, fraction = (
        compute_kernels(network, "closed_form", data.x, data.y, data.test_x),
        task.learning_rate_fraction,
    )
    descent = GradientDescent.of(training, fraction).timed(kernels, data.test_y, training_sizes)
    for size in training_sizes:
        steps = descent.steps_at(size)
        made = gradient_descent(kernels, size, fraction, steps, descent.momenta)
        rates = {"learning_rate": rounded(made.learning_rate), "training_loss": made.training_loss}
        yield {"training_size": size, "training_time": steps} | rates


def _how(method: str, training: Training, time: pd.Series) -> tuple[Training, float]:
    """Of members of one training size, and their learning rate."""
    if method == LINEARISED and training.training_loss_ratio is not None:
        return CONVERGENCE, np.nan
    return training.model_copy(update={"steps": int(time["training_time"])}), float(time["learning_rate"])
