"""CIFAR-10: 32x32 RGB images of ten classes, in the official binary batches."""

from pathlib import Path

import numpy as np

from replication.datasets.dataset import Dataset, Files
from replication.errors import ReplicationError
from replication.seeds import generator

RECORDS = 10_000  # a batch; a record is the label byte and three colour planes of 32x32 bytes, row by row
PLANES = (3, 32, 32)
RECORD_BYTES = 1 + 3 * 32 * 32


def load(pool_size: int, test_size: int, seed: int, files: Files) -> Dataset:
    """Inputs (n, 32, 32, 3) uint8 and labels (n,) uint8.

    The pool is the beginning of a seeded permutation of training batches 1 to 4, the test set that of training batch
    5: held-out training images, not the official test batch, so that the package behaves the same where only the
    training batches can be had.
    """
    batches = [read_batch(path) for path in files()]
    pool = generator(seed, "cifar10", "pool").permutation(4 * RECORDS)[:pool_size]
    test = generator(seed, "cifar10", "test").permutation(RECORDS)[:test_size]
    return Dataset(*_points(np.concatenate(batches[:4]), pool), *_points(batches[4], test), classes=10)


def read_batch(path: Path) -> np.ndarray:
    """Records (10000, 3073) uint8 of a batch; ReplicationError if the file has another size or a label over 9."""
    content = np.fromfile(path, np.uint8)
    if content.size != RECORDS * RECORD_BYTES or content[::RECORD_BYTES].max() > 9:
        raise ReplicationError(f"{path} is not a binary batch of CIFAR-10", "delete it and run again")
    return content.reshape(RECORDS, RECORD_BYTES)


def _points(records: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    chosen = records[rows]
    images = chosen[:, 1:].reshape(-1, *PLANES).transpose(0, 2, 3, 1)  # colour planes -> colour last
    return np.ascontiguousarray(images), chosen[:, 0].copy()
