"""What tables say, number by number: quantity, value, error, tolerance, kind and the file that it stands in.

Every number of a table enters through the geometric mean of its column, which moves when any number in it does; those
that have an error, and the statistics of the test loss at infinite width, have a row of their own besides.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePath

import numpy as np
import pandas as pd

from replication.reference_numbers.columns import LABELS, VERDICT, columns_of_numbers, is_trained, labels_of, numbers_of
from replication.reference_numbers.tolerances import EXACT, FITTED, PUBLISHED, STATISTICAL, VERDICTS, tolerance
from replication.scaling_laws.tables import groups
from replication.schema import BASELINE

COLUMNS = ["quantity", "value", "error", "tolerance", "kind", "source"]
# tables whose rows are no quantities of their own: many, or the means of others
COLUMNS_ONLY = {
    "test_loss",
    "training_variations",
    "width_ratios",
    "regime_curves",
    "network",
    "data",
    "losses",
    "curves",
}
MOMENTS = {
    "learning_curves",
    "test_loss",
    "training_variations",
    "width_ratios",
}  # tables of laws that are moments, not fits
NOTHING = 1e-12  # below it numbers are zero but for rounding, as of a parameter at its bound
INTERVAL = 2 * 1.645  # an interval of 90 % in standard errors
Row = tuple[str, float | str, float, str, int]  # quantity, value, error, kind, of how many numbers it is the mean


def quantities(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rows COLUMNS of one table; `source` is its file within the results, as in `laws/scaling_laws.csv`.

    Values are text. ValueError if two rows cannot be told apart.
    """
    if {"lower", "upper"} <= set(table) and "standard_error" not in table:
        table = table.assign(standard_error=(table["upper"] - table["lower"]) / INTERVAL)
    path = PurePath(source)
    of_laws = path.parts[0] in ("laws", "claims")
    trained = is_trained(table, otherwise=of_laws)
    rows: list[Row] = []
    for part, kind in ((table[~trained], EXACT), (table[trained], FITTED if of_laws else STATISTICAL)):
        kind = STATISTICAL if path.stem in MOMENTS and kind == FITTED else kind
        if path.stem not in COLUMNS_ONLY:
            rows += _numbers(part, kind, labels_of(table))
        rows += _columns(part, kind)
    return _table(rows, source)


def quantities_of_metrics(metrics: Mapping[str, float], source: str) -> pd.DataFrame:
    """The rows of a flat dictionary with `<name>.error` beside `<name>`."""
    names = [name for name in metrics if not name.endswith(".error")]
    return _table([(name, metrics[name], metrics.get(f"{name}.error", np.nan), FITTED, 1) for name in names], source)


def published_quantities(table: pd.DataFrame, column: str = "published") -> pd.DataFrame:
    """What others published, from the table of recomputed numbers: their value, their tolerance, their paper.

    column: `recomputed` for what this package finds instead of their value.
    """
    labels = [name for name in ("task", "data", "quantity", "training_size") if name in table]
    names = [_name(row, labels) for row in table.to_dict("records")]
    numbers = {"value": [_text(value) for value in table[column]], "error": np.nan, "tolerance": table["tolerance"]}
    columns = {"quantity": names} | numbers | {"kind": PUBLISHED, "source": table["published_by"]}
    return pd.DataFrame(columns, columns=COLUMNS)


def _numbers(table: pd.DataFrame, kind: str, labels: list[str]) -> Iterator[Row]:
    """Every number that has a row of its own; replicates are one quantity, their mean."""
    if "member" in table or not len(table):
        return
    numbers = numbers_of(table)
    for label, rows in groups(table, labels) if labels else [({}, table)]:
        name = _name(label, labels)
        for column, error in numbers.items():
            of_number = rows[error].mean() if error else np.nan
            yield f"{name}: {column}", rows[column].mean(), of_number, kind, len(rows)
        if VERDICT in rows:
            yield f"{name}: {VERDICT}", ", ".join(rows[VERDICT]), np.nan, VERDICTS, len(rows)


def _columns(table: pd.DataFrame, kind: str) -> Iterator[Row]:
    """The geometric mean of every column, of what is neither zero nor infinite."""
    whose = "all rows" if kind == EXACT else "all rows of trained networks"
    for column in columns_of_numbers(table):
        numbers, of_column = table[column].to_numpy(float), EXACT if column in LABELS else kind
        chosen = np.abs(numbers[np.isfinite(numbers) & (np.abs(numbers) > NOTHING)])
        if len(chosen):
            yield f"{whose}: {column}, geometric mean", np.exp(np.log(chosen).mean()), np.nan, of_column, len(chosen)


def _name(label: Mapping, columns: list[str]) -> str:
    words = [_word(column, label[column]) for column in columns]
    return ", ".join(word for word in words if word)


def _word(column: str, value: object) -> str:
    if pd.isna(value) or value in ("", BASELINE):
        return ""
    return value if isinstance(value, str) else f"{column} {value:g}"


def _table(rows: list[Row], source: str) -> pd.DataFrame:
    table = pd.DataFrame(
        [
            (name, _text(value), error, tolerance(value, error, kind, of), kind, source)
            for name, value, error, kind, of in rows
            if isinstance(value, str) or np.isfinite(value)
        ],
        columns=COLUMNS,
    )
    twice = table.loc[table["quantity"].duplicated(), "quantity"]
    if len(twice):
        raise ValueError(f"{source}: two rows are `{twice.iloc[0]}`")
    return table


def _text(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.10g}" if abs(value) > NOTHING else "0"
