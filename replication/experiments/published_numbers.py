"""Numbers that others published for infinitely wide networks, recomputed on the same data."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from replication import schema
from replication.datasets.dataset import Dataset
from replication.infinite_width.accuracy import balanced, nngp_accuracy
from replication.scaling_laws.fits import Estimate, fit_draws, power_law
from replication.settings.infinite_width import PublishedNumbers
from replication.settings.network import MLP
from replication.settings.sections import Window

ACCURACY, EXPONENT = "NNGP test accuracy", "exponent of the squared bias"
COLUMNS = [
    "task", "data", "quantity", "training_size", "published", "tolerance", "recomputed", "standard_error",
    "degrees_of_freedom", "published_by", "remark",
]  # fmt: skip
PUBLISHED_DIAG_REG = 1e-10  # Lee et al.'s, where the kernel is singular


def published_numbers(
    published: pd.DataFrame,
    datasets: dict[str, str],
    whole: Callable[[str], Dataset],
    curves: pd.DataFrame,
    settings: PublishedNumbers,
    window: Window,
) -> pd.DataFrame:
    """What is published on the data of each task beside what this package finds; no rows where nothing is.

    published: a row for each number, as in reference/published_numbers.csv; datasets: the data set of every task;
    whole: all points of a task's data set, asked for where accuracies are, which `settings` names by training size;
    curves: of `infinite_width_curves`, whose exponents are fitted in `window`.
    """
    rows = [
        {**_published(row), "task": task} | _recomputed(estimate)
        for task, data in datasets.items()
        for row, estimate in _estimates(published[published["data"] == data], task, whole, curves, settings, window)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _estimates(
    published: pd.DataFrame,
    task: str,
    whole: Callable[[str], Dataset],
    curves: pd.DataFrame,
    settings: PublishedNumbers,
    window: Window,
) -> Iterator[tuple[Any, Estimate]]:
    accuracies = published[published["quantity"] == ACCURACY]
    asked = accuracies[accuracies["training_size"].isin(settings.training_sizes)]
    if len(asked):
        dataset = whole(task)
        yield from ((row, _accuracy(row, dataset)) for row in asked.itertuples())
    for row in published[published["quantity"] == EXPONENT].itertuples():
        yield row, _exponent(curves[curves["task"] == task], window)


def _accuracy(row: Any, dataset: Dataset) -> Estimate:
    """Of the network and training size of the row, with the binomial error of the test points."""
    variances = {"weight_variance": row.weight_variance, "bias_variance": row.bias_variance}
    network = MLP(depth=int(row.depth), activation="relu", **variances)
    chosen = balanced(dataset.targets, int(row.training_size))
    training = dataset.inputs[chosen], dataset.targets[chosen]
    accuracy = nngp_accuracy(network, *training, dataset.test_inputs, dataset.test_targets, PUBLISHED_DIAG_REG)
    return Estimate(accuracy, float(np.sqrt(accuracy * (1 - accuracy) / len(dataset.test_targets))))


def _exponent(curves: pd.DataFrame, window: Window) -> Estimate:
    """Of the converged network's squared bias, over draws."""
    converged = curves[(curves["method"] == schema.GRADIENT_DESCENT) & np.isinf(curves["training_time"])]
    inside = converged[converged["training_size"].between(window.smallest, window.largest)]
    draws = inside.pivot(index="draw", columns="training_size", values="squared_bias")
    return fit_draws(power_law, draws.columns.to_numpy(float), draws.to_numpy()).parameters["exponent"]


def _published(row: Any) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in ("data", "quantity", "training_size", "tolerance", "remark")}
    return kept | {"published": row.value, "published_by": row.source}


def _recomputed(estimate: Estimate) -> dict[str, float]:
    value, error, dof = estimate
    return {"recomputed": value, "standard_error": error, "degrees_of_freedom": dof}
