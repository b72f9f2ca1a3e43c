"""Learning curves of infinitely wide networks: the exact law of the test loss for every training size and draw."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from replication import schema
from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_draws
from replication.infinite_width.learning_curve import Regularisation, compute_kernels, learning_curve
from replication.infinite_width.training_time import GradientDescent
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training


def infinite_width_curves(
    dataset: Dataset,
    task_name: str,
    task: TaskSettings,
    network: MLP,
    training: Training,
    infinite_width: InfiniteWidth,
    statistics: Statistics,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """A row for every draw, method, training size and training time, in the columns of `learning_curve`.

    Methods are exact Bayesian inference and gradient descent, the latter after `training.steps` steps (training_time)
    and to convergence (training_time inf). `progress` is called after every row.
    """
    test_x, test_y = Preprocessing.of(dataset).test(dataset)
    sizes, draws, algebra = infinite_width.training_sizes, infinite_width.draws, infinite_width.linear_algebra
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    descent = GradientDescent.of(training, task.learning_rate_fraction)
    rows = []
    for draw, (x, y) in enumerate(training_draws(dataset, task_name, sizes[-1], draws, seed)):
        kernels = compute_kernels(network, infinite_width.engine, x, y, test_x)
        if draw == 0:
            descent = descent.timed(kernels, test_y, sizes, regularisation.singular_diag_reg, algebra)
        for row in learning_curve(kernels, test_y, sizes, regularisation, statistics.confidence, descent, algebra):
            rows.append({"task": task_name, "dataset": task.dataset, "draw": draw} | row)
            progress()
    table = pd.DataFrame(rows).assign(experiment=schema.LEARNING_CURVE, width=np.inf)
    return table[[*schema.KEYS, *table.columns.difference(schema.KEYS, sort=False)]]


def number_of_curve_points(infinite_width: InfiniteWidth) -> int:
    """How many rows `infinite_width_curves` has: of Bayes, gradient descent after some steps, and converged."""
    return 3 * len(infinite_width.training_sizes) * infinite_width.draws
