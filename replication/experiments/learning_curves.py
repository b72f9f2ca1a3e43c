"""Learning curves of infinitely wide networks: the exact law of the test loss for every training size and draw."""

from collections.abc import Callable, Sequence

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
    trained_sizes: Sequence[int],
    statistics: Statistics,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """A row for every draw, method, training size and training time, in the columns of `learning_curve`.

    Each row has the network's output_scale, the number of test points, test_size, and the loss of predicting the mean
    of the training targets, loss_of_mean. Methods are exact Bayesian inference and gradient descent, the latter to
    convergence (training_time inf) and, on so many points as `trained_sizes` says, after the steps (training_time) that
    networks of finite width take. `progress` is called after every row.
    """
    test_x, test_y = Preprocessing.of(dataset).test(dataset)
    sizes, draws = infinite_width.sizes_within(len(dataset.inputs)), infinite_width.draws
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    descent = GradientDescent.of(training, task.learning_rate_fraction)
    label: dict[str, object] = {"task": task_name, "dataset": task.dataset}
    label |= {"output_scale": float(network.output_scale), "test_size": len(test_y)}
    rows = []
    for draw, (x, y) in enumerate(training_draws(dataset, task_name, sizes[-1], draws, seed)):
        label["loss_of_mean"] = float(np.mean(np.sum((test_y - y.mean(axis=0)) ** 2, axis=1))) / 2
        kernels = compute_kernels(network, infinite_width.engine, x, y, test_x)
        if draw == 0:
            descent = descent.timed(kernels, test_y, trained_sizes, regularisation.singular_diag_reg)
        for row in learning_curve(
            kernels, test_y, sizes, regularisation, statistics.confidence, descent, infinite_width.linear_algebra
        ):
            rows.append(label | {"draw": draw} | row)
            progress()
    table = pd.DataFrame(rows).assign(experiment=schema.LEARNING_CURVE, width=np.inf)
    return table[[*schema.KEYS, *table.columns.difference(schema.KEYS, sort=False)]]


def number_of_curve_points(infinite_width: InfiniteWidth, pool_size: int, trained_sizes: Sequence[int]) -> int:
    """How many rows `infinite_width_curves` has: of Bayes, gradient descent converged, and after some steps."""
    return (2 * len(infinite_width.sizes_within(pool_size)) + len(trained_sizes)) * infinite_width.draws
