"""The data of a task as they are, with coarser images, merged classes and noisy inputs: what learning curves see."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.variations import image_side, pooled, superclasses
from replication.experiments.data_variations import BASELINE, LABELS
from replication.infinite_width.resolution import Targets
from replication.seeds import generator


class DataVariation(NamedTuple):
    """Changed inputs: what is varied, its value, the data set, its preprocessing, the standard deviation of noise."""

    varied: str
    value: float
    dataset: Dataset
    preprocessing: Preprocessing
    noise: float = 0.0


def cases(dataset: Dataset, sides: Iterable[int], noise: Iterable[float]) -> Iterator[DataVariation]:
    """The data unvaried, with images of every other side, and with inputs of every level of noise."""
    own = Preprocessing.of(dataset)
    yield DataVariation(BASELINE, 0.0, dataset, own)
    for side in sides:
        if side != image_side(dataset):
            coarse = pooled(dataset, side)
            yield DataVariation("side", side, coarse, Preprocessing.of(coarse))
    for level in noise:
        yield DataVariation("noise", level, dataset, own, level)


def inputs(case: DataVariation, order: np.ndarray, seed: int, task: str, draw: int) -> tuple[np.ndarray, np.ndarray]:
    """Training inputs (N, d) in this order and test inputs (N_T, d).

    Noise is of every level the same, so that levels compare point by point; on test inputs also of every draw.
    """
    x, _ = case.preprocessing.training(case.dataset, order)
    test_x, _ = case.preprocessing.test(case.dataset)
    if case.noise:
        x += case.noise * generator(seed, "input noise", task, draw).standard_normal(x.shape)
        test_x += case.noise * generator(seed, "input noise", task, "test").standard_normal(test_x.shape)
    return x, test_x


def targets(case: DataVariation, order: np.ndarray, superclass_numbers: Iterable[int]) -> Iterator[tuple[str, Targets]]:
    """The labels, and of unvaried inputs the superclasses too, by name."""
    own, preprocessing = case.dataset, case.preprocessing
    yield LABELS, Targets(preprocessing.training(own, order)[1], preprocessing.test(own)[1])
    for number in superclass_numbers if case.varied == BASELINE else ():
        if number < own.classes:
            merged, fewer = superclasses(own, number), preprocessing._replace(classes=number)
            yield f"{number} classes", Targets(fewer.training(merged, order)[1], fewer.test(merged)[1])
