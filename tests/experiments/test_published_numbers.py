"""Numbers that others published, recomputed on the real data, and the protocol of recomputing them."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication.claims.published_numbers import with_verdicts
from replication.datasets.dataset import Dataset
from replication.datasets.registry import read_registry
from replication.datasets.sources import load
from replication.experiments.published_numbers import COLUMNS, published_numbers
from replication.infinite_width import predictions
from replication.infinite_width.accuracy import balanced, nngp_accuracy, standardise_each
from replication.infinite_width.learning_curve import compute_kernels
from replication.scaling_laws.equivalence import DOES_NOT_HOLD, HOLDS
from replication.settings.infinite_width import PublishedNumbers
from replication.settings.network import MLP
from replication.settings.sections import Window
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


WINDOW = Window(smallest=64, largest=512)


def curves(exponent):
    """Squared bias of converged gradient descent with that exponent in the window, and other rows that do not count."""
    sizes = np.array([8, 64, 128, 512, 2048])
    bias = np.where((sizes < WINDOW.smallest) | (sizes > WINDOW.largest), 99, sizes.astype(float) ** -exponent)
    return pd.DataFrame(
        {"task": task, "method": method, "training_time": time, "draw": draw, "training_size": size}
        | {"squared_bias": factor * value * (1 + 0.001 * draw)}
        for task, method, time, factor in (
            ("digits", "gradient_descent", np.inf, 1),
            ("digits", "gradient_descent", 9, 7),
            ("digits", "bayes", np.inf, 3),
            ("images", "gradient_descent", np.inf, 5 / exponent),
        )
        for draw in range(3)
        for size, value in zip(sizes, bias ** (1 if task == "digits" else 2), strict=True)
    )


def recomputed(datasets, exponent=0.4, sizes=(), whole=None):
    asked = PublishedNumbers(training_sizes=sizes)
    return published_numbers(PUBLISHED.reset_index(), datasets, whole, curves(exponent), asked, WINDOW)


@pytest.mark.parametrize(("exponent", "verdict"), [(0.4, HOLDS), (0.9, DOES_NOT_HOLD)])
def test_a_published_exponent_is_compared_within_the_fit_window(exponent, verdict):
    """Of converged gradient descent; no accuracy is asked for, so no images are needed."""
    (row,) = with_verdicts(recomputed({"digits": "mnist"}, exponent), significance=0.05).itertuples()
    assert (row.task, row.data, row.quantity) == ("digits", "mnist", "exponent of the squared bias")
    assert row.recomputed == pytest.approx(exponent, rel=1e-9)
    assert (row.published, row.tolerance, row.verdict) == (0.4, 0.15, verdict)
    assert "Spigler" in row.published_by


def test_a_task_of_which_nothing_is_published_has_an_empty_table():
    table = with_verdicts(recomputed({"digits": "uci_digits", "calorimeter": "showers"}), significance=0.05)
    assert table.empty
    assert list(table) == [*COLUMNS, "verdict"]


def test_accuracies_are_recomputed_where_they_are_asked_for(rng, monkeypatch):
    """With the row's network, on the data set of the row, whose points are asked for once."""
    asked, loaded = [], []

    def accuracy(network, x, y, test_x, test_y, singular_diag_reg):
        asked.append((network.depth, network.weight_variance, network.bias_variance, len(x)))
        return 0.75

    def whole(task):
        loaded.append(task)
        labels = np.repeat(np.arange(10), 1000).astype(np.uint8)
        images = rng.integers(0, 255, (len(labels), 2, 2)).astype(np.uint8)
        return Dataset(images, labels, images[:300], labels[:300], classes=10)

    monkeypatch.setattr("replication.experiments.published_numbers.nngp_accuracy", accuracy)
    table = recomputed({"digits": "mnist", "images": "cifar10"}, sizes=(1000, 10000), whole=whole)
    assert loaded == ["digits", "images"]
    assert asked == [(20, 1.45, 0.28, 1000), (7, 0.61, 0.07, 10000), (7, 1.28, 0.0, 1000), (5, 2.97, 0.28, 10000)]
    accuracies = table[table["quantity"] == "NNGP test accuracy"]
    assert accuracies["task"].tolist() == ["digits", "digits", "images", "images"]
    assert (accuracies["recomputed"] == 0.75).all()
    np.testing.assert_allclose(accuracies["standard_error"], np.sqrt(0.75 * 0.25 / 300))
    assert len(table) == 6
