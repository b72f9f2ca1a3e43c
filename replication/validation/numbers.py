"""Checks of numbers: training sizes, counts and shares."""

import math
from collections.abc import Sequence
from typing import SupportsFloat, SupportsIndex

import numpy as np

from replication.errors import ReplicationError


def check_sizes(
    sizes: Sequence[int] | np.ndarray | int, largest: int, name: str = "training_sizes", of: str = "training points"
) -> tuple[int, ...]:
    """The sizes as integers, in the order given.

    ReplicationError unless they are one or more different whole numbers from 1 to `largest`, the number of what there
    is to choose from.

    >>> check_sizes([128, 32], 200)
    (128, 32)
    >>> check_sizes([128, 32], 100)
    Traceback (most recent call last):
    replication.errors.ReplicationError: training_sizes ask for 128 of 100 training points: give sizes from 1 to 100
    """
    try:
        given = np.atleast_1d(np.asarray(sizes))
    except ValueError:
        raise ReplicationError(f"{name} of several lengths", "give a plain list, as in [64, 128]") from None
    if given.ndim != 1 or len(given) == 0:
        raise ReplicationError(f"{name} of shape {given.shape}", "give one or more, as in [64, 128]")
    if given.dtype.kind not in "iuf" or not np.all(given == np.floor(given)) or not np.all(np.isfinite(given)):
        raise ReplicationError(f"{name} {_listed(given)} are not whole numbers", "give integers, as in [64, 128]")
    whole = tuple(int(size) for size in given)
    if min(whole) < 1:
        raise ReplicationError(f"{name} hold {min(whole)}", f"give sizes from 1 to {largest}")
    if max(whole) > largest:
        problem = f"{name} ask for {max(whole)} of {largest} {of}"
        raise ReplicationError(problem, f"give sizes from 1 to {largest}")
    if len(set(whole)) < len(whole):
        twice = next(size for size in whole if whole.count(size) > 1)
        raise ReplicationError(f"{name} hold {twice} more than once", "give every size once")
    return whole


def check_count(name: str, value: SupportsIndex, smallest: int = 1, largest: int | None = None) -> int:
    """The value as an integer; ReplicationError unless it is a whole number of at least `smallest`, up to `largest`."""
    wanted = f"give a whole number of at least {smallest}"
    if largest is not None:
        wanted = f"give a whole number from {smallest} to {largest}"
    number = value if isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_) else None
    if number is None or number < smallest or (largest is not None and number > largest):
        raise ReplicationError(f"{name} = {_shown(value)}", wanted)
    return int(number)


def check_positive(name: str, value: SupportsFloat) -> float:
    """The value as a float; ReplicationError unless it is a finite number above 0."""
    number = _number(value)
    if not 0 < number < math.inf:
        raise ReplicationError(f"{name} = {_shown(value)}", "give a finite number above 0")
    return number


def check_not_negative(name: str, value: SupportsFloat) -> float:
    """The value as a float; ReplicationError unless it is a finite number of at least 0."""
    number = _number(value)
    if not 0 <= number < math.inf:
        raise ReplicationError(f"{name} = {_shown(value)}", "give a finite number of at least 0")
    return number


def check_share(name: str, value: SupportsFloat, below: float = 1.0) -> float:
    """The value as a float; ReplicationError unless it lies between 0 and `below`, neither of them included."""
    number = _number(value)
    if not 0 < number < below:
        raise ReplicationError(f"{name} = {_shown(value)}", f"give a number between 0 and {below:g}")
    return number


def _number(value: object) -> float:
    """NaN for what is no real number, which every check refuses."""
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        return float(value)
    return math.nan


def _shown(value: object) -> str:
    return " ".join(repr(value.item() if isinstance(value, np.generic) else value).split())[:60]


def _listed(values: np.ndarray) -> str:
    return " ".join(str(values.tolist()).split())[:60]
