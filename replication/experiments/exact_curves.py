"""Learning curves of infinitely wide networks on arrays in memory, as tables in the one schema."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.datasets.arrays import Split
from replication.datasets.training_sets import training_order
from replication.infinite_width.learning_curve import Regularisation, compute_kernels, learning_curve
from replication.infinite_width.learning_curve_on_disk import learning_curve_on_disk
from replication.infinite_width.out_of_core import OutOfCore
from replication.infinite_width.training_time import GradientDescent
from replication.loss_distribution.moments import over_draws
from replication.own_data.splitting import STREAM
from replication.scaling_laws.tables import groups
from replication.schema import INFINITE_TEST_SET, KEYS, LEARNING_CURVE, STATISTICS
from replication.settings.network import MLP

DATASET = "own data"
ESTIMATES = (*STATISTICS, INFINITE_TEST_SET)
ENDS = ("", "_lower", "_upper", "_standard_error")
# what is averaged over draws beside the estimates
MEANS = ["squared_bias", "variance", "effective_modes", "loss_lower", "loss_median", "loss_upper", "training_loss"]
WORST = ["condition_number", "relative_error", "diag_reg"]  # of which the largest over draws is kept


class Evaluation(NamedTuple):
    """How a learning curve is computed: engine of kernels, regularisation, intervals, training time, linear algebra."""

    engine: str
    regularisation: Regularisation
    confidence: float
    descent: GradientDescent | None
    algebra: str = "scipy"
    folder: Path | None = None  # where kernels lie that memory does not hold


def draws_of(arrays: Split, largest: int, draws: int | None, seed: int) -> Iterator[tuple[int, Split]]:
    """(draw, arrays whose first n points are the training set of size n), for every draw of the training set.

    Without `draws` there is one, the points in the order given; otherwise so many seeded permutations.
    """
    for draw in range(draws or 1):
        chosen: slice | np.ndarray = slice(largest)
        if draws is not None:
            chosen = training_order(len(arrays.x), largest, seed, STREAM, draw)
        yield draw, arrays._replace(x=arrays.x[chosen], y=arrays.y[chosen])


def exact_curves(
    network: MLP,
    arrays: Split,
    sizes: Sequence[int],
    draws: int | None,
    seed: int,
    task: str,
    evaluation: Evaluation,
    progress: Callable[[int], object] = lambda rows: None,
) -> pd.DataFrame:
    """A row for every draw, method, training size and training time, in the columns of `learning_curve`.

    The numbers are exact for their training set: their intervals are the numbers themselves, their errors 0, up to
    relative_error, the rounding of float64 times the condition number of the kernel. `progress` is called with 1 after
    every row and after the kernels of every draw.
    """
    rows = []
    engine, regularisation, confidence, descent, algebra, folder = evaluation
    for draw, points in draws_of(arrays, max(sizes), draws, seed):
        if folder is not None:
            diag_reg = regularisation.diag_reg
            on_disk = OutOfCore(network, points.x, points.y, points.x_test, sizes, folder, diag_reg)
            curve = learning_curve_on_disk(on_disk, points.y_test, sizes, confidence, descent)
        else:
            kernels = compute_kernels(network, engine, points.x, points.y, points.x_test)
            if draw == 0 and descent is not None:
                descent = descent.timed(kernels, points.y_test, sizes, regularisation.singular_diag_reg, algebra)
            curve = learning_curve(kernels, points.y_test, sizes, regularisation, confidence, descent, algebra)
        progress(1)
        for row in curve:
            rows.append({"draw": draw} | row)
            progress(1)
    table = pd.DataFrame(rows).assign(experiment=LEARNING_CURVE, task=task, dataset=DATASET, width=np.inf)
    table = table.assign(members=np.nan, draws=1)
    table["relative_error"] = np.finfo(np.float64).eps * table["condition_number"]
    for name in ESTIMATES:
        table = table.assign(**{f"{name}{end}": table[name] for end in ENDS[1:3]}, **{f"{name}{ENDS[3]}": 0.0})
    return in_order(table)


def number_of_steps(sizes: Sequence[int], draws: int | None, descent: GradientDescent | None) -> int:
    """How often `exact_curves` calls `progress`."""
    return (draws or 1) * ((3 if descent else 2) * len(sizes) + 1)


def average_over_draws(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """One row for each point of a curve: means over draws of the training set, with Student-t intervals.

    A single draw of an ensemble keeps its interval over members; a single draw at infinite width, where the draws are
    all that scatters, has none.
    """
    keys = [key for key in KEYS if key != "draw"]
    rows = []
    for key, group in groups(table, keys):
        row = key | {"members": group["members"].sum(min_count=1), "draws": len(group)}
        for name in (name for name in ESTIMATES if name in table):
            row |= dict(zip((f"{name}{end}" for end in ENDS), _averaged(group, name, confidence), strict=True))
        rows.append(row | _beside(group))
    return pd.DataFrame(rows)


def _averaged(group: pd.DataFrame, name: str, confidence: float) -> tuple[float, ...]:
    if len(group) == 1 and group[f"{name}_standard_error"].iloc[0] > 0:
        return tuple(group[f"{name}{end}"].iloc[0] for end in ENDS)
    return over_draws(group[name].to_numpy(), confidence)


def _beside(group: pd.DataFrame) -> dict[str, float]:
    means = group[[name for name in (*MEANS, "learning_rate") if name in group]].mean()
    return {**means.to_dict(), **group[[name for name in WORST if name in group]].max().to_dict()}


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The columns in the order of the schema: keys, counts, estimates with their ends, everything else."""
    estimates = [f"{name}{end}" for name in ESTIMATES for end in ENDS if f"{name}{end}" in table]
    leading = [*KEYS, "members", "draws", *estimates]
    return table[[*leading, *(name for name in table if name not in leading)]]
