"""Any one number that is changed is seen; and z-scores of other networks are as many as expected."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from replication.reference_numbers.comparison import FEWEST, OUTLIER, compare
from replication.reference_numbers.quantities import published_quantities, quantities
from tests.reference_numbers.results import derived, tables

PUBLISHED = "published_numbers/published_numbers.csv"
COLUMNS = [
    (name, column)
    for name, table in tables().items()
    for column in table
    if pd.api.types.is_numeric_dtype(table[column]) and column not in ("draw", "member", "condition_number", "diag_reg")
]


def numbers(found, column="recomputed"):
    parts = [quantities(table, name) for name, table in found.items()]
    return pd.concat([*parts, published_quantities(found[PUBLISHED], column)], ignore_index=True)


REFERENCE = numbers(tables(), "published")


@pytest.mark.parametrize(("name", "column"), COLUMNS, ids=lambda part: part.split("/")[-1])
def test_one_number_that_is_changed_is_seen(name, column):
    table = tables()[name].astype({column: float})
    candidates = np.flatnonzero(np.isfinite(table[column]) & (table[column] != 0))
    for row in candidates[[0, len(candidates) // 2, -1]] if len(candidates) else []:
        changed = table.copy()
        changed.loc[row, column] *= 1.001
        mismatches = compare(REFERENCE, numbers({**tables(), name: changed})).mismatches
        assert name in set(mismatches["source"]), (row, mismatches)


def test_what_did_not_move_has_no_mismatch():
    compared = compare(REFERENCE, numbers(tables()))
    assert compared.mismatches.empty
    assert compared.remark == ""
    assert set(compared.numbers["outcome"]) == {"agrees"}


def test_as_many_outliers_as_expected():
    scores = []
    for seed in range(1, 60):
        found = compare(REFERENCE, numbers(tables(seed))).numbers
        scores += list(found["z"][found["source"] == "laws/learning_curves.csv"].dropna().abs())
    scores = np.array(scores)
    assert len(scores) > 1000
    assert np.median(scores) == pytest.approx(0.67, abs=0.15)  # of a normal variable
    assert np.mean(scores > OUTLIER) < 2 * t.sf(OUTLIER, FEWEST - 1)


def test_a_word_in_place_of_a_number_is_a_mismatch():
    reference = REFERENCE.copy()
    reference.loc[0, "value"] = "many"
    assert list(compare(reference, numbers(tables())).mismatches.index) == [0]


def test_a_single_ensemble_that_is_rounded_otherwise_moves_many():
    members = tables()["ensembles/digits/members.csv"]
    of_one = (members["width"] == 64) & (members["training_size"] == 32)
    members.loc[of_one, "test_loss"] *= 1 + 1e-4 * np.arange(of_one.sum())
    found = tables() | derived(members)
    compared = compare(REFERENCE, numbers(found))
    assert (compared.numbers["outcome"] == "moved").sum() > 10
    assert compared.mismatches.empty
    assert "another processor" in compared.remark
