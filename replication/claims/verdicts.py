"""Verdicts on claims, each from an equivalence test.

A claim says that a number lies in a range: an exponent above zero, a slope near zero, a ratio near one. With its
interval at confidence 1 - 2 significance (two one-sided tests), the claim *holds* if the interval lies inside the
range, *does not hold* if it lies outside, and is *not established* if it reaches across an end of the range.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.scaling_laws.fits import Estimate

HOLDS, DOES_NOT_HOLD, NOT_ESTABLISHED = "holds", "does not hold", "not established"
SYMBOLS = {"mean": "mu_L", "std": "sigma_L", "coefficient_of_variation": "eps_L"}


class EquivalenceTest(NamedTuple):
    """One tested number: which claim and where, the estimate, and the range that the claim allows."""

    claim: str
    scope: str
    quantity: str
    estimate: Estimate
    low: float
    high: float
    below_crossover: bool = False


class Subject(NamedTuple):
    """What a test is about: a task and its dataset."""

    task: str
    dataset: str


def verdict(test: EquivalenceTest, significance: float) -> str:
    """*holds*, *does not hold* or *not established*.

    A plateau is claimed for large N_D only, so a slope outside its range in a window that ends below the onset of the
    plateau does not refute it.
    """
    lower, upper = test.estimate.interval(1 - 2 * significance)
    if test.low < lower and upper < test.high:
        return HOLDS
    if upper < test.low or lower > test.high:
        return NOT_ESTABLISHED if test.below_crossover else DOES_NOT_HOLD
    return NOT_ESTABLISHED


def combine(verdicts: list[str]) -> str:
    """A claim holds if every test of it holds, and does not hold if any one does not."""
    if DOES_NOT_HOLD in verdicts:
        return DOES_NOT_HOLD
    return HOLDS if verdicts and all(v == HOLDS for v in verdicts) else NOT_ESTABLISHED


def run_tests(
    tests: Iterable[tuple[Subject, EquivalenceTest]], statements: dict[str, str], significance: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All tests, one row each, and the verdict of every claim in every place with its evidence in a sentence.

    Claims stand in the order of `statements`, each in the places where it has a test.
    """
    rows = pd.DataFrame([_row(place, test, significance) for place, test in tests])
    summary = []
    for claim, statement in statements.items():
        for task, dataset in dict.fromkeys(zip(rows["task"], rows["dataset"], strict=True)):
            own = rows[(rows["claim"] == claim) & (rows["task"] == task) & (rows["dataset"] == dataset)]
            if own.empty:
                continue
            overall = {"claim": claim, "statement": statement, "task": task, "dataset": dataset}
            summary.append(overall | {"verdict": combine(list(own["verdict"])), "evidence": _evidence(own)})
    return rows, pd.DataFrame(summary)


def estimate_of(row) -> Estimate:
    """The estimate in a row of a table of fits or comparisons."""
    return Estimate(row["estimate"], row["standard_error"], row.get("degrees_of_freedom", np.inf))


def _row(place: Subject, test: EquivalenceTest, significance: float) -> dict:
    lower, upper = test.estimate.interval(1 - 2 * significance)
    return {
        "claim": test.claim,
        "task": place.task,
        "dataset": place.dataset,
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
