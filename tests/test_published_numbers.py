"""Numbers that others published, recomputed on the real data."""

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from replication.datasets.download import fetch
from replication.datasets.mnist import read_idx
from replication.datasets.registry import read_registry
from replication.infinite_width import predictions
from replication.infinite_width.kernels import evaluate_kernels
from replication.infinite_width.predictions import Problem
from replication.settings import MLPSpec
from tests.conftest import ROOT


@pytest.fixture
def mnist(tmp_path):
    mirror = os.environ.get("REPLICATION_DATA_MIRROR")
    if not mirror:
        pytest.skip("REPLICATION_DATA_MIRROR names no folder with the real MNIST files")
    files = fetch("mnist", read_registry(ROOT / "data/registry.yaml"), tmp_path, mirror)
    return [read_idx(path, dimensions) for path, dimensions in zip(files, (3, 1, 3, 1), strict=True)]


def each_image_standardised(images, mean):
    """Lee et al.: minus the mean pixel of the training images, then every image to zero mean and unit variance."""
    flat = images.reshape(len(images), -1).astype(np.float64) - mean
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / flat.std(axis=1, keepdims=True)


@pytest.mark.real_data
def test_nngp_accuracy_of_lee_et_al(mnist):
    """MNIST, 1,000 training images in equal numbers from the last 50,000, all 10,000 test images."""
    with Path(ROOT / "reference/lee_2018.csv").open() as stream:
        published = next(csv.DictReader(stream))
    train, labels, test, test_labels = mnist
    pool, pool_labels = train[10_000:], labels[10_000:]
    size = int(published["training_size"])
    chosen = np.concatenate([np.flatnonzero(pool_labels == digit)[: size // 10] for digit in range(10)])
    x = each_image_standardised(pool[chosen], pool.mean())
    z = each_image_standardised(test, pool.mean())
    y = np.eye(10)[pool_labels[chosen]] - 0.1
    spec = MLPSpec(
        depth=int(published["depth"]),
        activation="relu",
        weight_variance=float(published["weight_variance"]),
        bias_variance=float(published["bias_variance"]),
    )
    training = evaluate_kernels(spec, "closed_form", x)
    right = 0
    for chunk in np.array_split(np.arange(len(z)), 10):
        covariance = np.zeros((len(chunk), len(chunk)))  # only the mean is asked for
        problem = Problem(training, evaluate_kernels(spec, "closed_form", x, z[chunk]), covariance, y)
        (posterior,) = predictions.bayes(problem, (size,), diag_reg=1e-10)
        right += np.sum(posterior.mean.argmax(axis=1) == test_labels[chunk])
    assert right / len(z) == pytest.approx(float(published["value"]), abs=float(published["tolerance"]))
