"""Files of a user's own data, in any usual format, as inputs and targets; what cannot be read is one line."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.errors import ReplicationError
from replication.own_data.columns import choose
from replication.own_data.formats import READERS, name_and_ending, read_npy

FORMATS = ".npz, .npy, .csv, .tsv, .parquet, .feather or .h5"


class OwnData(NamedTuple):
    """Inputs (N, ...) and targets (N,) or (N, C) as they stand in the file, targets numbers or texts.

    names: of the inputs' columns, if they have any.
    """

    inputs: np.ndarray
    targets: np.ndarray
    names: tuple[str, ...] = ()


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Errors within say which file they are about."""
    try:
        yield
    except ReplicationError as error:
        raise ReplicationError(f"{path}: {error.problem}", error.remedy) from None


def read(path: Path, target: str = "", inputs: Sequence[str] = ()) -> OwnData:
    """Inputs and targets of a file, whose ending says how it is read.

    Of arrays (.npz, .h5) those called `inputs` (N, ...) and `targets`; of a table (.csv, .tsv, .parquet, .feather, a
    structured array, columns in .h5) the column `target`, and as inputs every other column, or those that match one of
    the shell patterns `inputs`. For a plain .npy file, `target` is the path of the file of the targets. Compressed
    texts (.csv.gz) are read as well. ReplicationError, naming the file, for everything that is no such file: damaged
    ones, columns of texts or dates as inputs, missing values, shapes that do not match.
    """
    if not path.exists():
        raise ReplicationError(f"no file {path}", f"give the path of a file in one of the formats {FORMATS}")
    _, ending = name_and_ending(path)
    if ending not in READERS:
        raise ReplicationError(f"{path} is of no format that is read", f"store it as {FORMATS}")
    with named(path):
        found = READERS[ending](path)
        if isinstance(found, np.ndarray):
            found = _with_targets(found, target)
        if isinstance(found, pd.DataFrame):
            data = OwnData(*choose(found, target, inputs))
        else:
            _check_options(target if ending != ".npy" else "", inputs)
            data = OwnData(found["inputs"], found["targets"])
        _check(data)
    return data


def _with_targets(inputs: np.ndarray, target: str) -> dict[str, np.ndarray]:
    if not target:
        raise ReplicationError("one array, without targets", "name the file of the targets, as in --target y.npy")
    if not Path(target).exists():
        raise ReplicationError(f"no file {target} with the targets", "give its path")
    with named(Path(target)):
        targets = read_npy(Path(target))
    if not isinstance(targets, np.ndarray):
        raise ReplicationError(f"{target} holds a table, not targets", "store them as a plain array")
    return {"inputs": inputs, "targets": targets}


def _check_options(target: str, inputs: Sequence[str]) -> None:
    if target or inputs:
        raise ReplicationError(
            "this file holds arrays, which have no named columns", "leave out --target and --inputs, or store a table"
        )


def _check(data: OwnData) -> None:
    inputs, targets, _ = data
    for name, array, kinds in (("inputs", inputs, "fiub"), ("targets", targets, "fiubUS")):
        if array.dtype.kind not in kinds:
            raise ReplicationError(f"{name} hold {array.dtype}, not numbers", "store them as float64")
    fitting = inputs.ndim >= 2 and targets.ndim in (1, 2) and len(inputs) == len(targets)
    if not fitting or 0 in (*inputs.shape, targets.size):
        raise ReplicationError(
            f"inputs of shape {inputs.shape} and targets of shape {targets.shape}",
            "store inputs (N, d) and targets (N,) or (N, C), one row for each point",
        )
    for name, array in (("inputs", inputs), ("targets", targets)):
        if array.dtype.kind not in "US":
            _check_rows(name, array)


def _check_rows(name: str, array: np.ndarray) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        row, *column = (int(index[0]) for index in np.nonzero(bad))
        where = f"row {row}" + (f", column {', '.join(map(str, column))}" if column else "")
        raise ReplicationError(
            f"{int(bad.sum())} of the {name} are NaN or infinite, the first in {where}", "drop or fill those rows"
        )
