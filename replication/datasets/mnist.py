"""MNIST: 70,000 handwritten digits, 28x28 pixels, in their official IDX files."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from replication.datasets.dataset import Dataset, Files
from replication.errors import ReplicationError
from replication.seeds import generator

UNSIGNED_BYTE = 8  # third byte of the IDX magic number; the fourth counts the dimensions


def load(pool_size: int, test_size: int, seed: int, files: Files) -> Dataset:
    """Inputs (n, 28, 28) uint8 and labels (n,) uint8.

    The pool is the beginning of a seeded permutation of the 60,000 training images, the test set that of the 10,000
    official test images.
    """
    images, labels, test_images, test_labels = map(read_idx, files(), (3, 1, 3, 1))
    pool = generator(seed, "mnist", "pool").permutation(len(images))[:pool_size]
    test = generator(seed, "mnist", "test").permutation(len(test_images))[:test_size]
    return Dataset(images[pool], labels[pool], test_images[test], test_labels[test], classes=10)


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Array of unsigned bytes of a gzipped IDX file; ReplicationError if it is not one of `dimensions` dimensions.

    Format: two zero bytes, type, number of dimensions; each dimension as a big-endian 32-bit integer; the values.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise ReplicationError(f"{path} cannot be unpacked ({error})", "delete it and run again") from None
    header = 4 + 4 * dimensions
    shape = tuple(np.frombuffer(content[4:header], ">u4").tolist()) if len(content) >= header else ()
    if content[:4] != bytes((0, 0, UNSIGNED_BYTE, dimensions)) or len(content) != header + int(np.prod(shape)):
        raise ReplicationError(
            f"{path} is not an IDX file of unsigned bytes in {dimensions} dimensions", "delete it and run again"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
