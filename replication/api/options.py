"""What the functions for programs share: draws of the training set, tables that come back, progress."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd
from tqdm import tqdm

from replication.errors import ReplicationError
from replication.schema import KEYS
from replication.validation.numbers import check_count

CONFIDENCE = 0.68  # of intervals, as error bars are usually read
MOMENTS, MEMBERS = {"mean", "mean_lower", "mean_upper"}, {"member", "test_loss", "training_loss"}


def check_draws(draws: int | None, seed: int) -> tuple[int | None, int]:
    """The number of draws of the training set, if any, and the seed, as integers."""
    return None if draws is None else check_count("draws", draws), check_count("seed", seed, smallest=0)


def check_table(table: object) -> pd.DataFrame:
    """The table; ReplicationError unless `learning_curve` or `train_ensemble` could have made it."""
    remedy = "give what learning_curve or train_ensemble returned"
    if not isinstance(table, pd.DataFrame):
        raise ReplicationError(f"a table of type {type(table).__name__}", remedy)
    if missing := [name for name in KEYS if name not in table]:
        raise ReplicationError(f"a table without the columns {', '.join(missing)}", remedy)
    if not (set(table) >= MOMENTS or set(table) >= MEMBERS):
        raise ReplicationError("a table with neither moments nor members", remedy)
    if table.empty:
        raise ReplicationError("a table without rows", remedy)
    keys = [*KEYS, *(["member"] if "member" in table else [])]
    if table.duplicated(keys).any():
        raise ReplicationError("a table that has a row twice", "give every table once, or name tasks apart with task=")
    return table


@contextmanager
def progress_bar(what: str, total: int, shown: bool) -> Iterator[Callable[[int], object]]:
    """A bar that moves by the number it is called with, or nothing."""
    with tqdm(total=total, desc=what, disable=None if shown else True) as bar:
        yield bar.update
