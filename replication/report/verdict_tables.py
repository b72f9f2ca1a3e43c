"""Verdicts and tests as a reader sees them: an overview of one paper, what decides, every test of a claim."""

import numpy as np
import pandas as pd

from replication.report.tables import number
from replication.schema import APPROACHES, subject_name

NOT_TESTED = "not tested"


def of_paper(table: pd.DataFrame, paper: str) -> pd.DataFrame:
    """Rows of one paper, with the column `subject`: a task with its data set, or a method."""
    rows = table[table["paper"] == paper]
    return rows.assign(subject=[subject_of(row) for row in rows.to_dict("records")])


def subject_of(row: dict) -> str:
    """What a test is about in words: `digits (mnist)`, or `trained networks`."""
    if pd.isna(row["task"]) or not row["task"]:
        return APPROACHES[row["method"]]
    return subject_name(row["task"], row["dataset"])


def overview(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Of `of_paper`: claims in rows, subjects in columns."""
    wide = verdicts.pivot(index=["claim", "statement"], columns="subject", values="verdict")
    return wide[list(dict.fromkeys(verdicts["subject"]))].fillna(NOT_TESTED).reset_index()


def evidence(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Of `of_paper`: every verdict with the tests that decide it."""
    return verdicts[["claim", "subject", "verdict", "evidence"]]


def tests_table(tests: pd.DataFrame) -> pd.DataFrame:
    """Of `of_paper`: every test of a claim, its interval and the range that the claim allows."""
    shown = tests[["subject", "scope", "quantity", "estimate"]].copy()
    shown["interval"] = [_range(*ends) for ends in zip(tests["lower"], tests["upper"], strict=True)]
    shown["claimed range"] = [_range(*ends) for ends in zip(tests["bound_lower"], tests["bound_upper"], strict=True)]
    return shown.assign(verdict=tests["verdict"])


def counts(verdicts: pd.DataFrame) -> dict[str, int]:
    """How many verdicts of each outcome."""
    outcomes = ("holds", "does not hold", "not established")
    return {outcome: int(np.sum(verdicts["verdict"] == outcome)) for outcome in outcomes}


def _range(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"
