"""What the columns of any table are: what a row is of, a number that has an error, or another number."""

import pandas as pd

from replication.schema import KEYS, STATISTICS, TRAINED, VARIATION

REPLICATES = {"draw", "member", "teacher", "rank"}  # rows that differ in these alone are not told apart
LABELS = {*KEYS, *VARIATION, "variable", "smallest", "largest", "departure"} - REPLICATES  # numbers that name a row
WORDS = {"device", "remark", "evidence", "statement", "published_by"}  # about a number, not one
# rounding, of which nothing is asked but that it is small: the stages that write these check it
ROUNDING = {"condition_number", "relative_difference"}
VERDICT = "verdict"
ERRORS = ("standard_error", "error")
SINGLE = ("estimate", "recomputed", "crossover_training_size")  # numbers whose error is called `standard_error` alone


def labels_of(table: pd.DataFrame) -> list[str]:
    """Columns that say what distinguishes a row: words, and numbers such as widths, if not the same everywhere."""
    apart = {*WORDS, *REPLICATES, VERDICT}
    labels = [name for name in table if name not in apart and (name in LABELS or not _is_number(table[name]))]
    return [name for name in labels if table[name].nunique(dropna=False) > 1]


def numbers_of(table: pd.DataFrame) -> dict[str, str]:
    """Columns whose numbers are reference numbers of their own, with the columns of their errors ("" for none).

    These are the numbers that have an error, and the statistics of the test loss.
    """
    columns = {name: _error(name, table) for name in table if _is_number(table[name]) and name not in LABELS}
    errors = set(columns.values())
    return {name: error for name, error in columns.items() if (error or name in STATISTICS) and name not in errors}


def columns_of_numbers(table: pd.DataFrame) -> list[str]:
    """All columns of numbers but those that name replicates, and rounding."""
    return [name for name in table if _is_number(table[name]) and name not in {*REPLICATES, *ROUNDING}]


def is_trained(table: pd.DataFrame, otherwise: bool) -> pd.Series:
    """Which rows come from networks that were trained, and so from arithmetic in single precision.

    otherwise: of a table that does not name the method.
    """
    if "method" not in table:
        return pd.Series(otherwise, table.index)
    return table["method"].isna() | table["method"].astype(str).str.contains(f"{TRAINED}|linearised")


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def _error(name: str, columns: pd.DataFrame) -> str:
    """The column of the error of a number: `mean_standard_error`, or `standard_error` where there is one number."""
    candidates = [f"{name}_{suffix}" for suffix in ERRORS] + ["standard_error"] * (name in SINGLE)
    return next((candidate for candidate in candidates if candidate in columns), "")
