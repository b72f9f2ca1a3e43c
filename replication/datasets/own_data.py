"""A user's own data, read from a .npz file and brought into the form that a network sees."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.errors import ReplicationError
from replication.seeds import generator

SCALINGS = ("feature", "global", "none")


class OwnData(NamedTuple):
    """Inputs (N, d) and targets (N, C), float64, not yet scaled; classes: their number, 0 for regression."""

    inputs: np.ndarray
    targets: np.ndarray
    classes: int


def read(path: Path) -> OwnData:
    """Arrays `inputs` (N, ...) and `targets` (N,) or (N, C) of the file; integer targets (N,) are class labels.

    ReplicationError for what is not such a file, shapes that do not match, values that are not finite numbers, and
    targets that are all the same.
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
        _finite(path, name, array)
    inputs = inputs.reshape(len(inputs), -1).astype(np.float64)
    if targets.dtype.kind in "iub" and targets.ndim == 1:
        labels, which = np.unique(targets, return_inverse=True)
        targets, classes = np.eye(len(labels))[which], len(labels)
    else:
        targets, classes = targets.reshape(len(targets), -1).astype(np.float64), 0
    constant = np.flatnonzero(np.ptp(targets, axis=0) == 0)
    if len(constant):
        raise ReplicationError(
            f"{path}: {_columns('targets', constant)} constant", "there is nothing to learn; drop them"
        )
    return OwnData(inputs, targets, classes)


class Split(NamedTuple):
    """A pool of training points and a test set, scaled: x (n, d), y (n, C), test_x (N_T, d), test_y (N_T, C)."""

    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def split(data: OwnData, test_points: int, seed: int, scaling: str, path: Path) -> Split:
    """The first `test_points` of a seeded permutation, and the rest, scaled by mean and standard deviation of the rest.

    Inputs by each feature's own (`feature`), by one of all (`global`), or not at all (`none`). Regression targets are
    standardised one by one, class labels are one-hot minus 1 / classes.
    """
    order = generator(seed, "own data").permutation(len(data.inputs))
    test, training = order[:test_points], order[test_points:]
    x, y = data.inputs[training], data.targets[training]
    with np.errstate(over="ignore", invalid="ignore"):
        x_mean, x_std, y_mean, y_std = x.mean(axis=0), x.std(axis=0), y.mean(axis=0), y.std(axis=0)
        overall_mean, overall_std = x.mean(), x.std()
    if scaling == "feature":
        constant = np.flatnonzero(np.ptp(x, axis=0) == 0)
        if len(constant):
            raise ReplicationError(
                f"{path}: {_columns('inputs', constant)} constant over the training pool and cannot be standardised",
                "drop them, or use --scaling global",
            )
        centre, width = x_mean, x_std
    else:
        centre, width = (overall_mean, overall_std) if scaling == "global" else (0.0, 1.0)
        if width == 0:
            raise ReplicationError(f"{path}: the inputs of the training pool are all the same", "give other points")
    middle, spread = (1 / data.classes, 1.0) if data.classes else (y_mean, y_std)
    if np.any(spread == 0):
        raise ReplicationError(f"{path}: a target is constant over the training pool", "give more points")
    if not (np.all(np.isfinite(width)) and np.all(np.isfinite(spread))):
        raise ReplicationError(
            f"{path}: values too large for their variance to be a number", "store them in other units"
        )
    x, test_x = ((data.inputs[rows] - centre) / width for rows in (training, test))
    y, test_y = ((data.targets[rows] - middle) / spread for rows in (training, test))
    return Split(x, y, test_x, test_y)


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


def _finite(path, name, array):
    bad = ~np.isfinite(array)
    if bad.any():
        row, *column = (int(index[0]) for index in np.nonzero(bad))
        where = f"row {row}" + (f", column {', '.join(map(str, column))}" if column else "")
        raise ReplicationError(
            f"{path}: {int(bad.sum())} of the {name} are NaN or infinite, the first in {where}",
            "drop or fill those rows",
        )


def _columns(name: str, which: np.ndarray) -> str:
    shown = ", ".join(map(str, which[:5])) + (", ..." if len(which) > 5 else "")
    return (
        f"column {shown} of the {name} is" if len(which) == 1 else f"{len(which)} columns of the {name} ({shown}) are"
    )
