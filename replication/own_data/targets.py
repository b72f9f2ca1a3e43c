"""What kind a user's targets are: classes, one-hot classes, or numbers to be regressed on."""

from typing import Literal, NamedTuple

import numpy as np

from replication.errors import ReplicationError
from replication.own_data.columns import listed

Kind = Literal["auto", "classes", "regression", "one_hot"]
MOST_CLASSES = 20  # integers of more values may be either: what is guessed there would be wrong too often


class Targets(NamedTuple):
    """Class labels (N,) as integers from 0 on, or numbers (N,) or (N, C) as float64; and in words what was decided."""

    values: np.ndarray
    words: str


def decide(targets: np.ndarray, kind: Kind = "auto") -> Targets:
    """Targets (N,) or (N, C) of numbers or texts, as the kind asks or, with `auto`, as they look.

    Texts, truth values and whole numbers of integer type are classes; rows of zeros with a single one are one-hot
    classes; everything else is regressed on. ReplicationError where the kind does not fit, and where `auto` would have
    to guess: integers of more than MOST_CLASSES values.
    """
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    one_hot = _is_one_hot(targets)
    if kind == "one_hot" and not one_hot:
        raise ReplicationError("the targets are not one-hot", "give rows of zeros with a single one, or another --kind")
    if one_hot and kind in ("auto", "one_hot"):
        return Targets(targets.argmax(axis=1), f"{targets.shape[1]} classes, one-hot")
    if kind == "regression":
        return _regression(targets)
    whole = targets.dtype.kind in "iub" or (
        targets.dtype.kind == "f" and kind == "classes" and bool(np.all(targets == np.round(targets)))
    )
    if targets.dtype.kind in "US" or whole:
        return _classes(targets, asked=kind == "classes")
    if kind == "classes":
        raise ReplicationError("the targets are no class labels, but fractions", "give whole numbers or names")
    return _regression(targets)


def _is_one_hot(targets: np.ndarray) -> bool:
    if targets.ndim != 2 or targets.dtype.kind not in "fiub":
        return False
    return bool(np.all((targets == 0) | (targets == 1)) and np.all(targets.sum(axis=1) == 1))


def _classes(targets: np.ndarray, asked: bool) -> Targets:
    if targets.ndim != 1:
        if not asked:
            return _regression(targets)
        raise ReplicationError(f"class labels of shape {targets.shape}", "give one label for each point")
    labels, values = np.unique(targets, return_inverse=True)
    if not asked and targets.dtype.kind in "iu" and len(labels) > MOST_CLASSES:
        raise ReplicationError(
            f"the targets are integers of {len(labels)} values, {labels[0]} to {labels[-1]}",
            "say what they are, --kind classes or --kind regression",
        )
    if len(labels) < 2:
        raise ReplicationError(f"the targets hold one class, {labels[0]}", "there is nothing to learn")
    return Targets(values.astype(np.int64), f"{len(labels)} classes ({listed(list(labels))})")


def _regression(targets: np.ndarray) -> Targets:
    if targets.dtype.kind in "US":
        raise ReplicationError("the targets are texts", "give numbers, or --kind classes")
    outputs = 1 if targets.ndim == 1 else targets.shape[1]
    return Targets(targets.astype(np.float64), f"{outputs} target{'s' * (outputs > 1)} for regression, standardised")
