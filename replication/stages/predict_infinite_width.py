"""Stage: exact moments of the test loss of infinitely wide networks, for every training size and draw."""

from collections.abc import Iterator

import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.infinite_width import predictions
from replication.infinite_width.kernels import evaluate_kernels
from replication.infinite_width.predictions import Problem
from replication.settings import InfiniteWidth, MLPSpec, Task, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place
from replication.test_loss import gaussian_moments


def predict_infinite_width(
    place: Place, seed: int, source: Task, network: MLPSpec, training: Training, infinite_width: InfiniteWidth
) -> None:
    """Predict mean and standard deviation of the test loss at infinite width."""
    dataset = prepared.read(place.prepared)
    preprocessing = Preprocessing.of(dataset)
    test_x, test_y = preprocessing.test(dataset)
    test_nngp = evaluate_kernels(network, infinite_width.engine, test_x).nngp
    sizes = infinite_width.training_sizes
    rows = []
    for draw in tqdm(range(infinite_width.draws), desc=f"infinite width, {place.task}", unit="draw", disable=None):
        order = training_order(source.pool_size, sizes[-1], seed, place.task, draw)
        x, y = preprocessing.training(dataset, order)
        kernels = (evaluate_kernels(network, infinite_width.engine, x, other) for other in (None, test_x))
        problem = Problem(*kernels, test_nngp, y)
        for row in _predict(problem, infinite_width, source.learning_rate_fraction, training.steps, test_y):
            rows.append({"task": place.task, "source": source.source, "width": float("inf"), "draw": draw, **row})
    files.write_table(place.results("infinite_width", f"{place.task}.csv"), pd.DataFrame(rows))


def _predict(problem: Problem, infinite_width: InfiniteWidth, fraction: float, steps: int, test_y) -> Iterator[dict]:
    """Rows of one draw: exact Bayesian inference, gradient descent converged, and after the declared steps."""
    sizes, never = infinite_width.training_sizes, float("inf")
    for size, prediction in zip(sizes, predictions.bayes(problem, sizes, infinite_width.diag_reg), strict=True):
        yield _row("bayes", size, never, prediction, test_y)
    for size, prediction in zip(sizes, predictions.converged(problem, sizes, infinite_width.diag_reg), strict=True):
        yield _row("gradient_descent", size, never, prediction, test_y, training_loss=0.0)
    for size in sizes:
        descent = predictions.descend(problem, size, fraction, steps)
        rest = {"learning_rate": descent.learning_rate, "training_loss": descent.training_loss}
        yield _row("gradient_descent", size, steps, descent.prediction, test_y, **rest)


def _row(method, size, training_time, prediction, test_y, **rest):
    moments = gaussian_moments(prediction.mean, prediction.covariance, test_y)._asdict()
    return {"method": method, "training_size": size, "training_time": training_time, **rest, **moments}


if __name__ == "__main__":
    run(predict_infinite_width)
