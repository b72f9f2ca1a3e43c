"""The user's file as what `predict` computes with: points, sizes, and in words what was made of it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.datasets.arrays import Scaling, Split, constant_columns, standardise
from replication.own_data.columns import listed
from replication.own_data.formats import name_and_ending
from replication.own_data.reading import named, read
from replication.own_data.splitting import split, split_sizes
from replication.own_data.targets import Kind, decide


class DataSet(NamedTuple):
    """Standardised points, training sizes, the name of the file, its data in words, and what was left out."""

    points: Split
    sizes: list[int]
    name: str
    words: str
    notes: list[str]


def prepare(
    path: Path, target: str, inputs: str, kind: Kind, scaling: Scaling, test_points: int, sizes: str, seed: int
) -> DataSet:
    """Read the file, tell its targets apart, hold test points out, drop what is constant, and standardise.

    With scaling by feature, columns that are constant over the training points, up to rounding, are dropped and named:
    nothing can be learnt from them, and what scaling would make of them is noise.
    """
    data = read(path, target, [pattern for pattern in inputs.split(",") if pattern])
    with named(path):
        targets = decide(data.targets, kind)
        test_points, training_sizes = split_sizes(len(data.inputs), test_points, sizes)
        flat = data.inputs.reshape(len(data.inputs), -1)
        points, notes = split(flat, targets.values, test_points, seed), []
        constant = constant_columns(points.x.astype(np.float64)) if scaling == "feature" else np.array([], int)
        if 0 < len(constant) < flat.shape[1]:
            names = [data.names[column] if data.names else column for column in constant]
            notes.append(f"Left out, being constant: {listed(names)}.")
            points = points._replace(
                x=np.delete(points.x, constant, axis=1), x_test=np.delete(points.x_test, constant, axis=1)
            )
        standardised = standardise(*points, inputs=scaling)
    words = f"{standardised.x.shape[1]} features, {targets.words}"
    return DataSet(standardised, training_sizes, plain_name(path), words, notes)


def plain_name(path: Path) -> str:
    """The name of the file without its ending, with a question mark for bytes that are no text."""
    return name_and_ending(path)[0].encode("utf-8", "replace").decode("utf-8")
