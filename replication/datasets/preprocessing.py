"""From stored integers to the numbers a network sees."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from replication.datasets.dataset import Dataset
from replication.errors import ReplicationError
from replication.settings.tasks import Centre, Transform

TRANSFORMS: dict[Transform, Callable[[np.ndarray], np.ndarray]] = {
    "none": lambda values: values,
    "sqrt": np.sqrt,
    "log1p": np.log1p,
}
ROWS = 1024  # transformed at a time


class Preprocessing(NamedTuple):
    """Standardisation by the training pool, with one standard deviation for all input components.

    x = (f(input) - mean) / std, flattened; f is the identity, the square root, or log(1 + input), and the mean is that
    of all components together ("global"), so that the relations between pixels are kept, or (d,) of each by itself
    ("per_feature"). Which it is, the data set says.
    std:  root mean square of f(input) - mean over all components.
    Classes:    y_i = [label = i] - 1 / classes, one-hot minus its mean.
    Regression: y = (target - target_mean) / target_std, one output.
    With f the identity and one mean, the scalars come from exact integer sums and are the same to the last bit on every
    machine. Otherwise the sums run over the points in order, component by component, then exactly over the components:
    the same bits wherever f has the same, which IEEE 754 asks of the square root and nobody of the logarithm.
    """

    mean: float | np.ndarray
    std: float
    target_mean: float
    target_std: float
    classes: int
    transform: Transform = "none"

    @classmethod
    def of(cls, dataset: Dataset) -> "Preprocessing":
        """Constants of the pool; ReplicationError if its inputs, or its regression targets, are all the same."""
        targets = (0.0, 1.0) if dataset.classes else _mean_and_std(dataset.targets, "targets")
        inputs: tuple[float | np.ndarray, float]
        if (dataset.transform, dataset.centre) == ("none", "global"):
            inputs = _mean_and_std(dataset.inputs, "inputs")
        else:
            inputs = _transformed_mean_and_std(dataset.inputs, dataset.transform, dataset.centre)
        return cls(*inputs, *targets, dataset.classes, dataset.transform)

    def training(self, dataset: Dataset, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x (n, d) and y (n, C) in float64 of the pool's points `indices`."""
        return self._inputs(dataset.inputs[indices]), self._targets(dataset.targets[indices])

    def test(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """x (test_size, d) and y (test_size, C) in float64 of the test set."""
        return self._inputs(dataset.test_inputs), self._targets(dataset.test_targets)

    def _inputs(self, inputs: np.ndarray) -> np.ndarray:
        return (_transformed(inputs, self.transform) - self.mean) / self.std

    def _targets(self, targets: np.ndarray) -> np.ndarray:
        if self.classes:
            return np.eye(self.classes)[targets] - 1 / self.classes
        return ((targets.astype(np.float64) - self.target_mean) / self.target_std)[:, None]


def _transformed(inputs: np.ndarray, transform: Transform) -> np.ndarray:
    return TRANSFORMS[transform](inputs.reshape(len(inputs), -1).astype(np.float64))


def _transformed_mean_and_std(
    inputs: np.ndarray, transform: Transform, centre: Centre
) -> tuple[float | np.ndarray, float]:
    """Mean of all components or (d,) of each, and root mean square distance from it over all; see `Preprocessing`."""

    def mean_of(power: int, origin: float | np.ndarray) -> np.ndarray:
        """Mean of (f(input) - origin)^power over the points, (d,)."""
        blocks = (inputs[start : start + ROWS] for start in range(0, len(inputs), ROWS))
        return sum(((_transformed(block, transform) - origin) ** power).sum(axis=0) for block in blocks) / len(inputs)

    if np.array_equal(inputs, np.broadcast_to(inputs[:1] if centre == "per_feature" else inputs.flat[0], inputs.shape)):
        raise ReplicationError("the inputs of the training pool are all the same", "enlarge pool_size")
    means = mean_of(1, 0.0)
    mean: float | np.ndarray = math.fsum(means) / means.size if centre == "global" else means
    variance = mean_of(2, mean)
    return mean, math.sqrt(math.fsum(variance) / variance.size)


def _mean_and_std(values: np.ndarray, what: str) -> tuple[float, float]:
    """Mean S1 / n and standard deviation sqrt(n S2 - S1^2) / n of unsigned integers, S1 and S2 being exact sums."""
    flat, largest = values.reshape(-1), int(values.max())
    # as many squares at a time as uint64 surely holds, and as memory easily does; Python's integers add up the rest
    step = min(2**20, (2**64 - 1) // max(largest, 1) ** 2)
    count, total, squares = flat.size, 0, 0
    for start in range(0, count, step):
        block = flat[start : start + step].astype(np.uint64)
        total += int(block.sum())
        squares += int(block @ block)
    spread = count * squares - total**2
    if spread == 0:
        raise ReplicationError(f"the {what} of the training pool are all the same", "enlarge pool_size")
    return total / count, math.sqrt(spread / count**2)
