"""Learning curves of trained networks, as in arXiv 2102.06701: students of random teachers, and changed data.

Their loss is limited by the resolution of the data: ~ D^-alpha. Members are trained by Adam on batches with a cosine
schedule, in every one of several draws of the data. Functions give the runs, from which `training.member_table` makes
the losses.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.teacher_student import teacher_student_data
from replication.datasets.training_sets import training_order
from replication.experiments import changed_data
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.runs import Labels, Run, Shared
from replication.schema import DATA_VARIATION, DIMENSION, HYPERCUBE, STUDENTS, TEACHER_STUDENT
from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedCurves, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training


def trained_students(training: Training, dimension: Dimension, seed: int) -> list[Run]:
    """Students of finite width on inputs of every dimension; every draw has inputs, teacher and students of its own."""
    settings, runs = dimension.trained, []
    adam = _adam(training, settings)
    for d in settings.dimensions:
        for draw in range(settings.draws):
            data = Shared(partial(_teacher_and_student, dimension, d, seed, draw))
            labels = Labels(TEACHER_STUDENT, STUDENTS, HYPERCUBE, DIMENSION, d, draw)
            stream = f"students, d = {d}, draw {draw}"
            runs += _curve(dimension.spec, adam, settings, data, labels, seed, stream)
    return runs


def trained_variations(
    dataset: Dataset, task: TaskSettings, network: MLP, training: Training, variations: TrainedVariations, seed: int
) -> list[Run]:
    """Networks on the task's data, on the same with fewer classes, and with noisy inputs, in mu-parametrisation.

    Of one draw, initial weights, batches and points are the same for every variation.
    """
    settings, runs = variations, []
    network = network.model_copy(update={"depth": settings.depth})
    adam = _adam(training, settings).model_copy(update={"parametrisation": "mup"})
    for case in changed_data.cases(dataset, (), settings.noise):
        # of the draw's points the names of the targets do not depend
        names = [name for name, _ in changed_data.targets(case, np.arange(1), settings.superclasses)]
        for draw in range(settings.draws):
            for name in names:
                data = Shared(partial(_changed, case, name, settings, seed, draw))
                variation = changed_data.variation_of(case, name)
                labels = Labels(
                    DATA_VARIATION, settings.task, task.dataset, str(variation["varied"]), variation["value"], draw
                )
                stream = f"changed {settings.task}, draw {draw}"
                runs += _curve(network, adam, settings, data, labels, seed, stream)
    return runs


def _adam(training: Training, settings: TrainedCurves) -> Training:
    how = {"algorithm": "minibatch_adam", "schedule": "cosine", "steps": settings.steps}
    return training.model_copy(update=how | {"batch_size": settings.batch_size, "training_loss_ratio": None})


def _curve(
    network: MLP, adam: Training, settings: TrainedCurves, data: Callable[[], Data], labels: Labels, seed: int,
    stream: str,
) -> list[Run]:  # fmt: skip
    """Runs on nested training sets; the learning rate is that of width one, over the square root of the width."""
    width, rate = settings.width, settings.adam_learning_rate / np.sqrt(settings.width)
    return [
        Run(
            Ensemble("trained", seed, stream, network, adam, width, size, rate, np.nan),
            settings.members, data, labels,
        )
        for size in settings.training_sizes
    ]  # fmt: skip


def _teacher_and_student(dimension: Dimension, d: int, seed: int, draw: int) -> Data:
    largest = dimension.trained.training_sizes[-1]
    return Data(
        *teacher_student_data(
            dimension.spec, d, largest, dimension.test_size, 1, dimension.teacher_width, seed, draw
        )
    )  # fmt: skip


def _changed(case: changed_data.DataVariation, target: str, settings: TrainedVariations, seed: int, draw: int) -> Data:
    order = training_order(len(case.dataset.inputs), settings.training_sizes[-1], seed, settings.task, draw)
    x, test_x = changed_data.inputs(case, order, seed, settings.task, draw)
    y, test_y = dict(changed_data.targets(case, order, settings.superclasses))[target]
    return Data(x, y, test_x, test_y)
