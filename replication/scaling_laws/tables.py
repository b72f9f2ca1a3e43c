"""Tables cut into what belongs together, and curves in the shape that fits take."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from replication.settings.sections import Window


def groups(table: pd.DataFrame, keys: Sequence[str]) -> Iterator[tuple[dict, pd.DataFrame]]:
    """(key as a dict, its rows), in order of appearance; an empty cell is a key too."""
    for key, rows in table.groupby(list(keys), sort=False, dropna=False):
        yield dict(zip(keys, key, strict=True)), rows


def matching(table: pd.DataFrame, label: dict) -> pd.DataFrame:
    """Rows that have these values, an empty cell being equal to an empty cell."""
    keep = np.ones(len(table), bool)
    for name, value in label.items():
        keep &= (table[name].isna() if pd.isna(value) else table[name] == value).to_numpy()
    return table[keep]


def within(table: pd.DataFrame, window: Window, size: str = "training_size") -> pd.DataFrame:
    """Rows whose size lies in the window."""
    return table[table[size].between(window.smallest, window.largest)]


def by_draw(curve: pd.DataFrame, column: str, window: Window) -> pd.DataFrame:
    """A column of the curve within the window: draws in rows, training sizes in columns."""
    return within(curve, window).pivot(index="draw", columns="training_size", values=column)
