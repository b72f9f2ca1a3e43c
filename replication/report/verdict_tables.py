"""Verdicts and tests as a reader sees them: an overview of one paper, what decides, every test of a claim."""

import numpy as np
import pandas as pd

from replication.report.tables import number
from replication.scaling_laws.equivalence import VERDICTS
from replication.schema import APPROACHES, subject_name

NOT_TESTED = "not tested"
NUMBERS, DIGITS = ["estimate", "lower", "upper", "bound_lower", "bound_upper"], 2  # of an effect


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


def effects(verdicts: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    """Of `of_paper`: a row for each claim with the range it allows, and its verdict and effect on each subject.

    The effect is that of the primary test, with its interval, to DIGITS decimals; of several, that of the first that
    decides the verdict.
    """
    primary = tests[tests["primary"].astype(bool)].copy()
    primary[NUMBERS] = primary[NUMBERS].round(DIGITS) + 0.0  # no zero with a sign
    rows = []
    for (claim, statement), found in verdicts.groupby(["claim", "statement"], sort=False):
        of_claim = primary[primary["claim"] == claim]
        row = {"claim": f"{claim}: {statement}", "range": _range(*of_claim[["bound_lower", "bound_upper"]].iloc[0])}
        for subject, verdict in zip(found["subject"], found["verdict"], strict=True):
            decisive = of_claim[(of_claim["subject"] == subject) & (of_claim["verdict"] == verdict)].iloc[0]
            interval = _range(decisive["lower"], decisive["upper"])
            row[subject] = f"**{verdict}** {number(decisive['estimate'])} ({interval})"
        rows.append(row)
    return pd.DataFrame(rows).fillna(NOT_TESTED)


def tests_table(tests: pd.DataFrame) -> pd.DataFrame:
    """Of `of_paper`: every test of a claim, its interval and the claimed range; primary ones in bold."""
    shown = tests[["subject", "scope", "quantity", "estimate"]].copy()
    shown["interval"] = [_range(*ends) for ends in zip(tests["lower"], tests["upper"], strict=True)]
    shown["claimed range"] = [_range(*ends) for ends in zip(tests["bound_lower"], tests["bound_upper"], strict=True)]
    primary = tests["primary"].astype(bool)
    return shown.assign(verdict=tests["verdict"].where(~primary, "**" + tests["verdict"] + "**"))


def counts(verdicts: pd.DataFrame) -> dict[str, int]:
    """How many verdicts of each outcome."""
    return {outcome: int(np.sum(verdicts["verdict"] == outcome)) for outcome in VERDICTS}


def _range(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"
