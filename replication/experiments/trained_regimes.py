"""Trained networks where the variance of width or data, or the resolution of the width, limits the loss.

Three of the four regimes of arXiv 2102.06701; trained_curves.py has the fourth. Functions give the runs, from which
`training.member_table` makes the losses.
"""

from functools import partial

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.experiments.ensembles import DRAW
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.runs import Labels, Run, Shared
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.finite_time import largest_learning_rate
from replication.schema import (
    FINITE,
    RESOLUTION_LIMITED_WIDTH,
    VARIANCE_LIMITED_DATA,
    VARIANCE_LIMITED_WIDTH,
)
from replication.seeds import generator
from replication.settings.network import MLP
from replication.settings.regimes import TrainedRegimes
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training

COLLECTIVE = 1024  # points that show the kernel's largest eigenvalue, which is that of a collective mode


def variance_limited_width(
    dataset: Dataset, task: TaskSettings, network: MLP, training: Training, regimes: TrainedRegimes, seed: int
) -> list[Run]:
    """Trained and linearised networks of growing width, from the same weights, on one training set.

    At fixed data the network of infinite width is its linearisation, and the loss a smooth function of averages over
    neurons: the mean difference of the test losses falls as 1 / width.
    """
    settings = regimes.variance_width
    network = network.model_copy(update={"depth": settings.depth, "activation": settings.activation})
    descent = _full_batch(training, settings.steps)
    make = partial(_training_set, dataset, regimes.task, settings.training_size, seed)
    rate, largest = _learning_rate(network, make().x, settings.learning_rate_fraction)
    labels, data = Labels(VARIANCE_LIMITED_WIDTH, regimes.task, task.dataset), Shared(make)
    return [
        Run(
            Ensemble(
                method, seed, VARIANCE_LIMITED_WIDTH, network, descent, width, settings.training_size, rate, largest
            ),
            settings.members, data, labels,
        )
        for width in settings.widths for method in FINITE
    ]  # fmt: skip


def variance_limited_data(
    dataset: Dataset, task: TaskSettings, network: MLP, training: Training, regimes: TrainedRegimes, seed: int
) -> list[Run]:
    """One small network trained on the population, and from the same weights on D points drawn from it.

    The population is a finite set: its points are drawn with replacement, and its own loss is the test loss, without a
    test set's noise. The mean excess over the loss of training on the population, whose training size is its own, falls
    as 1 / D.
    """
    settings, size = regimes.variance_data, regimes.population
    network = network.model_copy(update={"depth": 1, "activation": settings.activation})
    descent = _full_batch(training, settings.steps)
    some = _training_set(dataset, regimes.task, min(size, COLLECTIVE), seed).x
    rate, largest = _learning_rate(network, some, settings.learning_rate_fraction)
    population = Shared(partial(_population, dataset, regimes.task, size, seed))
    whole = Ensemble(
        "trained", seed, VARIANCE_LIMITED_DATA, network, descent, settings.width, size, rate, largest
    )  # fmt: skip
    labels = Labels(VARIANCE_LIMITED_DATA, regimes.task, task.dataset)
    return [
        Run(whole, settings.members, population, labels),
        *(
            Run(
                whole._replace(training_size=points), settings.members,
                partial(_drawn, population, points, seed, draw), labels._replace(draw=draw),
            )
            for points in settings.training_sizes for draw in range(settings.draws)
        ),
    ]  # fmt: skip


def resolution_limited_width(
    dataset: Dataset, task: TaskSettings, network: MLP, training: Training, regimes: TrainedRegimes, seed: int
) -> list[Run]:
    """Networks of growing width trained on a whole population, which stands for infinitely many points: ~ w^-alpha.

    By Adam on batches with a cosine schedule, in mu-parametrisation; the test loss is that of the population. Its
    learning rate is that of width one, over the square root of the width.
    """
    settings = regimes.resolution_width
    size, network = settings.population, network.model_copy(update={"depth": 1})
    how = {"algorithm": "minibatch_adam", "schedule": "cosine", "parametrisation": "mup", "steps": settings.steps}
    how |= {"batch_size": settings.batch_size, "training_loss_ratio": None}
    adam = training.model_copy(update=how)
    data = Shared(partial(_population, dataset, regimes.task, size, seed))
    labels = Labels(RESOLUTION_LIMITED_WIDTH, regimes.task, task.dataset)
    return [
        Run(
            Ensemble(
                "trained", seed, RESOLUTION_LIMITED_WIDTH, network, adam, width, size,
                settings.adam_learning_rate / np.sqrt(width), np.nan,
            ),
            settings.members, data, labels,
        )
        for width in settings.widths
    ]  # fmt: skip


def _full_batch(training: Training, steps: int) -> Training:
    how = {"algorithm": "gradient_descent", "schedule": "constant", "parametrisation": "ntk"}
    return training.model_copy(update=how | {"steps": steps, "training_loss_ratio": None})


def _training_set(dataset: Dataset, task_name: str, size: int, seed: int) -> Data:
    """So many points of the pool, and the test set."""
    preprocessing = Preprocessing.of(dataset)
    order = training_order(len(dataset.inputs), size, seed, task_name, DRAW)
    return Data(*preprocessing.training(dataset, order), *preprocessing.test(dataset))


def _population(dataset: Dataset, task_name: str, size: int, seed: int) -> Data:
    """So many points of the pool, to train and to test on."""
    order = training_order(len(dataset.inputs), size, seed, task_name, DRAW)
    x, y = Preprocessing.of(dataset).training(dataset, order)
    return Data(x, y, x, y)


def _drawn(population: Shared, training_size: int, seed: int, draw: int) -> Data:
    """Training points drawn from the population with replacement."""
    x, y, *whole = population()
    points = generator(seed, VARIANCE_LIMITED_DATA, "points", training_size, draw).integers(0, len(x), training_size)
    return Data(x[points], y[points], *whole)


def _learning_rate(network: MLP, x: np.ndarray, fraction: float) -> tuple[float, float]:
    """A fraction of the largest stable step of the infinitely wide network on these points, and that step."""
    largest = largest_learning_rate(kernels(network, x).ntk)
    return fraction * largest, largest
