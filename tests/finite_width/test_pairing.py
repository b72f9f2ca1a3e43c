"""Members start from the same weights at every training size: differences between sizes are those of the same nets."""

import numpy as np
import pytest

from benchmarks.pairing import errors_of_slopes
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.members import member_weights
from replication.settings.network import MLP
from tests.reference_network import ERF, data, training_of

DATA = data()


def ensemble(**changed):
    settings = {
        "method": "trained", "seed": 3, "task": "digits", "network": MLP(depth=2, **ERF), "training": training_of(5),
        "width": 16, "training_size": 20, "learning_rate": 0.1, "largest_learning_rate": 0.2,
    }  # fmt: skip
    return Ensemble(**settings | changed)


def flat(weights):
    return np.concatenate([array.ravel() for layer in weights for array in layer])


@pytest.mark.parametrize("changed", [
    {"training_size": 8}, {"learning_rate": 0.01}, {"method": "linearised"}, {"training": training_of(9, "adam")},
])  # fmt: skip
def test_members_share_their_initial_weights_across(changed):
    for member in (0, 7):
        expected = flat(member_weights(ensemble(), member, DATA))
        found = flat(member_weights(ensemble(**changed), member, DATA.first(ensemble(**changed).training_size)))
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("changed", [{"seed": 4}, {"task": "images"}])
def test_members_of_other_streams_differ(changed):
    expected, found = (flat(member_weights(one, 0, DATA)) for one in (ensemble(), ensemble(**changed)))
    assert abs(np.corrcoef(expected, found)[0, 1]) < 0.2
    assert abs(np.corrcoef(expected, flat(member_weights(ensemble(), 1, DATA)))[0, 1]) < 0.2


def test_pairing_makes_errors_of_slopes_smaller():
    """On a small example: the error of the local exponent between neighbouring sizes, and that without pairing."""
    errors = errors_of_slopes(sizes=(64, 128), members=64, width=16, steps=60)
    assert (errors["paired"] < 0.9 * errors["unpaired"]).all()
