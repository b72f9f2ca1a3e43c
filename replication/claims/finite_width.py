"""What is asked of networks of finite width: the claims on trained ensembles, the law in 1/n, other ways to train.

Which test is primary, and its range, was declared before the data were made: docs/analysis_plan.md. The primary width
is the middle one of those that were trained, which is within the expansion at every N_D.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.claims.verdicts import EquivalenceTest, Subject, estimate_of
from replication.scaling_laws.estimates import Estimate
from replication.schema import SUBJECT, SYMBOLS
from replication.settings.analysis import Claims

STATEMENTS = {
    "T activation": "how eps_L of trained networks depends on N_D is the same whatever the activation",
    "T algorithm": "how eps_L of trained networks depends on N_D is the same whatever the training algorithm",
    "T depth": "how eps_L of trained networks depends on N_D is the same whatever the depth",
    "T parametrisation": "how eps_L of trained networks depends on N_D is the same whatever the parametrisation",
    "W1": "mu_L of trained networks approaches infinite width as mu_L (1 + b/n), b computed at infinite width",
}
MATCHED, NTK = "matched", "g = 1"  # primary output scales


class Question(NamedTuple):
    """A quantity of `width_comparisons`: whose claim it tests, in which words, its range, and the primary scale.

    statistic: of which the test is primary; None for a quantity that decides nothing.
    """

    claim: str
    quantity: str
    words: str
    low: float
    high: float
    scale: str | None
    statistic: str | None = None


def tests(
    comparisons: pd.DataFrame, plateaus: pd.DataFrame, claims: Claims, confidence: float
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """Every test of every claim: `comparisons` with infinite width and order 1/n, `plateaus` of the variations."""
    for (task, dataset), rows in comparisons.groupby(SUBJECT, sort=False):
        widths = sorted(rows["width"].dropna().unique())
        for question in _questions(claims, confidence):
            for row in rows[rows["quantity"] == question.quantity].to_dict("records"):
                yield Subject(task, dataset), _test(question, row, widths[len(widths) // 2])
    yield from _variations(plateaus, claims)


def _questions(claims: Claims, confidence: float) -> Iterator[Question]:
    ratio, slope, share = float(np.log(claims.width_ratio)), claims.plateau_slope, claims.coverage
    difference, law = claims.exponent_difference, claims.width_law
    over = "ln of eps_L over infinite width"
    yield Question(
        "A1 trained", "exponent_difference", "exponent of {} less that of infinite width", -difference, difference,
        MATCHED, "std",
    )  # fmt: skip
    yield Question("A2 trained", "slope", "slope of ln eps_L", -slope, slope, MATCHED)
    yield Question("A3", "ratio", f"{over}, where the width suffices", -ratio, ratio, MATCHED)
    yield Question("A3", "ratio_too_narrow", f"{over}, where it does not", -ratio, ratio, None)
    yield Question("A3", "ratio_predicted", "ln of eps_L over order 1/n", -ratio, ratio, None)
    words = f"share of members in the {confidence:.0%} interval of order 1/n"
    yield Question("A5 trained", "share", words, confidence - share, confidence + share, MATCHED)
    yield Question("W1", "slope_of_mean", "n ln(mu_L(n) / mu_L) over b, less one", -law, law, NTK)


def _test(question: Question, row: dict, primary_width: float) -> EquivalenceTest:
    """A3 is decided over all widths that suffice, whose row has none; the others at the primary width."""
    pooled = np.isnan(row["width"])
    at_width = pooled if question.claim == "A3" else row["width"] == primary_width
    statistic = question.statistic in (None, row["statistic"])
    width = "all widths" if pooled else f"width {row['width']:g}"
    scope = f"outputs {row['value']}, {width}"
    words = question.words.format(SYMBOLS.get(row["statistic"], ""))
    primary = bool(at_width and statistic and row["value"] == question.scale)
    return EquivalenceTest(question.claim, scope, words, estimate_of(row), question.low, question.high, primary)


def _variations(plateaus: pd.DataFrame, claims: Claims) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """T: the slope of ln eps_L less that of the unvaried network, on the same training set, lies within the bound."""
    bound, slopes = claims.plateau_slope, plateaus[plateaus["parameter"] == "slope"]
    for (task, dataset, varied), rows in slopes.groupby([*SUBJECT, "varied"], sort=False):
        own = estimate_of(rows[rows["unvaried"].astype(bool)].iloc[0])
        for row in rows[~rows["unvaried"].astype(bool)].to_dict("records"):
            found = estimate_of(row)
            error, dof = float(np.hypot(found.error, own.error)), min(found.dof, own.dof)
            difference = Estimate(found.value - own.value, error, dof)
            words = "slope of ln eps_L less that of the unvaried network"
            yield (
                Subject(task, dataset),
                EquivalenceTest(f"T {varied}", f"{varied} {row['value']}", words, difference, -bound, bound),
            )
