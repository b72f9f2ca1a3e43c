"""Both papers in one table of tests and one of verdicts, and the headline numbers of a run."""

import json

import numpy as np
import pandas as pd
import pytest

from replication.claims import ensembles, finite_width, regimes
from replication.claims.metrics import metrics
from replication.claims.papers import LAWS, check
from tests.claims import test_regimes as of_regimes
from tests.claims.test_ensembles import BOUNDS, compared, fitted
from tests.scaling_laws.test_width_corrections import intercepts


@pytest.fixture(scope="module")
def laws():
    """Every table of laws that decides, of toys of which all claims hold."""
    plateaus = [
        {"task": "digits", "dataset": "toys", "varied": varied, "value": "toys", "width": width, "parameter": "slope"}
        | {"estimate": 0.0, "standard_error": 0.01, "degrees_of_freedom": np.inf}
        for varied, width in (("width", np.inf), ("algorithm", 64.0), ("depth", 64.0), ("activation", 64.0),
                              ("parametrisation", 64.0))
    ]  # fmt: skip
    exponents, duality, dimension, differences = of_regimes.tables()
    tables = (
        fitted(), compared(), intercepts(), pd.DataFrame(plateaus), exponents, duality, dimension, differences,
    )  # fmt: skip
    return dict(zip(LAWS, tables, strict=True))


@pytest.fixture(scope="module")
def checked(laws):
    return check(laws, BOUNDS, 0.68)


def test_every_claim_of_both_papers_has_a_verdict(checked):
    tests, verdicts = checked
    by_paper = verdicts.groupby("paper")["claim"].unique().map(set).to_dict()
    assert by_paper == {
        "arXiv:2503.05938": set(ensembles.STATEMENTS | finite_width.STATEMENTS),
        "arXiv:2102.06701": set(regimes.STATEMENTS),
    }
    assert set(verdicts["verdict"]) == {"holds"}
    assert set(tests["paper"]) == set(verdicts["paper"])


def test_subjects_are_tasks_in_one_paper_and_methods_in_the_other(checked):
    for table in checked:
        first, second = (table[table["paper"] == f"arXiv:{number}"] for number in ("2503.05938", "2102.06701"))
        assert (set(first["task"]), set(first["dataset"]), set(first["method"])) == ({"digits"}, {"toys"}, {""})
        assert (set(second["task"]), set(second["dataset"])) == ({""}, {""})
        assert set(second["method"]) == {"trained", "random_features", "gradient_descent"}


def test_metrics_are_flat_numbers_that_json_knows(laws, checked):
    found = metrics(laws, checked[1])
    assert all(isinstance(value, float | int) and np.isfinite(value) for value in found.values())
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("digits.infinite_width.mean.exponent", 0.3, 0.01),
        ("digits.width_64.eps.slope", 0.0, 0.01),
        ("digits.width_16.width_ratio", np.log(3), 0.01),
        ("digits.width_64.coverage_relative", 0.68, 0.01),
        ("digits.infinite_width.exponent_difference.mean", 0.0, 0.01),
        ("digits.trained.intercept.sigma", 0.0, None),
        ("trained.variance_limited_width.digits_toys", 1.0, 0.01),
        ("random_features.resolution_limited_width.power_law_0_5", 0.5, 0.01),
        ("gradient_descent.resolution_limited_data.digits_toys_labels", 0.5, 0.01),
        ("trained.resolution_limited_data.d_8", 0.5, 0.01),
        ("verdicts.arXiv_2102_06701.holds", 13, None),
        ("verdicts.arXiv_2102_06701.does_not_hold", 0, None),
    ],
)
def test_metrics_hold_the_headline_numbers(laws, checked, name, value, error):
    found = metrics(laws, checked[1])
    assert found[name] == pytest.approx(value, abs=1e-9)
    if error is not None:
        assert found[f"{name}.error"] == pytest.approx(error)


def test_metrics_leave_out_what_is_not_finite_and_what_is_not_of_the_data_as_they_are(laws, checked):
    unknown = laws | {"comparisons": laws["comparisons"].assign(standard_error=np.nan)}
    found = metrics(unknown, checked[1])
    assert "digits.width_16.width_ratio" in found
    assert "digits.width_16.width_ratio.error" not in found
    assert not any("noise" in name or "teacher" in name for name in found)
