"""Verdicts on the claims of arXiv 2503.05938, each from an equivalence test.

A claim says that a number lies in a range: an exponent above zero, a slope near zero, a ratio near one. With its
interval at confidence 1 - 2 significance (two one-sided tests), the claim *holds* if the interval lies inside the
range, *does not hold* if it lies outside, and is *not established* if it reaches across an end of the range.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.scaling_laws import Estimate
from replication.settings import Claims
from replication.test_loss import POPULATION

HOLDS, DOES_NOT_HOLD, NOT_ESTABLISHED = "holds", "does not hold", "not established"

STATEMENTS = {
    "A1 infinite": "mu_L and sigma_L follow power laws in N_D at infinite width",
    "A1 trained": "mu_L and sigma_L of trained networks follow power laws in N_D",
    "A2 infinite": "eps_L stops depending on N_D at infinite width",
    "A2 population": "eps_L at infinite width stops depending on N_D when the test set is infinitely large",
    "A2 trained": "eps_L of trained networks stops depending on N_D",
    "A3": "eps_L at finite width is approximated by its infinite-width value",
    "A4": "scaling laws of gradient descent at infinite width resemble those of exact Bayesian inference",
    "A5 infinite": "eps_L gives the Bayesian credible interval of the test loss at infinite width",
    "A5 trained": "trained networks heed the credible interval that infinite width predicts",
}
SYMBOLS = {"mean": "mu_L", "std": "sigma_L", "coefficient_of_variation": "eps_L"}


class Test(NamedTuple):
    """One tested number: which claim and where, the estimate, and the range that the claim allows."""

    claim: str
    scope: str
    quantity: str
    estimate: Estimate
    low: float
    high: float
    below_onset: bool = False


def verdict(test: Test, significance: float) -> str:
    """*holds*, *does not hold* or *not established*.

    A plateau is claimed for large N_D only, so a slope outside its range in a window that ends below the onset of the
    plateau does not refute it.
    """
    lower, upper = test.estimate.interval(1 - 2 * significance)
    if test.low < lower and upper < test.high:
        return HOLDS
    if upper < test.low or lower > test.high:
        return NOT_ESTABLISHED if test.below_onset else DOES_NOT_HOLD
    return NOT_ESTABLISHED


def combine(verdicts: list[str]) -> str:
    """A claim holds if every test of it holds, and does not hold if any one does not."""
    if DOES_NOT_HOLD in verdicts:
        return DOES_NOT_HOLD
    return HOLDS if verdicts and all(v == HOLDS for v in verdicts) else NOT_ESTABLISHED


def check(
    laws: pd.DataFrame, comparisons: pd.DataFrame, claims: Claims, confidence: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All tests, one row each, and the verdict of every claim and task with its evidence in a sentence."""
    rows, summary = [], []
    for (task, source), fits in laws.groupby(["task", "source"], sort=False):
        pairs = comparisons[comparisons["task"] == task]
        tests = [
            *_power_laws(fits, claims),
            *_plateaus(fits, pairs, claims),
            *_widths(pairs, claims),
            *_bayes(pairs, claims),
            *_credible_interval(pairs, claims, confidence),
        ]
        table = pd.DataFrame([_row(task, source, test, claims.significance) for test in tests])
        rows.append(table)
        for claim, statement in STATEMENTS.items():
            own = table[table["claim"] == claim]
            overall = {"claim": claim, "statement": statement, "task": task, "source": source}
            summary.append(overall | {"verdict": combine(list(own["verdict"])), "evidence": _evidence(own)})
    return pd.concat(rows, ignore_index=True), pd.DataFrame(summary).sort_values("claim", kind="stable")


def _power_laws(fits: pd.DataFrame, claims: Claims) -> Iterator[Test]:
    """A1: the exponent is positive, and drifts less than the bound across the window."""
    bound = claims.exponent_drift
    for branch, scope, curve in _branches(fits):
        for statistic in ("mean", "std"):
            exponent = _parameter(curve, statistic, "power_law", "exponent")
            drift = _parameter(curve, statistic, "power_law", "drift")
            yield Test(f"A1 {branch}", scope, f"exponent of {SYMBOLS[statistic]}", exponent, 0, np.inf)
            yield Test(f"A1 {branch}", scope, f"drift of the exponent of {SYMBOLS[statistic]}", drift, -bound, bound)


def _plateaus(fits: pd.DataFrame, pairs: pd.DataFrame, claims: Claims) -> Iterator[Test]:
    """A2: the slope of ln eps_L against ln N_D lies within the bound.

    A window lies below the onset of the plateau at infinite width if eps_L significantly falls ever more slowly there,
    and at finite width if even the infinitely wide network, after the same steps, has not reached its plateau in it.
    """
    bound, confidence = claims.plateau_slope, 1 - 2 * claims.significance
    at_infinite_width = _estimate(pairs[pairs["comparison"] == "slope_in_finite_width_window"].iloc[0])
    for branch, scope, curve in _branches(fits):
        if branch == "trained":
            slope = _parameter(curve, "coefficient_of_variation", "plateau", "slope")
            below_onset = slope.value < 0 and at_infinite_width.interval(confidence)[1] < -bound
            yield Test("A2 trained", scope, "slope of ln eps_L", slope, -bound, bound, bool(below_onset))
            continue
        for claim, statistic in (("infinite", "coefficient_of_variation"), ("population", POPULATION)):
            slope, drift = (_parameter(curve, statistic, "plateau", name) for name in ("slope", "drift"))
            below_onset = slope.value < 0 and drift.interval(confidence)[1] < 0
            yield Test(f"A2 {claim}", scope, "slope of ln eps_L", slope, -bound, bound, bool(below_onset))


def _widths(pairs: pd.DataFrame, claims: Claims) -> Iterator[Test]:
    """A3: ln of eps_L over its infinite-width value, for the widest trained networks, lies within the bound.

    On the mean over the window, and at its largest size: at fixed width the infinite-width law is left in the end.
    """
    bound = float(np.log(claims.width_ratio))
    where = {"width_ratio": "mean over the window", "width_ratio_at_largest": "at the largest N_D"}
    for comparison, place in where.items():
        ratios = pairs[pairs["comparison"] == comparison]
        widest = ratios.loc[ratios["width"].idxmax()]
        quantity = f"ln of eps_L over infinite width, {place}"
        yield Test("A3", f"width {widest['width']:g}", quantity, _estimate(widest), -bound, bound)


def _bayes(pairs: pd.DataFrame, claims: Claims) -> Iterator[Test]:
    """A4: the exponents of gradient descent and Bayes differ by less than the bound."""
    bound = claims.exponent_difference
    for row in pairs[pairs["comparison"] == "exponent_difference"].to_dict("records"):
        quantity = f"difference of the exponents of {SYMBOLS[row['statistic']]}"
        yield Test("A4", "infinite width, converged", quantity, _estimate(row), -bound, bound)


def _credible_interval(pairs: pd.DataFrame, claims: Claims, confidence: float) -> Iterator[Test]:
    """A5: the predicted interval is mu_L (1 +- z eps_L), eps_L is that of Bayes, and trained members heed it.

    z is the quantile of a Gaussian. Members of the widest networks are compared about their own mean: whether eps_L
    is the uncertainty is asked here, whether mu_L has converged in the width is not.
    """
    where = "infinite width, converged"
    for comparison, quantity, ratio in (
        ("interval_ratio", "ln of half the credible interval over z sigma_L", claims.interval_ratio),
        ("bayes_ratio", "ln of eps_L over that of Bayes", claims.width_ratio),
    ):
        bound = float(np.log(ratio))
        row = pairs[pairs["comparison"] == comparison].iloc[0]
        yield Test("A5 infinite", where, quantity, _estimate(row), -bound, bound)
    coverage = pairs[pairs["comparison"] == "coverage_relative"]
    widest = coverage.loc[coverage["width"].idxmax()]
    quantity = f"share of members in the {confidence:.0%} credible interval"
    low, high = confidence - claims.coverage, confidence + claims.coverage
    yield Test("A5 trained", f"width {widest['width']:g}", quantity, _estimate(widest), low, high)


def _branches(fits: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Converged gradient descent at infinite width, then every trained width."""
    infinite = (fits["method"] == "gradient_descent") & np.isinf(fits["training_time"])
    yield "infinite", "infinite width, converged", fits[infinite]
    for width, curve in fits[fits["method"] == "trained"].groupby("width"):
        yield "trained", f"width {width:g}", curve


def _parameter(curve, statistic, law, parameter):
    own = (curve["statistic"] == statistic) & (curve["law"] == law) & (curve["parameter"] == parameter)
    return _estimate(curve[own].iloc[0])


def _estimate(row) -> Estimate:
    return Estimate(row["estimate"], row["standard_error"], row["degrees_of_freedom"])


def _row(task, source, test, significance):
    lower, upper = test.estimate.interval(1 - 2 * significance)
    return {
        "claim": test.claim,
        "task": task,
        "source": source,
        "scope": test.scope,
        "quantity": test.quantity,
        "estimate": test.estimate.value,
        "lower": lower,
        "upper": upper,
        "bound_lower": test.low,
        "bound_upper": test.high,
        "verdict": verdict(test, significance),
    }


def _evidence(tests: pd.DataFrame) -> str:
    """The tests that decide: the failed ones, else the open ones, else all."""
    for decisive in (DOES_NOT_HOLD, NOT_ESTABLISHED, HOLDS):
        own = tests[tests["verdict"] == decisive]
        if len(own):
            break
    numbers = [f"{r.scope}: {r.quantity} {r.estimate:.3f} [{r.lower:.3f}, {r.upper:.3f}]" for r in own.itertuples()]
    return "; ".join(numbers)
