"""Reading and writing the pipeline's files: whole or not at all, byte for byte the same for the same content."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from replication.atomic import write
from replication.errors import ReplicationError

RERUN = "run the pipeline of its profile, `make repro PROFILE=...`, which writes it"


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV with 12 significant digits: more than any estimate carries, fewer than rounding disturbs."""
    write(path, table.to_csv(index=False, float_format="%.12g", lineterminator="\n"))


def write_tables(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write every table as <name>.csv into the folder."""
    for name, table in tables.items():
        write_table(folder / f"{name}.csv", table)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that an earlier stage wrote."""
    try:
        return pd.read_csv(path)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise ReplicationError(f"cannot read {path} ({type(error).__name__})", RERUN) from None


def read(path: Path) -> bytes:
    """Read a file that an earlier stage wrote."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReplicationError(f"cannot read {path} ({type(error).__name__})", RERUN) from None


def read_tables(folder: Path, names: Iterable[str]) -> pd.DataFrame:
    """Read <name>.csv of every name in a folder, one below the other."""
    return pd.concat([read_table(folder / f"{name}.csv") for name in names], ignore_index=True)
