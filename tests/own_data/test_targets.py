"""Kinds of targets: what `auto` decides, what it asks, and what does not fit."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.own_data.targets import decide

EYE = np.eye(3)[[0, 2, 1, 1]]


@pytest.mark.parametrize(
    ("targets", "kind", "values", "words"),
    [
        (np.array(["b", "a", "b"]), "auto", [1, 0, 1], "2 classes (a, b)"),
        (np.array([True, False]), "auto", [1, 0], "2 classes (False, True)"),
        (np.array([7, 3, 9, 3]), "auto", [1, 0, 2, 0], "3 classes (3, 7, 9)"),
        (np.array([[7], [3]]), "auto", [1, 0], "2 classes (3, 7)"),
        (np.arange(30), "classes", list(range(30)), "30 classes (0, 1, 2, 3, 4, 5, 6, 7 and 22 more)"),
        (np.array([1.0, 2.0]), "classes", [0, 1], "2 classes (1.0, 2.0)"),
        (EYE, "auto", [0, 2, 1, 1], "3 classes, one-hot"),
        (EYE.astype(int), "one_hot", [0, 2, 1, 1], "3 classes, one-hot"),
        (EYE, "regression", EYE.tolist(), "3 targets for regression, standardised"),
        (np.array([7, 3]), "regression", [7.0, 3.0], "1 target for regression, standardised"),
        (np.array([0.5, 1.0]), "auto", [0.5, 1.0], "1 target for regression, standardised"),
        (np.array([1.0, 2.0]), "auto", [1.0, 2.0], "1 target for regression, standardised"),
        (np.array([[1, 2], [3, 4]]), "auto", [[1.0, 2.0], [3.0, 4.0]], "2 targets for regression, standardised"),
    ],
)
def test_what_is_decided(targets, kind, values, words):
    decided = decide(targets, kind)
    assert decided.values.tolist() == values
    assert decided.values.dtype == (np.int64 if "classes" in words else np.float64)
    assert decided.words == words


@pytest.mark.parametrize(
    ("targets", "kind", "message"),
    [
        (
            np.arange(21),
            "auto",
            "integers of 21 values, 0 to 20: say what they are, --kind classes or --kind regression",
        ),
        (EYE * 2, "one_hot", "not one-hot"),
        (np.array([0.5, 1.0]), "classes", "no class labels, but fractions"),
        (np.array(["a", "b"]), "regression", "texts"),
        (np.array(["a", "a"]), "auto", "one class, a"),
        (np.full(4, 4), "auto", "one class, 4"),
        (np.array([[1, 2], [3, 4]]), "classes", r"class labels of shape \(2, 2\)"),
    ],
)
def test_what_does_not_fit_is_one_line(targets, kind, message):
    with pytest.raises(ReplicationError, match=message):
        decide(targets, kind)
