"""Test accuracy of exact Bayesian inference in the protocol of Lee et al. 2018 (arXiv 1711.00165)."""

import numpy as np
from scipy.linalg import solve_triangular

from replication.errors import ReplicationError
from replication.infinite_width import closed_form
from replication.infinite_width.factorisation import factorise
from replication.settings.network import MLP
from replication.validation.arrays import check_finite, check_labels, check_shapes
from replication.validation.numbers import check_count

TEST_POINTS = 1000  # whose kernels with the training set are held at a time
CLASSES = 10


def nngp_accuracy(
    network: MLP,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    singular_diag_reg: float,
) -> float:
    """Share of test images whose label is the largest mean output of the posterior of the NNGP, ten classes.

    Every image (rows of `images`, any shape) is brought to zero mean and unit variance, which makes Lee et al.'s
    subtraction of the mean pixel before it immaterial; labels (N,) from 0 to 9 are one-hot minus 0.1. ReplicationError
    for numbers and shapes that do not match, other labels, images of one grey level and singular kernels.
    """
    for name, some, their_labels in (("images", images, labels), ("test_images", test_images, test_labels)):
        check_labels(f"the labels of {name}", their_labels, CLASSES)
        check_shapes(**{name: (np.empty(len(some)), "N"), f"labels_of_{name}": (their_labels, "N")})
    x, targets = standardise_each(images), np.eye(CLASSES)[labels] - 1 / CLASSES
    factor = factorise(closed_form.nngp(network, x), (len(x),), 0.0, singular_diag_reg).lower
    half = solve_triangular(factor, targets, lower=True, check_finite=False)
    weights = solve_triangular(factor, half, lower=True, trans=1, check_finite=False)
    right = 0
    for start in range(0, len(test_images), TEST_POINTS):
        chunk = slice(start, start + TEST_POINTS)
        outputs = closed_form.nngp(network, standardise_each(test_images[chunk]), x) @ weights
        right += int(np.sum(outputs.argmax(axis=1) == test_labels[chunk]))
    return right / len(test_images)


def standardise_each(images: np.ndarray) -> np.ndarray:
    """Every image as a row of zero mean and unit variance, float64; ReplicationError for one of a single grey level."""
    if np.ndim(images) < 2 or 0 in np.shape(images):
        raise ReplicationError(f"images of shape {np.shape(images)}", "give them the shape (N, ...)")
    check_finite(images=images)
    flat = images.reshape(len(images), -1).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    spread = flat.std(axis=1, keepdims=True)
    if not np.all(spread > 0):
        raise ReplicationError(f"image {int(np.argmin(spread > 0))} has a single grey level", "leave it out")
    return flat / spread


def balanced(labels: np.ndarray, size: int) -> np.ndarray:
    """Indices (size,) of the first size / 10 points of each of the ten classes, class by class.

    ReplicationError unless `size` is a multiple of ten and every class has so many points.
    """
    check_labels("labels", labels, CLASSES)
    each, left = divmod(check_count("size", size), CLASSES)
    if left:
        raise ReplicationError(f"{size} points of {CLASSES} classes", f"ask for a multiple of {CLASSES}")
    fewest = int(np.bincount(labels, minlength=CLASSES).min())
    if fewest < each:
        raise ReplicationError(
            f"{each} points of every class, of which one has {fewest}", f"ask for at most {CLASSES * fewest}"
        )
    return np.concatenate([np.flatnonzero(labels == label)[:each] for label in range(CLASSES)])
