"""What float64 cannot hold is one line, not a warning and a number that is wrong."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from replication.errors import ReplicationError
from replication.validation.arrays import NotFinite


@contextmanager
def within_float64() -> Iterator[None]:
    """Around a computation on finite arrays: overflow, and what comes of it, as a ReplicationError.

    Threads that the computation starts do not raise, but warn; what they make is found by its not being finite.
    """
    remedy = "standardise the data, or lower depth or weight variance"
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    except FloatingPointError as error:
        raise ReplicationError(f"overflow, beyond the range of float64 ({error})", remedy) from None
    except NotFinite as error:
        raise ReplicationError(f"overflow, beyond the range of float64 ({error.problem})", remedy) from None
