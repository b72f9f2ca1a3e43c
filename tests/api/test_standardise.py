"""Scaling that is asked for: by the training points, the test points taking theirs."""

import numpy as np
import pandas as pd
import pytest

import replication as rep
from replication.errors import ReplicationError


@pytest.fixture
def points(rng):
    return (
        rng.normal(5, 3, (20, 2, 2)),
        rng.normal(-2, 4, (20, 2)),
        rng.normal(5, 3, (7, 2, 2)),
        rng.normal(size=(7, 2)),
    )


@pytest.mark.parametrize("scaling", ["feature", "global", "none"])
def test_mean_and_standard_deviation_of_the_training_points_are_taken_out(points, scaling):
    x, y, x_test, y_test = (array.reshape(len(array), -1) for array in points)
    scaled = rep.standardise(*points, inputs=scaling)
    centre, width = {"feature": (x.mean(axis=0), x.std(axis=0)), "global": (x.mean(), x.std()), "none": (0, 1)}[scaling]
    np.testing.assert_allclose(scaled.x * width + centre, x, rtol=1e-13)
    np.testing.assert_allclose(scaled.x_test * width + centre, x_test, rtol=1e-13)
    np.testing.assert_allclose(scaled.y * y.std(axis=0) + y.mean(axis=0), y, rtol=1e-13)
    np.testing.assert_allclose(scaled.y_test * y.std(axis=0) + y.mean(axis=0), y_test, rtol=1e-13)
    if scaling == "feature":
        np.testing.assert_allclose([scaled.x.mean(axis=0), scaled.x.std(axis=0)], [[0] * 4, [1] * 4], atol=1e-14)


def test_class_labels_are_centred_by_their_number(points):
    x, _, x_test, _ = points
    scaled = rep.standardise(x, np.arange(20) % 3, x_test, np.arange(7) % 4 == 3)
    assert scaled.y.shape == (20, 3)
    scaled = rep.standardise(x, pd.Series(np.arange(20) % 3), x_test, pd.Series(np.arange(7) % 4))
    for y in (scaled.y, scaled.y_test):
        np.testing.assert_allclose(np.sort(y, axis=1)[:, -1], 3 / 4, rtol=1e-14)
        np.testing.assert_allclose(y.sum(axis=1), 0, atol=1e-15)


def test_scaled_twice_is_scaled_once(points):
    once = rep.standardise(*points)
    for a, b in zip(once, rep.standardise(*once), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-14)


X = np.random.default_rng(0).normal(size=(5, 4))


def with_constant(*columns):
    x = X.copy()
    x[:, columns] = 7
    return x


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: rep.standardise(with_constant(3), X[:, 0], X, X[:, 0]), "column 3 of the inputs is constant"),
        (lambda: rep.standardise(with_constant(1, 3), X[:, 0], X, X[:, 0]), r"2 columns of the inputs \(1, 3\) are"),
        (lambda: rep.standardise(np.ones((5, 4)), X[:, 0], X, X[:, 0], "global"), "are all the same"),
        (lambda: rep.standardise(X, with_constant(0), X, X), "column 0 of the targets is constant"),
        (lambda: rep.standardise(X, X, X, X, "pixel"), "no scaling 'pixel'"),
        (lambda: rep.standardise(X * 1e300, X, X, X), "too large or too small for their variance"),
        (lambda: rep.standardise(X, X[:-1], X, X), "y of shape"),
    ],
)
def test_what_cannot_be_standardised_is_one_line(wrong, message):
    with pytest.raises(ReplicationError, match=message) as error:
        wrong()
    assert "\n" not in str(error.value)
