"""Whether tables still say what the reference numbers say.

Numbers of trained networks move together or not at all. With the same rounding they stay; on another processor they
move by far less than their errors, but for a few ensembles that amplify rounding; of other networks they move by about
their errors. So how most of them moved says how each is judged, and one that moves alone was changed.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import binom, t

from replication.reference_numbers.tolerances import FITTED, SAME, STATISTICAL

AGREES, MOVED, MISSING, NEW = "agrees", "moved", "missing", "new"
# numbers of trained networks: if no more moved, none has reason to. One that is changed by hand moves itself and the
# mean of its column; a single ensemble that is rounded otherwise moves dozens, from its members to their laws
FEW = 10
ROUNDED, MANY = 0.05, 0.2  # z-scores that rounding seldom exceeds; if so large a share does, these are other networks
OUTLIER, FAR = 3.0, 10.0  # z-scores of which some are expected, and none
FEWEST = 8  # members of the smallest ensembles: z-scores have the tails of Student's law of as many less one
SURPRISE = 1e-3  # probability of as many outliers as are still taken for chance


class Comparison(NamedTuple):
    """All numbers with `found`, `z` and `outcome`; those that are a mismatch; how they were judged."""

    numbers: pd.DataFrame
    mismatches: pd.DataFrame
    remark: str


def compare(reference: pd.DataFrame, found: pd.DataFrame) -> Comparison:
    """Both with the columns of `quantities`, values as text; a number is known by its quantity and source."""
    numbers = _joined(reference, found)
    for name in ("error", "found_error", "tolerance"):
        numbers[name] = pd.to_numeric(numbers[name], errors="coerce")
    before, now = (pd.to_numeric(numbers[name], errors="coerce") for name in ("value", "found"))
    change, errors = (now - before).abs(), numbers["error"].fillna(0.0)
    numbers["z"] = (now - before) / np.hypot(numbers["error"], numbers["found_error"]).replace(0.0, np.nan)
    equal = numbers["value"] == numbers["found"]
    near = equal | (change <= numbers["tolerance"])
    there = numbers["value"].notna() & numbers["found"].notna()
    trained = numbers["kind"].isin([STATISTICAL, FITTED]) & there
    same = equal | (near & ~trained) | (trained & (change <= SAME * np.maximum(before.abs(), errors)))
    good, remark = _judged(numbers["z"].abs(), trained, same, near)
    outcomes = [numbers["value"].isna(), numbers["found"].isna(), same]
    numbers["outcome"] = np.select(outcomes, [NEW, MISSING, AGREES], default=MOVED)
    return Comparison(numbers, numbers[~(good & there)], remark)


def _joined(reference: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The reference with `found` and `found_error`; below, what it does not know."""
    keys = ["quantity", "source"]
    told = found[[*keys, "value", "error", "kind"]].rename(columns={"value": "found", "error": "found_error"})
    known = reference.merge(told.drop(columns="kind"), on=keys, how="left")
    new = told[~told.set_index(keys).index.isin(reference.set_index(keys).index)]
    return pd.concat([known, new], ignore_index=True)


def _judged(z: pd.Series, trained: pd.Series, same: pd.Series, near: pd.Series) -> tuple[pd.Series, str]:
    """Which numbers are good, by how most of those of trained networks moved, and that in words."""
    moved = (trained & ~same).sum()
    if moved <= FEW:
        return same, ""
    scores = z[trained].dropna()
    said = f"{moved} of {trained.sum()} numbers of trained networks moved: "
    if (scores > ROUNDED).sum() <= MANY * len(scores):
        return near, f"{said}the rounding of another processor, allowed up to their tolerances"
    expected, outliers = 2 * t.sf(OUTLIER, FEWEST - 1), trained & (z > OUTLIER)
    limit = binom.isf(SURPRISE, len(scores), expected)
    too_far = outliers if outliers.sum() > limit else trained & (z > FAR)
    count = (
        f"{outliers.sum()} of {len(scores)} z-scores are beyond {OUTLIER:g}, of {expected * len(scores):.0f} expected"
    )
    return (near & ~trained) | (trained & ~too_far), f"{said}other networks; {count}, {limit:.0f} still chance"
