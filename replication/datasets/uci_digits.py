"""UCI handwritten digits, as embedded in scikit-learn: 1797 images of 8x8 pixels, values 0 ... 16, ten classes."""

import numpy as np

from replication.datasets.dataset import Dataset, Files
from replication.seeds import generator


def load(pool_size: int, test_size: int, seed: int, _files: Files | None = None) -> Dataset:
    """Inputs (n, 8, 8) uint8 and labels (n,) uint8.

    One seeded permutation of the 1797 images: the pool is its beginning, the test set its end, so enlarging the one
    leaves the other as it is.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images.astype(np.uint8), digits.target.astype(np.uint8)
    order = generator(seed, "uci_digits").permutation(len(images))
    pool, test = order[:pool_size], order[::-1][:test_size]
    return Dataset(images[pool], labels[pool], images[test], labels[test], classes=10)
