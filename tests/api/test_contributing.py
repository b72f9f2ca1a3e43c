"""What CONTRIBUTING.md says of adding a data set, an activation and an exhibit, step by step."""

import re
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import replication as rep
from replication import network as networks
from replication.api.training import training_of
from replication.datasets import catalogue, prepared, sources
from replication.datasets.catalogue import Source
from replication.datasets.dataset import Dataset
from replication.experiments.learning_curves import infinite_width_curves
from replication.figures.saving import Drawing, pdf_bytes, png_bytes
from replication.figures.style import readable_log_axis, styled
from replication.infinite_width import activations, closed_form
from replication.infinite_width.kernels import evaluate_kernels
from replication.network import forward, initial_weights
from replication.seeds import generator
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.tasks import TaskSettings
from tests.conftest import ROOT

GUIDE = (ROOT / "CONTRIBUTING.md").read_text()


def test_the_guide_names_files_tests_and_objects_that_exist():
    for path in re.findall(r"`((?:replication|tests|data|docs)/[\w/.]+)`", GUIDE) + re.findall(r"\]\(([^)]+)\)", GUIDE):
        if path.endswith("/") or "." in path:
            assert (ROOT / path).exists(), path
    for test in re.findall(r"`(test_a_new_\w+)`", GUIDE):
        assert test in globals()
    for name, path in re.findall(r"`(\w+)`(?: and `\w+`)? (?:in|of)\s+`(replication/[\w/]+\.py)`", GUIDE):
        assert re.search(rf"\b{name}\b", (ROOT / path).read_text()), (name, path)


# A data set: how far is a point from the middle of a square, in whole units?


def load_rings(pool_size, test_size, seed, _files):
    """Pool and test set from one permutation of all points of a 60 x 60 grid."""
    grid = np.stack(np.meshgrid(np.arange(60), np.arange(60)), axis=-1).reshape(-1, 2).astype(np.uint8)
    order = generator(seed, "rings").permutation(len(grid))
    targets = np.hypot(*(grid.T - 29.5)).round().astype(np.uint16)
    pool, test = order[:pool_size], order[::-1][:test_size]
    return Dataset(grid[pool], targets[pool], grid[test], targets[test], classes=0)


@pytest.fixture
def rings(monkeypatch):
    monkeypatch.setitem(catalogue.SOURCES, "rings", Source("rings", "Rings", "simulated", (2,), 0, 3000, 600))
    monkeypatch.setitem(sources.LOADERS, "rings", load_rings)
    return TaskSettings.model_construct(dataset="rings", pool_size=200, test_size=50, learning_rate_fraction=0.5)


def test_a_new_data_set(rings, tmp_path):
    """Loaded through the interface, stored, read back, and predicted at infinite width by the pipeline's function."""
    dataset = sources.load("rings", rings.pool_size, rings.test_size, 1, tmp_path, {})
    assert sources.load("rings", 300, 50, 1, tmp_path, {}).inputs[:200].tolist() == dataset.inputs.tolist()
    assert not {tuple(point) for point in dataset.inputs} & {tuple(point) for point in dataset.test_inputs}
    prepared.write(dataset, tmp_path / "rings.npz")
    stored = prepared.read(tmp_path / "rings.npz")
    assert all(np.array_equal(a, b) for a, b in zip(stored[:4], dataset[:4], strict=True))
    settings = InfiniteWidth(
        training_sizes=(8, 32, 96), draws=3, engine="closed_form", diag_reg=0.0, singular_diag_reg=1e-10
    )
    training = training_of(20, "gradient_descent", "ntk", 0.9, 32)
    statistics = Statistics(confidence=0.68, resamples=100)
    network = rep.MLP(2, "relu", 2.0, 0.5)
    table = infinite_width_curves(stored, "digits", rings, network, training, settings, (8,), statistics, seed=1)
    assert set(table["dataset"]) == {"rings"}
    means = table[np.isinf(table["training_time"])].groupby(["method", "training_size"])["mean"].mean()
    for method in ("bayes", "gradient_descent"):
        assert means[method, 96] < 0.5 * means[method, 8]  # it can be learnt


# An activation: the sine, E[sin u sin v] = exp(-(q1 + q2) / 2) sinh k


def sine_moments(k, q1, q2):
    damping = np.exp(-(q1 + q2) / 2)
    return damping * np.sinh(k), damping * np.cosh(k)


@pytest.fixture
def sine(monkeypatch):
    """A network of the new activation, registered where infinite width and NumPy look it up."""
    monkeypatch.setitem(activations.MOMENTS, "sine", sine_moments)
    monkeypatch.setitem(networks.ACTIVATIONS, "sine", np.sin)
    return rep.MLP(2, "erf", 1.5, 0.2).model_copy(update={"activation": "sine"})


def test_a_new_activation(sine, rng):
    """The second moment is the derivative of the first; outputs of 1,500 networks of width 128 have its covariance.

    Their mean of f f' is within 5 standard errors, and 1 / width, of K; without an entry neural-tangents refuses.
    """
    k, q1, q2, step = 0.3, 0.9, 1.4, 1e-6
    upper, lower = (sine_moments(k + side * step, q1, q2)[0] for side in (1, -1))
    assert (upper - lower) / (2 * step) == pytest.approx(sine_moments(k, q1, q2)[1], rel=1e-8)
    x, width, networks_drawn = rng.normal(size=(4, 3)), 128, 1500
    outputs = np.array([forward(sine, initial_weights(sine, 3, width, 1, rng), x)[:, 0] for _ in range(networks_drawn)])
    products = outputs[:, :, None] * outputs[:, None, :]
    kernel = closed_form.nngp(sine, x)
    error = products.std(axis=0) / np.sqrt(networks_drawn)
    assert np.all(np.abs(products.mean(axis=0) - kernel) < 5 * error + np.abs(kernel).max() / width)
    with pytest.raises(rep.ReplicationError, match="use the engine closed_form"):
        evaluate_kernels(sine, "neural_tangents", x)


@pytest.mark.slow
def test_wide_trained_networks_of_a_new_activation_have_the_predicted_loss(sine, monkeypatch, rng):
    """Of 200 members of width 512, both moments within 4 standard errors and 20 / width of infinite width."""
    from keras import ops

    from replication.finite_width import layers

    monkeypatch.setitem(layers.ACTIVATIONS, "sine", ops.sin)
    monkeypatch.setitem(layers.SLOPES, "sine", ops.cos)
    x, x_test = rng.normal(size=(10, 3)), rng.normal(size=(8, 3))
    points = (x, np.sin(x[:, 0]), x_test, np.sin(x_test[:, 0]))
    options = {"training_sizes": [10], "steps": 40}
    exact = rep.learning_curve(sine, *points, **options).query("training_time == 40").iloc[0]
    members = rep.train_ensemble(sine, *points, width=512, members=200, linearised=True, **options)
    assert members["method"].tolist() == ["trained", "linearised"]
    for row in members.to_dict("records"):
        for name in ("mean", "std"):
            tolerance = 4 * row[f"{name}_standard_error"] + 20 / 512 * exact[name]
            assert abs(row[name] - exact[name]) < tolerance < 0.7 * exact[name]


# An exhibit: the share of the variance in the mean loss


@styled
def share_of_variance(exact: pd.DataFrame) -> Figure:
    """The scatter over initialisations as a share of mu_L against N_D, a line for each method."""
    figure = Figure(figsize=(4, 3))
    axes = figure.subplots()
    for method, curve in exact.groupby("method"):
        axes.plot(curve["training_size"], curve["variance"] / curve["mean"], label=method)
    axes.set_xscale("log")
    readable_log_axis(axes.xaxis)
    axes.legend()
    return figure


def test_a_new_exhibit(rng):
    """Drawn with the others, as PNG and PDF, to the same bytes from the same table."""
    x = rng.normal(size=(40, 3))
    exact = rep.learning_curve(rep.MLP(1), x[:30], x[:30, 0], x[30:], x[30:, 0], training_sizes=[4, 8, 16])
    drawing = Drawing(share_of_variance, (exact,))  # what `drawings` lists
    pictures = [make(drawing.draw(*drawing.arguments), "a test") for make in (png_bytes, pdf_bytes)]
    assert imread(BytesIO(pictures[0])).shape[2] == 4
    assert pictures[1].startswith(b"%PDF")
    assert b"a test" in pictures[0]
    assert [make(drawing.draw(*drawing.arguments), "a test") for make in (png_bytes, pdf_bytes)] == pictures
