"""Stage: the exact law of the test loss of infinitely wide networks, for every training size and draw."""

import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.infinite_width.learning_curve import GradientDescent, Regularisation, compute_kernels, learning_curve
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def predict_infinite_width(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    training: Training,
    infinite_width: InfiniteWidth,
    statistics: Statistics,
) -> None:
    """Predict moments, sources and credible intervals of the test loss at infinite width."""
    dataset = prepared.read(paths.prepared)
    preprocessing = Preprocessing.of(dataset)
    test_x, test_y = preprocessing.test(dataset)
    sizes = infinite_width.training_sizes
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    descending = GradientDescent(training.steps, task.learning_rate_fraction)
    rows = []
    with tqdm(
        total=3 * len(sizes) * infinite_width.draws, desc=f"infinite width, {paths.task}", disable=None
    ) as progress:
        for draw in range(infinite_width.draws):
            order = training_order(task.pool_size, sizes[-1], seed, paths.task, draw)
            x, y = preprocessing.training(dataset, order)
            problem = compute_kernels(network, infinite_width.engine, x, y, test_x)
            for row in learning_curve(problem, test_y, sizes, regularisation, statistics.confidence, descending):
                rows.append({"task": paths.task, "dataset": task.dataset, "width": float("inf"), "draw": draw, **row})
                progress.update()
    files.write_table(paths.results("infinite_width", f"{paths.task}.csv"), pd.DataFrame(rows))


if __name__ == "__main__":
    run(predict_infinite_width)
