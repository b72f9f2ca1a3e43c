"""Stage: numbers that others published for infinitely wide networks, recomputed on the same data."""

import os

import numpy as np
import pandas as pd

from replication.claims.verdicts import EquivalenceTest, verdict
from replication.datasets import sources
from replication.datasets.registry import read_registry
from replication.infinite_width.accuracy import balanced, nngp_accuracy
from replication.scaling_laws import fits as laws
from replication.settings.analysis import Claims, ScalingLaws
from replication.settings.infinite_width import PublishedNumbers
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import DOWNLOADS, PUBLISHED_NUMBERS, REGISTRY, RunPaths


def recompute_published_numbers(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    scaling_laws: ScalingLaws,
    published_numbers: PublishedNumbers,
    claims: Claims,
) -> None:
    """Compare with what is published for this task's data, if anything is: accuracies, and bands of exponents."""
    published = files.read_table(PUBLISHED_NUMBERS).query("data == @task.dataset")
    wanted = published["training_size"].isin(published_numbers.training_sizes)
    estimates = {}
    if wanted.any():
        registry, mirror = read_registry(REGISTRY), os.environ.get("REPLICATION_DATA_MIRROR")
        largest = sources.SOURCES[task.dataset]
        whole = sources.load(
            task.dataset, largest.largest_pool, largest.largest_test, seed, DOWNLOADS, registry, mirror
        )
        for row in published[wanted].itertuples():
            estimates[row.id] = _accuracy(row, whole)
    for row in published[published["quantity"] == "exponent of the squared bias"].itertuples():
        infinite_width = files.read_table(paths.results("infinite_width", f"{paths.task}.csv"))
        estimates[row.id] = _exponent(infinite_width, scaling_laws)
    rows = [_compared(row, estimates[row.id], claims) for row in published.itertuples() if row.id in estimates]
    columns = ["task", "data", "quantity", "training_size", "published", "tolerance", "recomputed", "standard_error"]
    table = pd.DataFrame(rows, columns=[*columns[1:], "verdict", "published_by", "remark"])
    table.insert(0, "task", paths.task)
    files.write_table(paths.results("published_numbers", f"{paths.task}.csv"), table)


def _accuracy(row, whole) -> laws.Estimate:
    spec = MLP(
        depth=int(row.depth), activation="relu", weight_variance=row.weight_variance, bias_variance=row.bias_variance
    )
    chosen = balanced(whole.targets, int(row.training_size))
    points = (whole.inputs[chosen], whole.targets[chosen], whole.test_inputs, whole.test_targets)
    accuracy = nngp_accuracy(spec, *points, singular_diag_reg=1e-10)  # theirs
    return laws.Estimate(accuracy, float(np.sqrt(accuracy * (1 - accuracy) / len(whole.test_targets))))


def _exponent(infinite_width: pd.DataFrame, windows: ScalingLaws) -> laws.Estimate:
    """Of the converged network, in the profile's fit window."""
    window = windows.infinite_width
    converged = infinite_width.query("method == 'gradient_descent' and training_time == inf")
    inside = converged[converged["training_size"].between(window.smallest, window.largest)]
    draws = inside.pivot(index="draw", columns="training_size", values="squared_bias")
    return laws.fit_draws(laws.power_law, draws.columns.to_numpy(float), draws.to_numpy()).parameters["exponent"]


def _compared(row, estimate: laws.Estimate, claims: Claims) -> dict:
    test = EquivalenceTest("", "", row.quantity, estimate, row.value - row.tolerance, row.value + row.tolerance)
    return {
        "data": row.data,
        "quantity": row.quantity,
        "training_size": row.training_size,
        "published": row.value,
        "tolerance": row.tolerance,
        "recomputed": estimate.value,
        "standard_error": estimate.error,
        "verdict": verdict(test, claims.significance),
        "published_by": row.source,
        "remark": row.remark,
    }


if __name__ == "__main__":
    run(recompute_published_numbers)
