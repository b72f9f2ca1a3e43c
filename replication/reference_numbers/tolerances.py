"""Kinds of numbers, and how far each may move when only the processor changes: measured, docs/reference_numbers.md."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

EXACT = "exact"  # double precision, from settings, data and seed alone
STATISTICAL = "statistical"  # moments over networks trained in single precision
FITTED = "fitted"  # laws of those, and tests of them
VERDICTS = "verdict"  # words
PUBLISHED = "published"  # by others, with a tolerance of its own

SAME = 1e-6  # relative, of numbers computed with the same rounding
SAME_MEAN = 1e-7  # of means of many of them
# of numbers from trained networks with another rounding, in errors, or relative to the number where it has no error:
# where it was measured, ten times that, in these bounds; where it was not, the upper one
MARGIN = 10.0
BOUNDS = (0.05, 3.0)
RELATIVE_BOUNDS = (1e-2, 0.1)


def tolerance(value: float | str, error: float, kind: str, of: int = 1) -> float:
    """How far a number may be from its reference on any processor; NaN for words, which must be the same.

    of: how many numbers it is the mean of; one of them that moves by a relative 1e-6 is to be seen in it.
    """
    if isinstance(value, str):
        return np.nan
    if kind == EXACT:
        return max(SAME / of, SAME_MEAN) * max(abs(value), error if np.isfinite(error) else 0.0)
    return float(_bounds(abs(value), error)[1])


def measured(numbers: pd.DataFrame, elsewhere: Sequence[pd.DataFrame]) -> pd.Series:
    """Tolerances from the same numbers as computed on other processors, in the columns of `quantities`."""
    of_trained = numbers["kind"].isin([STATISTICAL, FITTED])
    keys = ["quantity", "source"]
    value = pd.to_numeric(numbers["value"], errors="coerce")
    moved = [
        (pd.to_numeric(numbers[keys].merge(other, how="left")["value"], errors="coerce") - value.to_numpy()).abs()
        for other in elsewhere
    ]
    lower, upper = _bounds(value.abs(), numbers["error"])
    found = np.clip(MARGIN * np.max(moved, axis=0), lower, upper)
    return numbers["tolerance"].where(~of_trained | np.isnan(found), found)


def kept(numbers: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    """Tolerances of numbers of trained networks as they were, in errors; of others, and of new ones, as they are."""
    known = numbers[["quantity", "source"]].merge(before, on=["quantity", "source"], how="left")
    error, allowed = (known[name].to_numpy(float) for name in ("error", "tolerance"))
    scale = np.divide(numbers["error"].to_numpy(float), error, out=np.ones(len(error)), where=error > 0)
    found = allowed * np.where(np.isfinite(scale), scale, 1.0)
    of_trained = numbers["kind"].isin([STATISTICAL, FITTED])
    return numbers["tolerance"].where(~of_trained | np.isnan(found), found)


def _bounds(size: ArrayLike, error: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest tolerance of numbers from trained networks."""
    size, error = np.asarray(size, float), np.asarray(error, float)
    finite = np.where(np.isfinite(error), error, 0.0)
    least, largest = (
        np.where(np.isfinite(error), of_error * finite + SAME * size, relative * size)
        for of_error, relative in zip(BOUNDS, RELATIVE_BOUNDS, strict=True)
    )
    return least, largest
