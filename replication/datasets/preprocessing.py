"""From stored integers to the numbers a network sees."""

import math
from typing import NamedTuple

import numpy as np

from replication.datasets.dataset import Dataset
from replication.errors import ReplicationError


class Preprocessing(NamedTuple):
    """Global standardisation by the training pool: one mean and one standard deviation for all input components.

    x = (input - mean) / std, flattened, so the relations between pixels are kept.
    Classes:    y_i = [label = i] - 1 / classes, one-hot minus its mean.
    Regression: y = (target - target_mean) / target_std, one output.
    The scalars come from exact integer sums, so they are the same to the last bit on every machine.
    """

    mean: float
    std: float
    target_mean: float
    target_std: float
    classes: int

    @classmethod
    def of(cls, dataset: Dataset) -> "Preprocessing":
        """Scalars of the pool; ReplicationError if its inputs, or its regression targets, are all the same."""
        targets = (0.0, 1.0) if dataset.classes else _mean_and_std(dataset.targets, "targets")
        return cls(*_mean_and_std(dataset.inputs, "inputs"), *targets, dataset.classes)

    def training(self, dataset: Dataset, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x (n, d) and y (n, C) in float64 of the pool's points `indices`."""
        return self._inputs(dataset.inputs[indices]), self._targets(dataset.targets[indices])

    def test(self, dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
        """x (test_size, d) and y (test_size, C) in float64 of the test set."""
        return self._inputs(dataset.test_inputs), self._targets(dataset.test_targets)

    def _inputs(self, inputs: np.ndarray) -> np.ndarray:
        return (inputs.reshape(len(inputs), -1).astype(np.float64) - self.mean) / self.std

    def _targets(self, targets: np.ndarray) -> np.ndarray:
        if self.classes:
            return np.eye(self.classes)[targets] - 1 / self.classes
        return ((targets.astype(np.float64) - self.target_mean) / self.target_std)[:, None]


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
