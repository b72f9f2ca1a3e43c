"""Nested training sets out of a pool."""

from collections.abc import Iterator

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.errors import ReplicationError
from replication.seeds import generator


def training_order(pool_size: int, largest: int, seed: int, task: str, draw: int) -> np.ndarray:
    """Indices (largest,) into the pool: the first n of them are the training set of size n, for every n <= largest.

    Each draw has its own seeded permutation of the pool, so the sets of one draw are nested. Those of different draws
    share a fraction n / pool_size of their points, which makes their scatter smaller than that of independent
    sets by about sqrt(1 - n / pool_size). ReplicationError if `largest` exceeds the pool.
    """
    if not 0 < largest <= pool_size:
        raise ReplicationError(
            f"a training set of {largest} points out of a pool of {pool_size}",
            "choose training sizes from 1 to pool_size",
        )
    return generator(seed, "training set", task, draw).permutation(pool_size)[:largest]


def training_draws(
    dataset: Dataset, task: str, largest: int, draws: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Preprocessed inputs x (largest, d) and targets y (largest, C), float64, of the draws 0 ... draws - 1."""
    preprocessing = Preprocessing.of(dataset)
    for draw in range(draws):
        order = training_order(len(dataset.inputs), largest, seed, task, draw)
        yield preprocessing.training(dataset, order)
