"""Which of two photographs? 32x32 RGB patches of scikit-learn's sample images china.jpg and flower.jpg.

An embedded stand-in with the input shape of CIFAR-10, always named by its own name. Patches lie on a grid of 8 pixels
and overlap. Test patches come from two upright strips of each photograph, through its left and its right half, and
training patches from the three strips beside them: no test pixel is in any training patch, and both see sky and ground,
flower and leaves.
"""

import numpy as np

from replication.datasets.dataset import Dataset, Files
from replication.seeds import generator

PATCH, STEP = 32, 8
TRAINING_STRIPS = ((0, 128), (200, 448), (520, 640))  # first column, one past the last
TEST_STRIPS = ((128, 200), (448, 520))

Strips = tuple[tuple[int, int], ...]


def load(pool_size: int, test_size: int, seed: int, _files: Files | None = None) -> Dataset:
    """Inputs (n, 32, 32, 3) uint8; label 0 for china.jpg, 1 for flower.jpg, (n,) uint8, alternating."""
    from sklearn.datasets import load_sample_images

    photographs = load_sample_images().images
    inputs, targets = _patches(photographs, TRAINING_STRIPS, pool_size, seed, "pool")
    test_inputs, test_targets = _patches(photographs, TEST_STRIPS, test_size, seed, "test")
    return Dataset(inputs, targets, test_inputs, test_targets, classes=2)


def positions(height: int, strips: Strips) -> np.ndarray:
    """Top left corners (n, 2) of all patches of the grid that lie within rows 0 ... height and within one strip."""
    rows = np.arange(0, height - PATCH + 1, STEP)
    columns = np.concatenate([np.arange(first, end - PATCH + 1, STEP) for first, end in strips])
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


def _patches(
    photographs: list[np.ndarray], strips: Strips, size: int, seed: int, part: str
) -> tuple[np.ndarray, np.ndarray]:
    """The first `size` patches, the photographs taking turns, each in its own seeded order of positions."""
    inputs = np.empty((size, PATCH, PATCH, 3), np.uint8)
    for label, photograph in enumerate(photographs):
        corners = positions(len(photograph), strips)
        order = generator(seed, "photo_patches", part, label).permutation(len(corners))
        for index, (row, column) in zip(range(label, size, 2), corners[order], strict=False):
            inputs[index] = photograph[row : row + PATCH, column : column + PATCH]
    return inputs, np.arange(size, dtype=np.uint8) % 2
