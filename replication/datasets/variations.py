"""The same data set with fewer classes or coarser images, as in arXiv 2102.06701."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from replication.datasets.dataset import Dataset
from replication.errors import ReplicationError


class Targets(NamedTuple):
    """Targets of the training inputs (N, C) and of the test inputs (N_T, C)."""

    training: np.ndarray
    test: np.ndarray


def superclasses(dataset: Dataset, number: int) -> Dataset:
    """The same inputs, their classes merged into `number` runs of consecutive labels of (nearly) equal length."""
    if not 2 <= number <= dataset.classes:
        raise ReplicationError(
            f"{number} superclasses of {dataset.classes} classes", "ask for two or more, up to as many as there are"
        )
    merged = (np.arange(dataset.classes) * number // dataset.classes).astype(dataset.targets.dtype)
    return dataset._replace(targets=merged[dataset.targets], test_targets=merged[dataset.test_targets], classes=number)


def one_output(dataset: Dataset, positive: Sequence[int]) -> Dataset:
    """The same inputs, with one target for a regression: 1 where the class is one of `positive`, 0 elsewhere."""
    others = set(range(dataset.classes)) - set(positive)
    if not others or not set(positive) < set(range(dataset.classes)):
        problem = f"positive classes {', '.join(map(str, positive))} of {dataset.classes}"
        raise ReplicationError(problem, "name some of the classes, which are counted from 0, and not all")
    targets, test_targets = (
        np.isin(labels, positive).astype(np.uint8) for labels in (dataset.targets, dataset.test_targets)
    )
    return dataset._replace(targets=targets, test_targets=test_targets, classes=0)


def pooled(dataset: Dataset, side: int) -> Dataset:
    """Square images, (n, s, s) or (n, s, s, colours), average-pooled to side x side pixels.

    The integers are sums over the s/side x s/side pixels of a block: averages up to one factor for all, which
    standardisation takes out, and exact.
    """
    present = image_side(dataset)
    if present is None or present % side:
        shape = " x ".join(map(str, dataset.inputs.shape[1:]))
        raise ReplicationError(
            f"inputs of {shape} are no square images that pool to a side of {side}", "choose a divisor of their side"
        )
    if side == present:
        return dataset
    return dataset._replace(inputs=_sums(dataset.inputs, side), test_inputs=_sums(dataset.test_inputs, side))


def image_side(dataset: Dataset) -> int | None:
    """Side of the square images (n, s, s) or (n, s, s, 3) that the inputs are; None if they are something else."""
    _, *shape = dataset.inputs.shape
    square = len(shape) in (2, 3) and shape[0] == shape[1] and shape[2:] in ([], [3])
    return shape[0] if square else None


def _sums(inputs: np.ndarray, side: int) -> np.ndarray:
    count, present, _, *colours = inputs.shape
    block = present // side
    return inputs.reshape(count, side, block, side, block, *colours).sum(axis=(2, 4), dtype=np.uint32)
