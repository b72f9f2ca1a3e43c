"""Verdicts on claims, each from its equivalence tests: the tests in one table, a verdict for each claim and subject."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.scaling_laws.equivalence import (
    DOES_NOT_HOLD,
    HOLDS,
    NO_POWER,
    NOT_ESTABLISHED,
    VERDICTS,
    EquivalenceTest,
    combine,
    verdict,
)
from replication.scaling_laws.estimates import Estimate

__all__ = [
    "DOES_NOT_HOLD", "HOLDS", "NOT_ESTABLISHED", "NO_POWER", "VERDICTS", "EquivalenceTest", "Subject", "run_tests",
    "verdict",
]  # fmt: skip


class Subject(NamedTuple):
    """What a test is about: a task and its data set, or in arXiv 2102.06701 the method that measured."""

    task: str = ""
    dataset: str = ""
    method: str = ""


def run_tests(
    paper: str,
    tests: Iterable[tuple[Subject, EquivalenceTest]],
    statements: Mapping[str, str],
    significance: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All tests, one row each, and the verdict of every claim on every subject with its evidence in a sentence.

    Claims stand in the order of `statements`, each on the subjects of which it has a test.
    """
    rows = pd.DataFrame([_row(paper, subject, test, significance) for subject, test in tests])
    summary = []
    for claim, statement in statements.items():
        for subject in dict.fromkeys(rows[list(Subject._fields)].itertuples(index=False, name=None)):
            chosen = rows[(rows["claim"] == claim) & (rows[list(Subject._fields)] == list(subject)).all(axis=1)]
            if len(chosen):
                label = {"paper": paper, "claim": claim, "statement": statement} | Subject(*subject)._asdict()
                decisive = chosen[chosen["primary"]]
                found = {"verdict": combine(list(decisive["verdict"])), "evidence": _evidence(decisive)}
                summary.append(label | found)
    return rows, pd.DataFrame(summary)


def estimate_of(row: Mapping | pd.Series) -> Estimate:
    """The estimate in a row of a table of fits or comparisons."""
    return Estimate(row["estimate"], row["standard_error"], row.get("degrees_of_freedom", np.inf))


def _row(paper: str, subject: Subject, test: EquivalenceTest, significance: float) -> dict:
    lower, upper = test.estimate.interval(1 - 2 * significance)
    named = {"paper": paper, "claim": test.claim} | subject._asdict() | {"scope": test.scope, "quantity": test.quantity}
    numbers = {"estimate": test.estimate.value, "lower": lower, "upper": upper}
    bounds = {"bound_lower": test.low, "bound_upper": test.high}
    return named | numbers | bounds | {"verdict": verdict(test, significance), "primary": test.primary}


def _evidence(tests: pd.DataFrame) -> str:
    """The primary tests that decide: the failed ones, else the open ones, else all."""
    for decisive in (DOES_NOT_HOLD, NO_POWER, NOT_ESTABLISHED, HOLDS):
        chosen = tests[tests["verdict"] == decisive]
        if len(chosen):
            break
    numbers = [f"{r.scope}: {r.quantity} {r.estimate:.3f} [{r.lower:.3f}, {r.upper:.3f}]" for r in chosen.itertuples()]
    return "; ".join(numbers)
