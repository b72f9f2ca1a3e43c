"""The data of a task as they are, with coarser images, merged classes and noisy inputs: what learning curves see."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.variations import Targets, image_side, pooled, superclasses
from replication.schema import BASELINE, CLASSES, LABELS, NOISE, SIDE
from replication.seeds import generator


class DataVariation(NamedTuple):
    """Changed inputs: what is varied, its value, the data set, its preprocessing, the standard deviation of noise.

    Classes are merged in the targets alone, so that they share the inputs of the baseline: see `targets`.
    """

    varied: str
    value: float
    dataset: Dataset
    preprocessing: Preprocessing
    noise: float = 0.0


def cases(dataset: Dataset, sides: Iterable[int], noise: Iterable[float]) -> Iterator[DataVariation]:
    """The data unvaried, with images of every other side, and with inputs of every level of noise."""
    preprocessing = Preprocessing.of(dataset)
    yield DataVariation(BASELINE, np.nan, dataset, preprocessing)
    for side in sides:
        if side != image_side(dataset):
            coarse = pooled(dataset, side)
            yield DataVariation(SIDE, side, coarse, Preprocessing.of(coarse))
    for level in noise:
        yield DataVariation(NOISE, level, dataset, preprocessing, level)


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
    """The labels, and of unvaried inputs the superclasses too, by name: "labels", "5 classes"."""
    dataset, preprocessing = case.dataset, case.preprocessing
    yield LABELS, Targets(preprocessing.training(dataset, order)[1], preprocessing.test(dataset)[1])
    for number in superclass_numbers if case.varied == BASELINE else ():
        if number < dataset.classes:
            merged, fewer = superclasses(dataset, number), preprocessing._replace(classes=number)
            yield f"{number} {CLASSES}", Targets(fewer.training(merged, order)[1], fewer.test(merged)[1])


def variation_of(case: DataVariation, name: str) -> dict[str, object]:
    """The columns varied, value and target of a case and the name of one of its targets.

    Merged classes are a variation of their own, whose targets are labels.
    """
    number, _, unit = name.partition(" ")
    if unit == CLASSES:
        return {"varied": CLASSES, "value": float(number), "target": LABELS}
    return {"varied": case.varied, "value": float(case.value), "target": name}
