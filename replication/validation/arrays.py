"""Checks of arrays: their shapes against one another, and that they hold finite numbers."""

import numpy as np

from replication.errors import ReplicationError


class NotFinite(ReplicationError):
    """Numbers among an array that are NaN or infinite."""


def check_shapes(**arrays: tuple[np.ndarray, str]) -> dict[str, int]:
    """Check the shapes of arrays against one another; the length of every axis, by its name.

    Each keyword is an array and the names of its axes, as in x=(x, "N d"), y=(y, "N C"). ReplicationError unless every
    array has as many axes as names, an axis has the same length wherever its name stands, and no length is 0.

    >>> check_shapes(x=(np.ones((5, 2)), "N d"), y=(np.ones((5, 1)), "N C"))
    {'N': 5, 'd': 2, 'C': 1}
    """
    lengths: dict[str, int] = {}
    owners: dict[str, str] = {}
    for name, (array, names) in arrays.items():
        axes, shape = names.split(), np.shape(array)
        wanted = f"give it the shape ({', '.join(axes)}{',' if len(axes) == 1 else ''})"
        if len(shape) != len(axes):
            raise ReplicationError(f"{name} of shape {shape}", wanted)
        if 0 in shape:
            raise ReplicationError(f"{name} of shape {shape}, which holds nothing", wanted)
        for axis, length in zip(axes, shape, strict=True):
            if lengths.setdefault(axis, length) != length:
                problem = f"{name} of shape {shape}, but {axis} = {lengths[axis]} in {owners[axis]}"
                raise ReplicationError(problem, wanted)
            owners.setdefault(axis, name)
    return lengths


def check_finite(**arrays: np.ndarray) -> None:
    """NotFinite unless every array holds finite numbers only; it says how many do not, and where the first is.

    >>> check_finite(x=np.array([[1.0, np.nan]]))
    Traceback (most recent call last):
    replication.validation.arrays.NotFinite: 1 of x are NaN or infinite, the first at (0, 1): drop or fill them
    """
    for name, array in arrays.items():
        array = np.asarray(array)
        if array.dtype.kind not in "fiub":
            raise ReplicationError(f"{name} holds {array.dtype}, not numbers", "give it as float64")
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(array.sum()):  # one pass without a temporary array, which a large kernel would notice
                continue
        bad = ~np.isfinite(array)
        if bad.any():
            first = tuple(int(index) for index in np.argwhere(bad)[0])
            where = f"the first at {first if len(first) > 1 else first[0] if first else 'its only place'}"
            raise NotFinite(f"{int(bad.sum())} of {name} are NaN or infinite, {where}", "drop or fill them")


def check_labels(name: str, labels: np.ndarray, classes: int) -> None:
    """ReplicationError unless the labels (N,) are integers from 0 to classes - 1."""
    if np.ndim(labels) != 1 or np.size(labels) == 0 or np.asarray(labels).dtype.kind not in "iu":
        problem = f"{name} of shape {np.shape(labels)} and type {np.asarray(labels).dtype}"
        raise ReplicationError(problem, "give (N,) integers")
    if np.min(labels) < 0 or np.max(labels) >= classes:
        raise ReplicationError(
            f"{name} reach from {np.min(labels)} to {np.max(labels)}", f"give integers from 0 to {classes - 1}"
        )
