"""What `python -m replication predict` writes: tables first, then figures; and the same for programs, as JSON."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from replication import atomic
from replication.cli.own_table import DataSet

TABLE: dict[str, Any] = {"index": False, "float_format": "%.12g", "lineterminator": "\n"}


def write(
    folder: Path, name: str, exact: pd.DataFrame, curves: pd.DataFrame, finite: pd.DataFrame | None, confidence: float,
    with_figure: bool,
) -> list[Path]:  # fmt: skip
    """Write the curves, the draws that they average, corrections for finite width if any, and the figures.

    Returns the paths. Tables are written before a figure is tried.
    """
    tables = {"learning_curve": curves, "draws": exact} | ({} if finite is None else {"finite_width": finite})
    paths = []
    for stem, table in tables.items():
        paths.append(folder / f"{name}_{stem}.csv")
        atomic.write(paths[-1], table.to_csv(**TABLE))
    for file, content in _figures(exact, finite if with_figure else None, confidence):
        paths.append(folder / f"{name}_{file}")
        atomic.write(paths[-1], content)
    return paths


def as_json(data: DataSet, curves: pd.DataFrame, finite: pd.DataFrame | None, files: list[Path]) -> str:
    """One object: data in words, notes, the rows of the tables (null for what is not known), and the files."""
    tables = {"learning_curve": curves} | ({} if finite is None else {"finite_width": finite})
    rows = {name: json.loads(table.to_json(orient="records", double_precision=15)) for name, table in tables.items()}
    about = {"name": data.name, "data": data.words, "notes": data.notes}
    return json.dumps(about | rows | {"files": [str(file) for file in files]}, indent=1)


def _figures(exact: pd.DataFrame, finite: pd.DataFrame | None, confidence: float) -> list[tuple[str, bytes]]:
    from replication.api.figures import plot
    from replication.figures.saving import pdf_bytes, png_bytes
    from replication.figures.width_expansion import width_expansion

    # the name is text, in which a dollar sign begins no formula
    shown = exact.assign(task=exact["task"].str.replace("$", r"\$"))
    figures = {"learning_curve": plot(shown, confidence=confidence)}
    if finite is not None:
        figures["finite_width"] = width_expansion(finite)
    return [
        (f"{stem}.{kind}", to_bytes(figure, "replication predict"))
        for stem, figure in figures.items()
        for kind, to_bytes in (("png", png_bytes), ("pdf", pdf_bytes))
    ]
