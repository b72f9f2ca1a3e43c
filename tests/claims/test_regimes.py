"""Claims of the second paper: every outcome of every claim from tables with known exponents."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import regimes
from replication.claims.verdicts import run_tests
from replication.schema import APPROACHES
from tests.claims.test_ensembles import BOUNDS

LABELS = "digits (toys), labels"
CURVE = {"task": "digits", "dataset": "toys", "varied": "none", "value": np.nan, "target": "labels"}


def exponent(
    method, experiment, alpha, drift=0.0, prediction=np.nan, origin="", error=0.01, theory_drift=np.nan, **curve
):
    size = "width" if experiment.endswith("width") else "training_size"
    return {"experiment": experiment} | CURVE | curve | {
        "method": method, "variable": size, "exponent": alpha, "exponent_standard_error": error,
        "degrees_of_freedom": 6, "drift": drift, "drift_standard_error": error, "prediction": prediction,
        "prediction_standard_error": 0.0, "origin": origin, "theory_drift": theory_drift,
    }  # fmt: skip


def tables(one=1.0, drift=0.0, bend=0.0, alpha_d=0.5, alpha_p=0.5, share=1.0, merged=0.0, noisy=-0.3, theory=0.5):
    features = {"task": "power_law", "dataset": "gaussian_features", "varied": "exponent", "value": 0.5}
    teacher, infinite = {"target": "teacher"}, "gradient_descent"
    students = {"task": "students", "dataset": "hypercube", "varied": "dimension", "target": "teacher"}
    noise = {"varied": "noise", "value": 2.0}
    exponents = pd.DataFrame(
        [
            exponent("trained", "variance_limited_width", one, prediction=1.0),
            exponent("random_features", "variance_limited_data", one, prediction=1.0, **features),
            exponent("random_features", "resolution_limited_width", 0.5, drift, 0.5, theory_drift=bend, **features),
            exponent("trained", "teacher_student", 0.9, drift, **students | {"value": 4.0}),
            exponent(infinite, "data_variation", 0.5, drift),
            exponent(infinite, "data_variation", 0.7, 9.0, 0.5, "learning-curve theory"),
            exponent(infinite, "data_variation", 0.1, 9.0, **noise),
            exponent("trained", "data_variation", 0.25, drift),
            exponent(infinite, "data_variation", 0.4 * share, 0, 0.4, "alpha_K of the spectrum", **teacher),
            exponent(infinite, "data_variation", 0.2, 9.0, **teacher) | {"variable": "rank"},
        ]
    )
    duality = features | {"method": "random_features", "target": "teacher", "draws": 9}
    for name, value in (("alpha_K", 0.5), ("alpha_D", alpha_d), ("alpha_P", alpha_p), ("alpha_theory", theory)):
        duality |= {name: value, f"{name}_standard_error": 0.01}
    dimension = pd.DataFrame(
        [
            exponent("trained", "teacher_student", 4 / d * share, 0, value, origin, **students | {"value": float(d)})
            for d in (2, 8)
            for value, origin in ((4 / d, "4/d"), (3 / d, "3/d, ReLU kernel"))
        ]
    )
    change = CURVE | {"experiment": "data_variation", "difference_standard_error": 0.005, "degrees_of_freedom": 4}
    differences = pd.DataFrame(
        [
            change | {"varied": "classes", "value": 2.0, "difference": merged},
            change | {"varied": "noise", "value": 0.1, "difference": 0.0},
            change | noise | {"difference": noisy},
            change | noise | teacher | {"difference": 9.0},
            change | {"varied": "side", "value": 4.0, "difference": 9.0},
        ]
    )
    # of trained networks with half the exponent, and half the changes
    trained = differences.assign(method="trained", difference=differences["difference"] / 2)
    return exponents, pd.DataFrame([duality]), dimension, pd.concat([differences.assign(method=infinite), trained])


def verdicts(**changed):
    rows, summary = run_tests(
        "toys", regimes.tests(*tables(**changed), BOUNDS), regimes.STATEMENTS, BOUNDS.significance
    )
    return rows, summary.set_index(["claim", "method"])["verdict"]


def test_every_claim_holds_where_everything_is_as_the_paper_says():
    rows, found = verdicts()
    assert set(found) == {"holds"}
    assert set(rows["claim"]) == set(regimes.STATEMENTS)
    assert set(found.index.get_level_values("method")) == set(APPROACHES)


@pytest.mark.parametrize(
    ("changed", "claims"),
    [
        ({"one": 1.4}, {"B1 data", "B1 width"}),
        ({"drift": 0.5}, {"B2 data", "B2 width"}),
        ({"bend": 0.5}, {"B2 width"}),
        ({"alpha_d": 0.9}, {"B3 spectrum", "B3 duality"}),
        ({"theory": 0.9}, {"B3 spectrum"}),
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
    chosen = (rows["scope"] == LABELS) & (rows["claim"] == "B2 data") & (rows["method"] == "gradient_descent")
    assert rows.loc[chosen, "quantity"].tolist() == ["exponent", "drift of the exponent over the exponent"]
    assert rows[(rows["claim"] == "B4") & rows["primary"]]["scope"].tolist() == ["d = 2", "d = 8"]


def test_a_spectrum_is_no_learning_curve():
    """The exponent of eigenvalues stands in the table of exponents, and is not asked to be a law of the loss."""
    rows, _ = verdicts()
    teacher = rows[(rows["scope"] == "digits (toys), teacher") & rows["claim"].str.startswith("B2")]
    assert teacher["estimate"].tolist() == [0.4, 0.0]


def test_an_infinite_interval_establishes_nothing():
    exponents, *rest = tables()
    tests = regimes.tests(exponents.assign(exponent_standard_error=np.inf), *rest, BOUNDS)
    _, summary = run_tests("toys", tests, regimes.STATEMENTS, BOUNDS.significance)
    found = summary.set_index(["claim", "method"])["verdict"]
    assert found["B1 width", "trained"] == "no power"


def test_the_rival_of_four_over_d_is_beside_it_and_decides_nothing():
    rows, found = verdicts(share=0.75)
    rival = rows[(rows["claim"] == "B4") & ~rows["primary"]]
    assert rival["quantity"].unique().tolist() == ["alpha_D over 3/d, less one"]
    assert rival["estimate"].tolist() == pytest.approx([0.0, 0.0])
    assert set(rival["verdict"]) == {"holds"}
    assert found["B4", "trained"] != "holds"


def test_where_alpha_is_near_zero_the_bound_is_absolute():
    """A quarter of 0.02 would be 0.005; half of exponent_difference, 0.05, stands in its place."""
    exponents, duality, dimension, differences = tables(merged=0.03)
    small = exponents.assign(exponent=exponents["exponent"] / 25)
    tests = [test for _, test in regimes.tests(small, duality, dimension, differences, BOUNDS) if test.claim == "B5"]
    assert {(test.low, test.high) for test in tests} == {(-0.05, 0.05)}
