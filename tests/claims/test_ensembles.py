"""Verdicts: each of the three outcomes, the error rate of the test, and tables with known answers."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import ensembles
from replication.claims.verdicts import (
    DOES_NOT_HOLD,
    HOLDS,
    NOT_ESTABLISHED,
    EquivalenceTest,
    run_tests,
    verdict,
)
from replication.scaling_laws.equivalence import combine
from replication.scaling_laws.estimates import Estimate
from replication.schema import INFINITE_TEST_SET
from replication.settings.analysis import Claims

BOUNDS = Claims(
    significance=0.05,
    exponent_drift=0.15,
    plateau_slope=0.1,
    width_ratio=1.25,
    exponent_difference=0.1,
    interval_ratio=1.1,
    coverage=0.12,
    width_intercept=0.1,
    width_departure=0.1,
    exponent_of_one=0.2,
    exponent_share=0.25,
)
CONFIDENCE = 0.68


def check(laws, comparisons, claims, confidence):
    tests = ensembles.tests(laws, comparisons, claims, confidence)
    return run_tests("arXiv:1234.5678", tests, ensembles.STATEMENTS, claims.significance)


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [(0.0, 0.02, HOLDS), (0.3, 0.02, DOES_NOT_HOLD), (0.1, 0.02, NOT_ESTABLISHED), (0.0, 0.2, NOT_ESTABLISHED)],
)
def test_three_outcomes(value, error, expected):
    assert verdict(EquivalenceTest("A2", "", "", Estimate(value, error), -0.1, 0.1), 0.05) == expected
    assert verdict(EquivalenceTest("A2", "", "", Estimate(-value, error), -0.1, 0.1), 0.05) == expected


def test_unknown_estimate_establishes_nothing():
    assert verdict(EquivalenceTest("A1", "", "", Estimate(np.nan, np.nan), -0.1, 0.1), 0.05) == NOT_ESTABLISHED


def test_a_window_below_the_plateau_refutes_nothing():
    steep = EquivalenceTest("A2", "", "", Estimate(-0.3, 0.01), -0.1, 0.1)
    assert verdict(steep, 0.05) == DOES_NOT_HOLD
    assert verdict(steep._replace(below_crossover=True), 0.05) == NOT_ESTABLISHED


@pytest.mark.parametrize("dof", [4, np.inf])
def test_false_verdicts_are_as_rare_as_declared(dof):
    """A slope exactly on the bound is called `holds` in 5 % of cases, and `does not hold` in 5 %."""
    rng, toys, samples = np.random.default_rng(5), 4000, 5
    counts = {HOLDS: 0, DOES_NOT_HOLD: 0, NOT_ESTABLISHED: 0}
    for _ in range(toys):
        x = rng.normal(0.1, 0.02, samples)
        error = x.std(ddof=1) / np.sqrt(samples) if np.isfinite(dof) else 0.02 / np.sqrt(samples)
        counts[verdict(EquivalenceTest("A2", "", "", Estimate(x.mean(), error, dof), -0.1, 0.1), 0.05)] += 1
    error = np.sqrt(0.05 * 0.95 / toys)
    assert counts[HOLDS] / toys == pytest.approx(0.05, abs=4 * error)
    assert counts[DOES_NOT_HOLD] / toys == pytest.approx(0.05, abs=4 * error)


def test_combining():
    assert combine([HOLDS, HOLDS]) == HOLDS
    assert combine([HOLDS, NOT_ESTABLISHED]) == NOT_ESTABLISHED
    assert combine([NOT_ESTABLISHED, DOES_NOT_HOLD]) == DOES_NOT_HOLD
    assert combine([]) == NOT_ESTABLISHED


def fitted(exponent=0.3, drift=0.0, slope=0.0, flattening=0.0, error=0.01, infinite_test_set=(0.0, 0.0)):
    """A scaling-law table of one task with converged infinite width and one trained width.

    slope, flattening: of eps_L and the drift of its slope; infinite_test_set: the same for that.
    """
    rows = []
    for method, width, time in (
        ("gradient_descent", np.inf, np.inf),
        ("bayes", np.inf, np.inf),
        ("trained", 64.0, 500.0),
    ):
        curve = {"task": "digits", "dataset": "toys", "method": method, "width": width, "training_time": time}
        curve |= {"standard_error": error, "degrees_of_freedom": np.inf}
        for statistic in ("mean", "std"):
            law = curve | {"statistic": statistic, "law": "power_law"}
            rows += [
                law | {"parameter": "exponent", "estimate": exponent},
                law | {"parameter": "drift", "estimate": drift},
            ]
        plateaus = {"coefficient_of_variation": (slope, flattening), INFINITE_TEST_SET: infinite_test_set}
        if method == "trained":  # known at infinite width only
            del plateaus[INFINITE_TEST_SET]
        for statistic, estimates in plateaus.items():
            law = curve | {"statistic": statistic, "law": "plateau"}
            rows += [
                law | {"parameter": name, "estimate": value}
                for name, value in zip(("slope", "drift"), estimates, strict=True)
            ]
    return pd.DataFrame(rows)


def compared(
    ratio=1.0,
    difference=0.0,
    error=0.01,
    ratio_at_largest=None,
    infinite_slope=0.0,
    interval=1.0,
    bayes=1.0,
    coverage=CONFIDENCE,
):
    """A table of comparisons; of two trained widths the narrow one is far from every claim."""
    base = {"task": "digits", "dataset": "toys", "standard_error": error, "degrees_of_freedom": np.inf}
    rows = [
        base | {"comparison": "width_ratio", "width": w, "statistic": "coefficient_of_variation", "estimate": np.log(r)}
        for w, r in ((16.0, 3.0), (64.0, ratio))
    ]
    rows.append(rows[-1] | {"comparison": "width_ratio_at_largest", "estimate": np.log(ratio_at_largest or ratio)})
    slope = {"comparison": "slope_in_finite_width_window", "width": np.inf, "statistic": "coefficient_of_variation"}
    rows.append(base | slope | {"estimate": infinite_slope})
    rows += [
        base | {"comparison": "exponent_difference", "width": np.inf, "statistic": s, "estimate": difference}
        for s in ("mean", "std")
    ]
    rows += [
        base | {"comparison": name, "width": np.inf, "statistic": "coefficient_of_variation", "estimate": np.log(value)}
        for name, value in (("interval_ratio", interval), ("bayes_ratio", bayes))
    ]
    rows += [
        base | {"comparison": name, "width": width, "statistic": "test_loss", "estimate": share}
        for name, shares in (("coverage", (0.0, 0.0)), ("coverage_relative", (0.3, coverage)))
        for width, share in zip((16.0, 64.0), shares, strict=True)
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("laws", "comparisons", "claim", "expected"),
    [
        ({}, {}, "A1 infinite", HOLDS),
        ({}, {}, "A1 trained", HOLDS),
        ({"exponent": -0.2}, {}, "A1 infinite", DOES_NOT_HOLD),
        ({"drift": 0.4}, {}, "A1 trained", DOES_NOT_HOLD),
        ({"error": 0.2}, {}, "A1 trained", NOT_ESTABLISHED),
        ({}, {}, "A2 infinite", HOLDS),
        ({}, {}, "A2 trained", HOLDS),
        ({"slope": -0.3}, {}, "A2 infinite", DOES_NOT_HOLD),
        ({"slope": -0.3}, {}, "A2 trained", DOES_NOT_HOLD),
        ({"slope": -0.3}, {"infinite_slope": -0.2}, "A2 trained", NOT_ESTABLISHED),
        ({"slope": 0.3}, {"infinite_slope": -0.2}, "A2 trained", DOES_NOT_HOLD),
        ({"slope": -0.3}, {"infinite_slope": -0.11}, "A2 trained", DOES_NOT_HOLD),
        ({"slope": -0.3, "flattening": -0.2}, {}, "A2 infinite", NOT_ESTABLISHED),
        ({"slope": -0.3, "flattening": 0.2}, {}, "A2 infinite", DOES_NOT_HOLD),
        ({}, {}, "A3", HOLDS),
        ({}, {"ratio": 1.6}, "A3", DOES_NOT_HOLD),
        ({}, {"ratio": 1.25}, "A3", NOT_ESTABLISHED),
        ({}, {"ratio_at_largest": 1.6}, "A3", DOES_NOT_HOLD),
        ({"slope": -0.3, "flattening": -0.01}, {}, "A2 infinite", DOES_NOT_HOLD),
        ({}, {}, "A4", HOLDS),
        ({}, {"difference": -0.2}, "A4", DOES_NOT_HOLD),
        ({}, {"error": 0.2}, "A4", NOT_ESTABLISHED),
        ({}, {}, "A2 infinite test set", HOLDS),
        ({"infinite_test_set": (-0.3, 0.0)}, {}, "A2 infinite test set", DOES_NOT_HOLD),
        ({"infinite_test_set": (-0.3, -0.2)}, {}, "A2 infinite test set", NOT_ESTABLISHED),  # still flattening
        ({"infinite_test_set": (0.3, -0.2)}, {}, "A2 infinite test set", DOES_NOT_HOLD),
        ({"infinite_test_set": (-0.1, 0.0)}, {}, "A2 infinite test set", NOT_ESTABLISHED),
        ({"infinite_test_set": (-0.3, 0.0)}, {}, "A2 infinite", HOLDS),
        ({"slope": -0.3}, {}, "A2 infinite test set", HOLDS),
        ({}, {}, "A5 infinite", HOLDS),
        ({}, {}, "A5 trained", HOLDS),
        ({}, {"interval": 1.2}, "A5 infinite", DOES_NOT_HOLD),
        ({}, {"interval": 1 / 1.2}, "A5 infinite", DOES_NOT_HOLD),
        ({}, {"interval": 1.1}, "A5 infinite", NOT_ESTABLISHED),
        ({}, {"bayes": 1.4}, "A5 infinite", DOES_NOT_HOLD),
        ({}, {"bayes": 1 / 1.4}, "A5 infinite", DOES_NOT_HOLD),
        ({}, {"bayes": 1.25}, "A5 infinite", NOT_ESTABLISHED),
        ({}, {"coverage": 0.9}, "A5 trained", DOES_NOT_HOLD),
        ({}, {"coverage": 0.5}, "A5 trained", DOES_NOT_HOLD),
        ({}, {"coverage": 0.56}, "A5 trained", NOT_ESTABLISHED),
        ({}, {"coverage": 0.8}, "A5 trained", NOT_ESTABLISHED),
        ({}, {"coverage": 0.78}, "A5 trained", HOLDS),
        ({}, {"error": 0.2}, "A5 trained", NOT_ESTABLISHED),
    ],
)
def test_verdicts_from_tables(laws, comparisons, claim, expected):
    tests, summary = check(fitted(**laws), compared(**comparisons), BOUNDS, CONFIDENCE)
    row = summary.set_index("claim").loc[claim]
    assert row["verdict"] == expected
    own = tests[(tests["claim"] == claim) & (tests["verdict"] == expected)]
    assert len(own)
    assert f"{own['estimate'].iloc[0]:.3f}" in row["evidence"]


def test_the_claims_on_credible_intervals_have_three_tests():
    tests, _ = check(fitted(), compared(interval=1.05, bayes=0.9, coverage=0.7), BOUNDS, CONFIDENCE)
    own = tests[tests["claim"].str.startswith("A5")].set_index("quantity")
    bounds = {
        "ln of half the credible interval over z sigma_L": (np.log(1.05), -np.log(1.1), np.log(1.1)),
        "ln of eps_L over that of Bayes": (np.log(0.9), -np.log(1.25), np.log(1.25)),
        "share of members in the 68% credible interval": (0.7, 0.56, 0.8),
    }
    assert list(own.index) == list(bounds)
    for quantity, expected in bounds.items():
        assert own.loc[quantity, ["estimate", "bound_lower", "bound_upper"]].tolist() == pytest.approx(expected)
    assert own["scope"].tolist() == ["infinite width, converged", "infinite width, converged", "width 64"]


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_coverage_is_held_against_the_declared_confidence(confidence):
    for share, expected in ((confidence, HOLDS), (confidence - 0.2, DOES_NOT_HOLD)):
        _, summary = check(fitted(), compared(coverage=share), BOUNDS, confidence)
        assert summary.set_index("claim").loc["A5 trained", "verdict"] == expected
    tests, _ = check(fitted(), compared(), BOUNDS, confidence)
    assert tests["quantity"].str.contains(f"{confidence:.0%} credible").any()


def test_every_claim_has_a_statement_and_a_verdict_for_every_task():
    both = (pd.concat([table, table.assign(task="images", dataset="others")]) for table in (fitted(), compared()))
    _, summary = check(*both, BOUNDS, CONFIDENCE)
    assert list(summary["claim"]) == [claim for claim in ensembles.STATEMENTS for _ in range(2)]
    assert list(summary["task"]) == ["digits", "images"] * len(ensembles.STATEMENTS)
    assert (summary["statement"] == summary["claim"].map(ensembles.STATEMENTS)).all()
