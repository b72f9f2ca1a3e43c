"""The infinite-width prediction of one training size by a second engine, beside that of the first."""

from typing import cast

import numpy as np
import pandas as pd

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_draws
from replication.errors import ReplicationError
from replication.infinite_width.learning_curve import Regularisation, Row, compute_kernels, learning_curve
from replication.infinite_width.predictions import KernelMatrices
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP

COLUMNS = ["task", "engine", "checked_by", "training_size", "quantity", "relative_difference", "tolerance"]


def cross_check(
    dataset: Dataset, task_name: str, network: MLP, infinite_width: InfiniteWidth, seed: int
) -> pd.DataFrame:
    """Largest relative difference of kernels, and of mean and std of the test loss, on the first draw; see COLUMNS.

    An entry of a kernel K is compared relative to sqrt(K_ii K_jj). Without `infinite_width.cross_check` the table is
    empty; ReplicationError where a difference exceeds its tolerance.
    """
    check = infinite_width.cross_check
    if check is None:
        return pd.DataFrame(columns=COLUMNS)
    ((x, y),) = training_draws(dataset, task_name, check.training_size, 1, seed)
    test_x, test_y = Preprocessing.of(dataset).test(dataset)
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    engines, algebra = (infinite_width.engine, check.engine), infinite_width.linear_algebra
    first, second = (compute_kernels(network, engine, x, y, test_x) for engine in engines)
    curves = [
        list(learning_curve(kernels, test_y, (check.training_size,), regularisation, algebra=algebra))
        for kernels in (first, second)
    ]
    found = _kernels(first, second) | _losses(*curves)
    common = [task_name, *engines, check.training_size]
    table = pd.DataFrame([[*common, *pair, check.tolerance] for pair in found.items()], columns=COLUMNS)
    worst = table.loc[table["relative_difference"].idxmax()]
    if not worst["relative_difference"] <= check.tolerance:
        difference = f"{worst['relative_difference']:.1e} in {worst['quantity']}, tolerance {check.tolerance:.1e}"
        problem = f"{engines[0]} and {engines[1]} differ by {difference}"
        raise ReplicationError(problem, "raise infinite_width.cross_check.tolerance, or set cross_check to null")
    return table


def _kernels(first: KernelMatrices, second: KernelMatrices) -> dict[str, float]:
    """Of the NNGP and the NTK between training points, and of the NNGP between test points."""
    matrices = {
        "NNGP": (first.training.nngp, second.training.nngp),
        "NTK": (first.training.ntk, second.training.ntk),
        "NNGP of test points": (first.test_nngp, second.test_nngp),
    }
    return {name: _scaled_difference(*pair) for name, pair in matrices.items()}


def _scaled_difference(first: np.ndarray, second: np.ndarray) -> float:
    """max |A_ij - B_ij| / sqrt(A_ii A_jj)."""
    scale = np.sqrt(np.diag(first))
    return float(np.max(np.abs(first - second) / scale / scale[:, None]))


def _losses(first: list[Row], second: list[Row]) -> dict[str, float]:
    """Of mean and std of the test loss by every method; rows of the two engines in the same order."""
    return {
        f"{statistic}, {one['method']}": abs(cast(float, one[statistic]) / cast(float, other[statistic]) - 1)
        for one, other in zip(first, second, strict=True)
        for statistic in ("mean", "std")
    }
