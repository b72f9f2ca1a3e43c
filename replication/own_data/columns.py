"""Columns of a user's table: which are inputs, which is the target, and what cannot be either."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from replication.errors import ReplicationError

SHOWN = 8  # names and rows that one line of an error holds
DATES = r"\d{4}-\d{2}-\d{2}([T ].*)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}.*"


def choose(
    table: pd.DataFrame, target: str, inputs: Sequence[str] = ()
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Inputs (N, d) and targets (N,) of a table, and the names of the inputs.

    target: the name of its column, `target` where none is given. inputs: shell patterns of names, every other column
    where there are none. ReplicationError for names that are not there, and for columns that cannot be used.
    """
    table = table.rename(columns=str)
    if table.columns.has_duplicates:
        twice = table.columns[table.columns.duplicated()][0]
        raise ReplicationError(f"two columns are called {twice}", "give each a name of its own")
    if table.empty:
        raise ReplicationError("a table without rows", "give one line for each point")
    target = target or "target"
    if target not in table.columns:
        raise ReplicationError(f"no column {target}", f"name the target's, --target COLUMN, of {listed(table.columns)}")
    names = [name for name in table.columns if name != target and (not inputs or _matches(name, inputs))]
    if not names:
        problem = f"no column matches {','.join(inputs)}" if inputs else "no column beside the target"
        raise ReplicationError(problem, f"there are {listed(table.columns)}")
    _check_missing(table[[*names, target]])
    for name in names:
        _check_input(name, table[name])
    return table[names].to_numpy(np.float64), _targets(target, table[target]), tuple(names)


def listed(names: Sequence[object]) -> str:
    """Names for one line, the first few of many."""
    shown = ", ".join(map(str, names[:SHOWN]))
    return f"{shown} and {len(names) - SHOWN} more" if len(names) > SHOWN else shown


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _check_missing(table: pd.DataFrame) -> None:
    missing = table.isna()
    rows = np.flatnonzero(missing.any(axis=1))
    if len(rows):
        columns = table.columns[missing.any()]
        where = f"{len(rows)} of {len(table)} rows, the first of them {listed(list(rows))} (counted from 0)"
        problem = f"{int(missing.to_numpy().sum())} values are missing, of {listed(columns)}, in {where}"
        raise ReplicationError(problem, "drop or fill them, or leave those columns out with --inputs")


def _check_input(name: str, column: pd.Series) -> None:
    remedy = "leave it out with --inputs, or store numbers in its place"
    if _is_dates(column):
        raise ReplicationError(f"the column {name} holds dates", remedy)
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_complex_dtype(column):
        raise ReplicationError(f"the column {name} holds no numbers, such as {str(column.iloc[0])[:30]!r}", remedy)


def _targets(name: str, column: pd.Series) -> np.ndarray:
    if _is_dates(column):
        raise ReplicationError(f"the target {name} holds dates", "store the number that is to be learnt")
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy()
    return column.astype(str).to_numpy(dtype=str)


def _is_dates(column: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(column) or pd.api.types.is_timedelta64_dtype(column):
        return True
    texts = pd.api.types.is_string_dtype(column) and not pd.api.types.is_numeric_dtype(column)
    return bool(texts and column.astype(str).str.strip().str.fullmatch(DATES).all())
