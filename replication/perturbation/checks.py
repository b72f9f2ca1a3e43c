"""What the corrections are given: arrays that fit together, sizes that are there, numbers that mean something."""

from collections.abc import Sequence

import numpy as np

from replication.errors import ReplicationError
from replication.perturbation.limit import Limit
from replication.settings.network import MLP


def checked(
    spec: MLP, x: np.ndarray, y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The arrays in float64; a ReplicationError where they, or the network, are not what the expansion is for."""
    if spec.depth != 1:
        problem = f"the corrections of a network with {spec.depth} hidden layers are not known"
        raise ReplicationError(problem, "take one hidden layer, or estimate with first_order_by_sampling")
    x, y, test_x, test_y = (np.asarray(array, dtype=np.float64) for array in (x, y, test_x, test_y))
    shapes = f"x {x.shape}, y {y.shape}, test_x {test_x.shape}, test_y {test_y.shape}"
    if any(array.ndim != 2 or 0 in array.shape for array in (x, y, test_x, test_y)):
        raise ReplicationError(shapes, "give points in rows, inputs and outputs in columns")
    if len(x) != len(y) or len(test_x) != len(test_y) or x.shape[1] != test_x.shape[1] or y.shape[1] != test_y.shape[1]:
        raise ReplicationError(f"{shapes} do not fit", "give (N, d), (N, C), (N_T, d) and (N_T, C)")
    if not all(np.all(np.isfinite(array)) for array in (x, y, test_x, test_y)):
        raise ReplicationError("inputs or targets are not finite", "drop the points that are not")
    return x, y, test_x, test_y


def check_left(limit: Limit, scale: float) -> None:
    """A ReplicationError where infinitely wide networks have no test loss, of which to be the correction."""
    sources = limit.sources(scale)
    if not sources.squared_bias + sources.variance > 0:
        raise ReplicationError("the test loss at infinite width is zero", "give targets that are not all zero")


def checked_sizes(sizes: Sequence[int], points: int) -> list[int]:
    """The sizes in increasing order; a ReplicationError where there are no so many points."""
    sizes = sorted({int(size) for size in sizes})
    if not sizes or sizes[0] < 1 or sizes[-1] > points:
        raise ReplicationError(f"training sizes {sizes} of {points} points", f"choose from 1 to {points}")
    return sizes


def check_positive(**numbers: float) -> None:
    """A ReplicationError for the first of the named numbers that is not positive and finite."""
    for name, value in numbers.items():
        if not 0 < value < np.inf:
            raise ReplicationError(f"{name} = {value}", "give a positive number")
