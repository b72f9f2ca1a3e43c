"""A user's own data, read from a .npz file and cut into training points and test points."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.datasets.arrays import Split
from replication.errors import ReplicationError
from replication.seeds import generator

STREAM = "own data"  # of the random numbers that choose test points and training sets


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Errors within say which file they are about."""
    try:
        yield
    except ReplicationError as error:
        raise ReplicationError(f"{path}: {error.problem}", error.remedy) from None


class OwnData(NamedTuple):
    """Inputs (N, ...) and targets (N,) or (N, C), as they stand in the file."""

    inputs: np.ndarray
    targets: np.ndarray


def read(path: Path) -> OwnData:
    """Arrays `inputs` (N, ...) and `targets` (N,) or (N, C) of the file.

    ReplicationError for what is not such a file, shapes that do not match, and values that are not finite numbers.
    """
    arrays = _arrays(path)
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ReplicationError(f"{path}: {name} hold {array.dtype}, not numbers", "store them as float64")
    inputs, targets = arrays["inputs"], arrays["targets"]
    if (
        inputs.ndim < 2
        or targets.ndim not in (1, 2)
        or len(inputs) != len(targets)
        or 0 in (*inputs.shape, targets.size)
    ):
        raise ReplicationError(
            f"{path}: inputs of shape {inputs.shape} and targets of shape {targets.shape}",
            "store inputs (N, d) and targets (N,) or (N, C), one row for each point",
        )
    for name, array in arrays.items():
        _check_rows(path, name, array)
    return OwnData(inputs, targets)


def split(data: OwnData, test_points: int, seed: int) -> Split:
    """The first `test_points` of a seeded permutation as test points, the rest as training points, all unscaled."""
    order = generator(seed, STREAM).permutation(len(data.inputs))
    test, training = order[:test_points], order[test_points:]
    return Split(data.inputs[training], data.targets[training], data.inputs[test], data.targets[test])


def split_sizes(points: int, test_points: int, asked: str) -> tuple[int, list[int]]:
    """Number of test points, a fifth and at most 1000 where 0 is asked for, and the training sizes, in rising order.

    `asked` is such as "64,128"; where it is empty sizes double up to half of what is no test point, as draws of more
    hardly differ. ReplicationError for what leaves too few points, and for sizes that are no numbers or too large.
    """
    test_points = test_points or min(points // 5, 1000)
    pool = points - test_points
    if test_points < 2 or pool < 4:
        raise ReplicationError(f"{points} points leave {pool} beside {test_points} test points", "give more points")
    if not asked:
        powers = [2**i for i in range(1, 13) if 2**i <= pool / 2]
        return test_points, [size for size in powers if size >= 16] or powers[-1:]
    try:
        sizes = sorted({int(size) for size in asked.split(",")})
    except ValueError:
        raise ReplicationError(f"--training-sizes {asked!r} are no numbers", "write them as 64,128,256") from None
    if sizes[0] < 1:
        raise ReplicationError(f"--training-sizes {asked!r} hold {sizes[0]}", "give sizes of at least 1")
    if sizes[-1] > pool:
        problem = f"a training set of {sizes[-1]} out of {points} points, of which {test_points} are test points"
        raise ReplicationError(problem, f"ask for at most {pool}, or lower --test-points")
    return test_points, sizes


def _arrays(path: Path) -> dict[str, np.ndarray]:
    remedy = "store it with numpy.savez(path, inputs=..., targets=...)"
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile) or not {"inputs", "targets"} <= set(file.files):
                found = f" but {', '.join(file.files) or 'nothing'}" if hasattr(file, "files") else ""
                raise ReplicationError(f"{path} does not hold inputs and targets{found}", remedy)
            return {name: file[name] for name in ("inputs", "targets")}
    except FileNotFoundError:
        raise ReplicationError(f"no file {path}", "give the path of a .npz file with inputs and targets") from None
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        reason = " ".join(str(error).split())
        raise ReplicationError(f"{path} is not a .npz file of plain arrays ({reason})", remedy) from None


def _check_rows(path: Path, name: str, array: np.ndarray) -> None:
    bad = ~np.isfinite(array)
    if bad.any():
        row, *column = (int(index[0]) for index in np.nonzero(bad))
        where = f"row {row}" + (f", column {', '.join(map(str, column))}" if column else "")
        raise ReplicationError(
            f"{path}: {int(bad.sum())} of the {name} are NaN or infinite, the first in {where}",
            "drop or fill those rows",
        )
