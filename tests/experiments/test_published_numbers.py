"""Numbers that others published, recomputed on the real data, and the protocol of recomputing them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication.datasets.registry import read_registry
from replication.datasets.sources import load
from replication.infinite_width import predictions
from replication.infinite_width.accuracy import balanced, nngp_accuracy, standardise_each
from replication.infinite_width.learning_curve import compute_kernels
from replication.settings.network import MLP
from replication.stages.run_paths import PUBLISHED_NUMBERS, REGISTRY
from tests.conftest import ROOT

PUBLISHED = pd.read_csv(ROOT / PUBLISHED_NUMBERS).set_index("id")


@pytest.fixture
def mirror():
    folder = os.environ.get("REPLICATION_DATA_MIRROR", "")
    if not Path(folder, "mnist").is_dir() or not Path(folder, "cifar10").is_dir():
        pytest.skip("REPLICATION_DATA_MIRROR names no folder with the real MNIST and CIFAR-10 files")
    return folder


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "pool", "test"), [("mnist_1k", 60_000, 10_000), ("cifar10_1k", 40_000, 10_000)])
def test_nngp_accuracy_of_lee_et_al(mirror, tmp_path, name, pool, test):
    """1,000 training images in equal numbers, all the images held out."""
    row = PUBLISHED.loc[name]
    spec = MLP(
        depth=int(row["depth"]),
        activation="relu",
        weight_variance=row["weight_variance"],
        bias_variance=row["bias_variance"],
    )
    data = load(row["data"], pool, test, 2503, tmp_path, read_registry(ROOT / REGISTRY), mirror)
    chosen = balanced(data.targets, int(row["training_size"]))
    training, held_out = (data.inputs[chosen], data.targets[chosen]), (data.test_inputs, data.test_targets)
    assert nngp_accuracy(spec, *training, *held_out, 1e-10) == pytest.approx(row["value"], abs=row["tolerance"])


def test_the_table_of_published_numbers_is_sound():
    assert PUBLISHED.index.is_unique
    assert set(PUBLISHED["data"]) == {"mnist", "cifar10"}
    assert (PUBLISHED["tolerance"] > 0).all()
    assert PUBLISHED["source"].str.contains(r"arXiv \d{4}\.\d{5}").all()
    accuracies = PUBLISHED[PUBLISHED["quantity"] == "NNGP test accuracy"]
    for row in accuracies.itertuples():
        MLP(
            depth=int(row.depth),
            activation="relu",
            weight_variance=row.weight_variance,
            bias_variance=row.bias_variance,
        )
    assert accuracies["value"].between(0, 1).all()
    assert set(PUBLISHED["quantity"]) == {"NNGP test accuracy", "exponent of the squared bias"}


def test_training_images_are_the_first_of_each_class():
    labels = np.tile(np.arange(10)[::-1], 5)
    chosen = balanced(labels, 20)
    assert labels[chosen].tolist() == np.repeat(np.arange(10), 2).tolist()
    assert chosen[:4].tolist() == [9, 19, 8, 18]


def test_every_image_is_standardised_by_itself(rng):
    images = rng.integers(0, 256, size=(5, 4, 4, 3)).astype(np.uint8)
    rows = standardise_each(images)
    assert rows.shape == (5, 48)
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-14)
    np.testing.assert_allclose(rows.std(axis=1), 1, rtol=1e-14)
    # one grey level, or another contrast, in all of an image does not matter: so neither does the mean pixel
    np.testing.assert_allclose(standardise_each(3.0 * images[:1] + 40), rows[:1], rtol=1e-12)


@pytest.mark.parametrize("points_at_a_time", [7, 1000])
def test_accuracy_is_that_of_the_mean_of_exact_bayesian_inference(rng, monkeypatch, points_at_a_time):
    """On images of ten noisy patterns, where it is neither perfect nor chance."""
    monkeypatch.setattr("replication.infinite_width.accuracy.TEST_POINTS", points_at_a_time)
    spec = MLP(depth=2, activation="relu", weight_variance=1.6, bias_variance=0.2)
    labels, test_labels = np.tile(np.arange(10), 6), rng.integers(0, 10, 50)
    patterns = rng.normal(size=(10, 4, 5))
    images, test_images = (
        patterns[which] + 1.5 * rng.normal(size=(len(which), 4, 5)) for which in (labels, test_labels)
    )
    problem = compute_kernels(
        spec, "closed_form", standardise_each(images), np.eye(10)[labels] - 0.1, standardise_each(test_images)
    )
    (posterior,) = predictions.bayes(problem, (60,))
    expected = np.mean(posterior.mean.argmax(axis=1) == test_labels)
    assert 0.2 < expected < 0.95
    assert nngp_accuracy(spec, images, labels, test_images, test_labels, 0.0) == expected
