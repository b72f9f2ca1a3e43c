"""Verdicts: each of the four outcomes, the error rate of the test, and tables with known answers."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import ensembles
from replication.claims.verdicts import (
    DOES_NOT_HOLD,
    HOLDS,
    NO_POWER,
    NOT_ESTABLISHED,
    VERDICTS,
    EquivalenceTest,
    run_tests,
    verdict,
)
from replication.scaling_laws.equivalence import combine
from replication.scaling_laws.estimates import Estimate
from replication.schema import INFINITE_TEST_SET, STD_INFINITE_TEST_SET
from replication.settings.analysis import Claims

BOUNDS = Claims(
    significance=0.05,
    exponent_drift=0.25,
    plateau_slope=0.1,
    width_ratio=1.25,
    exponent_difference=0.1,
    interval_ratio=1.1,
    coverage=0.08,
    width_law=0.25,
    exponent_of_one=0.2,
    exponent_share=0.25,
)
CONFIDENCE = 0.68


def check(laws, comparisons, plateaus, claims=BOUNDS):
    tests = ensembles.tests(laws, comparisons, plateaus, claims)
    return run_tests("arXiv:1234.5678", tests, ensembles.STATEMENTS, claims.significance)


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (0.0, 0.02, HOLDS), (0.3, 0.02, DOES_NOT_HOLD), (0.1, 0.02, NOT_ESTABLISHED), (0.0, 0.2, NO_POWER),
        (0.1, 0.07, NO_POWER), (0.5, 0.2, DOES_NOT_HOLD),
    ],
)  # fmt: skip
def test_four_outcomes(value, error, expected):
    """Half the interval is 1.64 errors; one wider than the range can refute and cannot establish."""
    assert verdict(EquivalenceTest("A2", "", "", Estimate(value, error), -0.1, 0.1), 0.05) == expected
    assert verdict(EquivalenceTest("A2", "", "", Estimate(-value, error), -0.1, 0.1), 0.05) == expected


def test_an_unknown_estimate_has_no_power_and_an_open_range_always_has():
    assert verdict(EquivalenceTest("A1", "", "", Estimate(np.nan, np.nan), -0.1, 0.1), 0.05) == NO_POWER
    assert verdict(EquivalenceTest("A1", "", "", Estimate(0.1, 9.0), 0.0, np.inf), 0.05) == NOT_ESTABLISHED


@pytest.mark.parametrize("dof", [4, np.inf])
def test_false_verdicts_are_as_rare_as_declared(dof):
    """A slope exactly on the bound is called `holds` in 5 % of cases, and `does not hold` in 5 %."""
    rng, toys, samples = np.random.default_rng(5), 4000, 5
    counts = dict.fromkeys(VERDICTS, 0)
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
    assert combine([NO_POWER, NOT_ESTABLISHED]) == NO_POWER
    assert combine([NOT_ESTABLISHED, NO_POWER, DOES_NOT_HOLD]) == DOES_NOT_HOLD
    assert combine([]) == NO_POWER


def fitted(exponent=0.3, drift=0.0, given_drift=0.0, slope=0.0, infinite_slope=0.0, error=0.01):
    """A scaling-law table of one task, converged at infinite width; given_drift: on the test set at hand."""
    rows = []
    for method in ("gradient_descent", "bayes"):
        curve = {"task": "digits", "dataset": "toys", "method": method, "width": np.inf, "training_time": np.inf}
        curve |= {"standard_error": error, "degrees_of_freedom": np.inf}
        for statistic, moved in (("mean", given_drift), ("std", given_drift), (STD_INFINITE_TEST_SET, drift)):
            law = curve | {"statistic": statistic, "law": "power_law"}
            rows += [
                law | {"parameter": "exponent", "estimate": exponent},
                law | {"parameter": "relative_drift", "estimate": moved},
            ]
        for statistic, value in (("coefficient_of_variation", slope), (INFINITE_TEST_SET, infinite_slope)):
            law = curve | {"statistic": statistic, "law": "plateau"}
            rows += [law | {"parameter": "slope", "estimate": value}, law | {"parameter": "value", "estimate": 0.05}]
    return pd.DataFrame(rows)


def compared(difference=0.0, of_mean=0.0, error=0.01, interval=1.0, bayes=1.0):
    """A table of comparisons of gradient descent with Bayes."""
    base = {"task": "digits", "dataset": "toys", "width": np.inf, "standard_error": error, "degrees_of_freedom": np.inf}
    rows = [
        base | {"comparison": "exponent_difference", "statistic": statistic, "estimate": value}
        for statistic, value in (("mean", of_mean), ("std", difference))
    ]
    rows += [
        base | {"comparison": name, "statistic": "coefficient_of_variation", "estimate": np.log(value)}
        for name, value in (("interval_ratio", interval), ("bayes_ratio", bayes))
    ]
    return pd.DataFrame(rows)


def by_test_set(slope=-0.4):
    """A table of plateaus by output scale and number of test points, all far from flat."""
    base = {"task": "digits", "dataset": "toys", "standard_error": 0.01, "degrees_of_freedom": 4.0, "kappa": 0.2}
    return pd.DataFrame(
        [
            base | {"value": value, "output_scale": scale, "test_size": points, "estimate": slope, "holds_up_to": 50.0}
            for value, scale in (("g = 1", 1.0), ("matched", 0.2))
            for points in (100, 1000, np.inf)
        ]
    )


@pytest.mark.parametrize(
    ("laws", "comparisons", "claim", "expected"),
    [
        ({}, {}, "A1 infinite", HOLDS),
        ({"given_drift": 0.9}, {}, "A1 infinite", HOLDS),  # reported, and decides nothing
        ({"exponent": -0.2}, {}, "A1 infinite", HOLDS),  # likewise
        ({"drift": 0.4}, {}, "A1 infinite", DOES_NOT_HOLD),
        ({"drift": 0.25}, {}, "A1 infinite", NOT_ESTABLISHED),
        ({"error": 0.2}, {}, "A1 infinite", NO_POWER),
        ({}, {}, "A2 infinite", HOLDS),
        ({"slope": -0.3}, {}, "A2 infinite", DOES_NOT_HOLD),
        ({"slope": 0.3}, {}, "A2 infinite", DOES_NOT_HOLD),
        ({"infinite_slope": -0.3}, {}, "A2 infinite", HOLDS),
        ({"infinite_slope": -0.3}, {}, "A2 infinite test set", DOES_NOT_HOLD),
        ({"slope": -0.3}, {}, "A2 infinite test set", HOLDS),
        ({"infinite_slope": -0.1}, {}, "A2 infinite test set", NOT_ESTABLISHED),
        ({}, {}, "A4", HOLDS),
        ({}, {"difference": -0.2}, "A4", DOES_NOT_HOLD),
        ({}, {"of_mean": -0.2}, "A4", HOLDS),
        ({}, {"error": 0.2}, "A4", NO_POWER),
        ({}, {}, "A5 infinite", HOLDS),
        ({}, {"interval": 1.2}, "A5 infinite", DOES_NOT_HOLD),
        ({}, {"interval": 1 / 1.2}, "A5 infinite", DOES_NOT_HOLD),
        ({}, {"interval": 1.1}, "A5 infinite", NOT_ESTABLISHED),
        ({}, {"bayes": 1.4}, "A5 infinite", HOLDS),
    ],
)
def test_verdicts_from_tables(laws, comparisons, claim, expected):
    tests, summary = check(fitted(**laws), compared(**comparisons), by_test_set())
    row = summary.set_index("claim").loc[claim]
    assert row["verdict"] == expected
    own = tests[(tests["claim"] == claim) & tests["primary"]]
    assert len(own) == 1
    assert f"{own['estimate'].iloc[0]:.3f}" in row["evidence"]


def test_what_decides_nothing_is_reported():
    tests, _ = check(fitted(given_drift=0.9), compared(bayes=1.4), by_test_set())
    others = tests[~tests["primary"]].set_index(["claim", "scope", "quantity"])["verdict"]
    drift = others["A1 infinite", "infinite width, converged, given test set"]
    assert drift["drift of the exponent of sigma_L over the exponent"] == DOES_NOT_HOLD
    assert others["A5 infinite", "infinite width, converged", "ln of eps_L over that of Bayes"] == DOES_NOT_HOLD
    assert others["A2 infinite", "outputs g = 1, 100 test points", "slope of ln eps_L"] == DOES_NOT_HOLD
    assert others["A2 infinite test set", "outputs matched, infinitely many test points", "slope of ln eps_L"] == (
        DOES_NOT_HOLD
    )


def test_every_claim_at_infinite_width_has_a_verdict_for_every_task():
    both = (
        pd.concat([table, table.assign(task="images", dataset="others")])
        for table in (fitted(), compared(), by_test_set())
    )
    _, summary = check(*both)
    claims = [claim for claim in ensembles.STATEMENTS if claim not in ("A1 trained", "A2 trained", "A3", "A5 trained")]
    assert list(summary["claim"]) == [claim for claim in claims for _ in range(2)]
    assert list(summary["task"]) == ["digits", "images"] * len(claims)
    assert (summary["statement"] == summary["claim"].map(ensembles.STATEMENTS)).all()
