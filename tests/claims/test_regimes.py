"""Claims of the second paper: every outcome of every claim from tables with known exponents."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import regimes
from replication.claims.verdicts import run_tests
from tests.claims.test_ensembles import BOUNDS

LABELS = "digits (toys), labels"


def exponent(route, regime, series, value, drift=0.0, prediction=np.nan, origin="", error=0.01):
    return {
        "route": route, "regime": regime, "series": series, "exponent": value, "standard_error": error,
        "degrees_of_freedom": 6, "drift": drift, "drift_standard_error": error, "prediction": prediction,
        "prediction_error": 0.0, "origin": origin, "varied": np.nan,
    }  # fmt: skip


def tables(one=1.0, drift=0.0, alpha_d=0.5, alpha_p=0.5, share=1.0, merged=0.0, noisy=-0.3):
    exponents = pd.DataFrame(
        [
            exponent("trained", "variance_width", "digits", one, prediction=1.0),
            exponent("random_features", "variance_data", "toys", one, prediction=1.0),
            exponent("random_features", "resolution_width", "toys", 0.5, drift, 0.5),
            exponent("trained", "resolution_data", "student, d = 4", 0.9, drift),
            exponent("infinite_width", "resolution_data", LABELS, 0.5, drift),
            exponent("infinite_width", "resolution_data", LABELS, 0.7, 9.0, 0.5, "learning-curve theory"),
            exponent("infinite_width", "resolution_data", "noise 2", 0.1, 9.0) | {"varied": "noise"},
            exponent("trained", "resolution_data", LABELS, 0.25, drift),
            exponent("infinite_width", "resolution_data", "teacher", 0.4 * share, 0, 0.4, "alpha_K of the spectrum"),
        ]
    )
    duality = {"series": "toys", "pool": "toys", "draws": 9}
    for name, value in (("alpha_K", 0.5), ("alpha_D", alpha_d), ("alpha_P", alpha_p)):
        duality |= {name: value, f"{name}_standard_error": 0.01}
    dimension = pd.DataFrame(
        [
            exponent("trained", "resolution_data", f"student, d = {d}", 4 / d * share, 0, value, origin)
            for d in (2, 8)
            for value, origin in ((4 / d, "4/d"), (9.0, "3/d, ReLU kernel"))
        ]
    )
    change = {"task": "digits", "dataset": "toys", "standard_error": 0.005, "degrees_of_freedom": 4}
    differences = pd.DataFrame(
        [
            change | {"varied": "none", "value": 0.0, "target": "2 classes", "difference": merged},
            change | {"varied": "noise", "value": 0.1, "target": "labels", "difference": 0.0},
            change | {"varied": "noise", "value": 2.0, "target": "labels", "difference": noisy},
            change | {"varied": "noise", "value": 2.0, "target": "teacher", "difference": 9.0},
            change | {"varied": "side", "value": 4.0, "target": "labels", "difference": 9.0},
        ]
    )
    # of trained networks with half the exponent, and half the changes
    trained = differences.assign(route="trained", difference=differences["difference"] / 2)
    routes = pd.concat([differences.assign(route="infinite_width"), trained])
    return exponents, pd.DataFrame([duality]), dimension, routes


def verdicts(**changed):
    rows, summary = run_tests(regimes.tests(*tables(**changed), BOUNDS), regimes.STATEMENTS, BOUNDS.significance)
    return rows, summary.set_index(["claim", "task"])["verdict"]


def test_every_claim_holds_where_everything_is_as_the_paper_says():
    rows, found = verdicts()
    assert set(found) == {"holds"}
    assert set(rows["claim"]) == set(regimes.STATEMENTS)
    assert set(found.index.get_level_values("task")) == set(regimes.ROUTES.values())


@pytest.mark.parametrize(
    ("changed", "claims"),
    [
        ({"one": 1.4}, {"B1 data", "B1 width"}),
        ({"drift": 0.5}, {"B2 data", "B2 width"}),
        ({"alpha_d": 0.9}, {"B3 spectrum", "B3 duality"}),
        ({"alpha_d": 0.9, "alpha_p": 0.9}, {"B3 spectrum"}),
        ({"share": 1.5}, {"B3 spectrum", "B4"}),
        ({"merged": -0.3}, {"B5"}),
        ({"noisy": 0.0}, {"B6"}),
    ],
)
def test_what_is_not_so_is_found(changed, claims):
    _, found = verdicts(**changed)
    assert set(found[found == "does not hold"].index.get_level_values("claim")) == claims


def test_no_exponent_is_tested_twice():
    """Rows that repeat a curve beside another prediction are not another test of its being a power law."""
    rows, _ = verdicts()
    own = rows[(rows["scope"] == LABELS) & (rows["claim"] == "B2 data") & (rows["task"] == "infinite width")]
    assert own["quantity"].tolist() == ["exponent", "drift of the exponent"]
    assert rows[(rows["claim"] == "B4")]["scope"].tolist() == ["student, d = 2", "student, d = 8"]


def test_an_infinite_interval_establishes_nothing():
    exponents, *rest = tables()
    tests = regimes.tests(exponents.assign(standard_error=np.inf), *rest, BOUNDS)
    _, summary = run_tests(tests, regimes.STATEMENTS, BOUNDS.significance)
    found = summary.set_index(["claim", "task"])["verdict"]
    assert found["B1 width", "trained networks"] == "not established"
