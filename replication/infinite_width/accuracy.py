"""Test accuracy of exact Bayesian inference in the protocol of Lee et al. 2018 (arXiv 1711.00165)."""

import numpy as np
from scipy.linalg import solve_triangular

from replication.infinite_width import closed_form
from replication.infinite_width.factorisation import factorise
from replication.settings.network import MLP

TEST_POINTS = 1000  # whose kernels with the training set are held at a time


def nngp_accuracy(
    spec: MLP,
    images: np.ndarray,
    labels: np.ndarray,
    test_images: np.ndarray,
    test_labels: np.ndarray,
    singular_diag_reg: float,
) -> float:
    """Share of test images whose label is the largest mean output of the posterior of the NNGP, ten classes.

    Every image (rows of `images`, any shape) is brought to zero mean and unit variance, which makes Lee et al.'s
    subtraction of the mean pixel before it immaterial; labels are one-hot minus 0.1.
    """
    x, targets = standardise_each(images), np.eye(10)[labels] - 0.1
    factor = factorise(closed_form.nngp(spec, x), (len(x),), 0.0, singular_diag_reg).lower
    half = solve_triangular(factor, targets, lower=True, check_finite=False)
    weights = solve_triangular(factor, half, lower=True, trans=1, check_finite=False)
    right = 0
    for start in range(0, len(test_images), TEST_POINTS):
        chunk = slice(start, start + TEST_POINTS)
        outputs = closed_form.nngp(spec, standardise_each(test_images[chunk]), x) @ weights
        right += int(np.sum(outputs.argmax(axis=1) == test_labels[chunk]))
    return right / len(test_images)


def standardise_each(images: np.ndarray) -> np.ndarray:
    """Every image as a row of zero mean and unit variance, float64."""
    flat = images.reshape(len(images), -1).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / flat.std(axis=1, keepdims=True)


def balanced(labels: np.ndarray, size: int) -> np.ndarray:
    """Indices of the first size / 10 points of each of the ten classes."""
    return np.concatenate([np.flatnonzero(labels == label)[: size // 10] for label in range(10)])
