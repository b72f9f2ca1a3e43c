"""Claims on trained ensembles: one primary test of each, at the declared scale and width, and what moves it."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import ensembles, finite_width
from replication.claims.verdicts import run_tests
from tests.claims.test_ensembles import BOUNDS, CONFIDENCE

TRUE = {
    "exponent_difference": 0.0, "slope": 0.0, "ratio": 0.0, "ratio_too_narrow": 0.0, "ratio_predicted": 0.0,
    "share": CONFIDENCE, "slope_of_mean": 0.0, "slope_of_mean_linearised": 0.0,
}  # fmt: skip
STATISTIC = {"exponent_difference": ("mean", "std"), "slope_of_mean": ("mean",)}
WIDTHS = (256.0, 1024.0, 4096.0)


def compared(moved=0.0, where=None, error=0.01):
    """Every quantity at every scale and width as claimed, but moved where `where` selects (a dict of columns)."""
    rows = []
    for value in ("g = 1", "matched"):
        for width in WIDTHS:
            for quantity, truth in TRUE.items():
                for statistic in STATISTIC.get(quantity, ("coefficient_of_variation",)):
                    rows.append({"value": value, "width": width, "quantity": quantity, "statistic": statistic} | {
                        "estimate": truth
                    })  # fmt: skip
        rows.append({"value": value, "width": np.nan, "quantity": "ratio", "statistic": "coefficient_of_variation"})
        rows[-1]["estimate"] = 0.0
    table = pd.DataFrame(rows).assign(task="digits", dataset="toys", standard_error=error, degrees_of_freedom=np.inf)
    if where is not None:
        same = [table[name].isna() if value is None else table[name] == value for name, value in where.items()]
        table.loc[np.all(same, axis=0), "estimate"] += moved
    return table


def varied(slopes=None, error=0.01):
    """Slopes of variants, and of the unvaried under every property."""
    rows = []
    for varied, value in (("algorithm", "adam"), ("depth", "3"), ("activation", "erf"), ("parametrisation", "mup")):
        for name, unvaried in (("own", True), (value, False)):
            slope = -0.3 + (0.0 if unvaried else (slopes or {}).get(varied, 0.0))
            rows.append({"varied": varied, "value": name, "unvaried": unvaried, "estimate": slope})
    table = pd.DataFrame(rows).assign(parameter="slope", width=256.0, standard_error=error, degrees_of_freedom=99.0)
    return table.assign(task="digits", dataset="toys")


def check(comparisons, plateaus=None, confidence=CONFIDENCE):
    tests = finite_width.tests(comparisons, varied() if plateaus is None else plateaus, BOUNDS, confidence)
    statements = ensembles.STATEMENTS | finite_width.STATEMENTS
    rows, summary = run_tests("toys", tests, statements, BOUNDS.significance)
    return rows, summary.set_index("claim")["verdict"]


PRIMARY = {  # claim: quantity, scale, width, statistic
    "A1 trained": ("exponent_difference", "matched", 1024.0, "std"),
    "A2 trained": ("slope", "matched", 1024.0, "coefficient_of_variation"),
    "A3": ("ratio", "matched", None, "coefficient_of_variation"),
    "A5 trained": ("share", "matched", 1024.0, "coefficient_of_variation"),
    "W1": ("slope_of_mean", "g = 1", 1024.0, "mean"),
}
BOUND = {"A1 trained": 0.1, "A2 trained": 0.1, "A3": np.log(1.25), "A5 trained": 0.08, "W1": 0.25}


def test_everything_holds_where_all_is_as_claimed():
    rows, found = check(compared())
    assert set(found) == {"holds"}
    assert set(found.index) == {*PRIMARY, "T activation", "T algorithm", "T depth", "T parametrisation"}
    primary = rows[rows["primary"]]
    assert primary[~primary["claim"].str.startswith("T")]["claim"].tolist() == list(PRIMARY)


@pytest.mark.parametrize("claim", PRIMARY)
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_declared_test_decides(claim, sign):
    keys = dict(zip(("quantity", "value", "width", "statistic"), PRIMARY[claim], strict=True))
    for share, verdict in ((0.5, "holds"), (1.0, "not established"), (1.5, "does not hold")):
        _, found = check(compared(sign * share * BOUND[claim], keys))
        assert found[claim] == verdict
        assert set(found.drop(claim)) == {"holds"}
    keys["value"] = "g = 1" if keys["value"] == "matched" else "matched"
    _, found = check(compared(3 * BOUND[claim], keys))
    assert found[claim] == "holds"


@pytest.mark.parametrize(
    ("quantity", "claim"), [("ratio_too_narrow", "A3"), ("ratio_predicted", "A3"), ("slope_of_mean_linearised", "W1")]
)
def test_what_is_beside_is_reported_and_decides_nothing(quantity, claim):
    rows, found = check(compared(1.0, {"quantity": quantity}))
    assert found[claim] == "holds"
    own = rows[(rows["claim"] == claim) & (rows["verdict"] == "does not hold")]
    assert len(own) == 2 * len(WIDTHS)
    assert not own["primary"].any()


def test_wide_intervals_have_no_power():
    _, found = check(compared(error=0.5), varied(error=0.5))
    assert set(found) == {"no power"}


@pytest.mark.parametrize("confidence", [0.5, 0.9])
def test_shares_are_held_against_the_declared_confidence(confidence):
    moved = compared(confidence - CONFIDENCE, {"quantity": "share"})
    rows, found = check(moved, confidence=confidence)
    assert found["A5 trained"] == "holds"
    assert rows["quantity"].str.contains(f"{confidence:.0%} interval").any()
    assert check(compared(), confidence=confidence)[1]["A5 trained"] == "does not hold"


def test_variants_are_compared_with_the_unvaried():
    rows, found = check(compared(), varied({"depth": 0.3}))
    assert found["T depth"] == "does not hold"
    assert found["T algorithm"] == "holds"
    row = rows[rows["claim"] == "T depth"].iloc[0]
    half = (row["upper"] - row["lower"]) / 2
    assert row["estimate"] == pytest.approx(0.3)
    assert half == pytest.approx(1.66 * 0.01 * np.sqrt(2), rel=0.01)  # Student at 99 degrees of freedom
