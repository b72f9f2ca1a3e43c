"""The checks themselves: what they let pass, unchanged, and what they say of the rest."""

import numpy as np
import pandas as pd
import pytest

from replication.errors import ReplicationError
from replication.validation.arrays import check_finite, check_labels, check_shapes
from replication.validation.numbers import (
    check_count,
    check_not_negative,
    check_positive,
    check_share,
    check_sizes,
)


@pytest.mark.parametrize(
    "sizes",
    [[64, 16], (64, 16), np.array([64, 16]), np.array([64.0, 16.0]), pd.Series([64, 16]), np.array([64, 16], np.uint8)],
)
def test_sizes_of_every_kind_become_integers_in_their_order(sizes):
    checked = check_sizes(sizes, 64)
    assert checked == (64, 16)
    assert all(type(size) is int for size in checked)


def test_a_single_size_is_a_list_of_one():
    assert check_sizes(8, 64) == check_sizes(np.int64(8), 64) == (8,)
    assert check_sizes(range(1, 4), 64) == (1, 2, 3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: check_count("steps", 1.0), "steps = 1.0: give a whole number of at least 1"),
        (lambda: check_count("steps", True), "steps = True"),
        (lambda: check_count("steps", None), "steps = None"),
        (lambda: check_count("depth", 11, 1, 10), "from 1 to 10"),
        (lambda: check_positive("rate", 0), "rate = 0: give a finite number above 0"),
        (lambda: check_positive("rate", np.inf), "rate = inf"),
        (lambda: check_positive("rate", "1"), "rate = '1'"),
        (lambda: check_not_negative("reg", -1e-300), "reg = -1e-300"),
        (lambda: check_not_negative("reg", np.nan), "reg = nan"),
        (lambda: check_share("share", 1), "between 0 and 1"),
        (lambda: check_share("share", [0.5]), r"share = \[0.5\]"),
        (lambda: check_shapes(x=(np.ones(3), "N d")), r"x of shape \(3,\): give it the shape \(N, d\)"),
        (lambda: check_shapes(y=(np.ones((3, 1)), "N")), r"give it the shape \(N,\)"),
        (lambda: check_shapes(x=(np.ones((2, 3)), "N N")), "but N = 2 in x"),
        (lambda: check_finite(x=np.array("text")), "x holds <U4, not numbers"),
        (lambda: check_finite(x=np.array([1j])), "complex128"),
        (lambda: check_finite(x=np.array(np.nan)), "the first at its only place"),
        (lambda: check_finite(x=np.array([1.0, -np.inf, np.nan])), "2 of x are NaN or infinite, the first at 1"),
        (lambda: check_labels("labels", np.array([[1]]), 2), "give .N,. integers"),
        (lambda: check_labels("labels", np.array([1.0]), 2), "type float64"),
        (lambda: check_labels("labels", np.array([0, 2]), 2), "from 0 to 2: give integers from 0 to 1"),
    ],
)
def test_a_refusal_is_one_line_with_a_remedy(wrong, message):
    with pytest.raises(ReplicationError, match=message) as error:
        wrong()
    assert error.value.remedy
    assert "\n" not in str(error.value)


def test_large_numbers_are_finite_although_their_sum_is_not():
    check_finite(x=np.full(3, 1e308))


def test_numbers_pass_through_as_python_numbers():
    assert (check_count("n", np.int32(3)), check_positive("r", np.float32(0.5)), check_share("s", 0.25)) == (
        3,
        0.5,
        0.25,
    )
    assert type(check_count("n", np.int32(3))) is int
    assert check_not_negative("reg", 0) == 0.0
