import hashlib
import os
import subprocess
import sys
from io import BytesIO

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from replication.errors import ReplicationError
from replication.figures.error_sources import PANELS, error_sources, over_training_sets
from replication.figures.learning_curve_theory import learning_curve_theory
from replication.figures.plateau_dependence import VARIED, plateau_dependence
from replication.figures.saving import pdf_bytes, png_bytes
from replication.figures.style import DODGE
from replication.loss_distribution.moments import (
    INFINITE_TEST_SET,
    STATISTICS,
    coefficient_of_variation_infinite_test_set,
    gaussian_moments,
    gaussian_sources,
    over_draws,
)
from tests.conftest import ROOT
from tests.synthetic_tables import SOURCES

SIZES = np.array([16, 32, 64, 128])
DRAWS = 4
OUTPUTS = 2
METHODS = {"gradient_descent": "gradient descent", "bayes": "Bayes"}
VALUES = {
    "depth": (1.0, 2.0, 5.0),
    "weight_variance": (1.0, 2.0),
    "bias_variance": (0.0, 0.05, 0.8),
    "target_scale": (0.1, 1.0, 10.0),
}
UNVARIED = {"depth": 2.0, "weight_variance": 2.0, "bias_variance": 0.0, "target_scale": 1.0}


def moments(rng, size):
    """Exact moments and sources of outputs that scatter as a random covariance about an error."""
    points = 6
    root = rng.normal(size=(points, points)) / np.sqrt(size)
    y = rng.normal(size=(points, OUTPUTS)) * size**-0.3
    covariance = root @ root.T
    mean = np.zeros_like(y)
    sources = gaussian_sources(mean, covariance, y)
    row = gaussian_moments(mean, covariance, y)._asdict() | sources._asdict()
    row[INFINITE_TEST_SET] = coefficient_of_variation_infinite_test_set(sources, points)
    pairs = np.sum(y**2) * np.trace(covariance) / np.sum(y * (covariance @ y))
    return row | {"directions_along_bias": pairs}


def exact_table(tasks=tuple(SOURCES), sizes=SIZES, draws=DRAWS):
    rng = np.random.default_rng(3)
    rows = [
        {"task": task, "dataset": SOURCES[task], "draw": draw, "method": method, "training_size": size}
        | {"training_time": time}
        | moments(rng, size)
        for task in tasks
        for draw in range(draws)
        for method, time in (("gradient_descent", 500.0), ("gradient_descent", np.inf), ("bayes", np.inf))
        for size in sizes
    ]
    return pd.DataFrame(rows)


def theory_table(tasks=tuple(SOURCES), sizes=(8, 16, 32, 48, 64)):
    rng = np.random.default_rng(4)
    keys = [
        {"task": task, "dataset": SOURCES[task], "method": method, "training_size": size}
        for task in tasks
        for method in METHODS
        for size in sizes
    ]
    return pd.DataFrame([key | dict.fromkeys(STATISTICS, rng.uniform(1, 2)) for key in keys])


def variations_table(tasks=tuple(SOURCES), sizes=SIZES, draws=3):
    rng = np.random.default_rng(5)
    rows = []
    for task in tasks:
        own = rng.uniform(0.05, 0.1, (draws, len(METHODS), len(sizes)))
        for varied, values in VALUES.items():
            for value in values:
                eps = own if value == UNVARIED[varied] else own * rng.uniform(0.4, 1.5, own.shape)
                rows += [
                    {"task": task, "dataset": SOURCES[task], "draw": draw, "varied": varied, "value": value}
                    | {"method": method, "training_size": size, "training_time": np.inf}
                    | {"coefficient_of_variation": eps[draw, index, number]}
                    for draw in range(draws)
                    for index, method in enumerate(METHODS)
                    for number, size in enumerate(sizes)
                ]
    return pd.DataFrame(rows)


def line(axes, label):
    return next(line for line in axes.lines if line.get_label() == label)


def labels(axes):
    return {line.get_label() for line in axes.lines} | {c.get_label() for c in axes.containers}


def bars(axes, label):
    """x, y, lower and upper ends of the points with intervals that carry a label."""
    container = next(c for c in axes.containers if c.get_label() == label)
    segments = np.array(container[2][0].get_segments())
    return *container[0].get_data(orig=False), segments[:, 0, 1], segments[:, 1, 1]


def interval(table, column, by="training_size"):
    """The columns of centre, lower and upper end over draws, computed here."""
    groups = [over_draws(group[column].to_numpy(), 0.68)[:3] for _, group in table.groupby(by)]
    return np.array(groups).T


def converged(table, method, task=None):
    own = table[np.isinf(table.training_time) & (table.method == method)]
    return own if task is None else own[own.task == task]


# error sources


def test_error_sources_show_the_means_over_draws():
    table = exact_table(["digits"])
    loss, share, modes, eps = error_sources(table).axes
    own = converged(table, "gradient_descent")
    for axes, column, label in (
        (loss, "mean", r"$\mu_L = V + B$"),
        (loss, "variance", "variance $V$"),
        (loss, "squared_bias", "squared bias $B$"),
        (modes, "effective_modes", r"$M_\Sigma$ of the scatter"),
        (modes, "directions_along_bias", r"$M_\delta$ along the bias"),
        (eps, "coefficient_of_variation", r"$\epsilon_L$"),
    ):
        np.testing.assert_array_equal(line(axes, label).get_xdata(), SIZES)
        np.testing.assert_allclose(line(axes, label).get_ydata(), own.groupby("training_size")[column].mean())
    shares = (own.variance_term / (own.variance_term + own.cross_term)).groupby(own.training_size).mean()
    np.testing.assert_allclose(share.lines[1].get_ydata(), shares)
    bayes = converged(table, "bayes").groupby("training_size").coefficient_of_variation.mean()
    np.testing.assert_allclose(line(eps, r"$\epsilon_L$, Bayes").get_ydata(), bayes)


def test_parts_of_eps_add_up_for_one_training_set():
    table = exact_table(["digits"], draws=1)
    _, share, modes, eps = error_sources(table).axes
    total, scatter, cross, _, endless = (line.get_ydata() for line in eps.lines)
    np.testing.assert_allclose(scatter**2 + cross**2, total**2)
    v = share.lines[0].get_ydata()
    all_modes, bias_modes = (line.get_ydata() for line in modes.lines[:2])
    np.testing.assert_allclose(scatter, v * np.sqrt(2 / OUTPUTS / all_modes))
    np.testing.assert_allclose(cross, 2 * np.sqrt(v * (1 - v) / OUTPUTS / bias_modes))
    points = 6
    own_share = share.lines[2].get_ydata()
    np.testing.assert_allclose(endless**2, total**2 * (1 - own_share) * points / (points - 1))


def test_bands_of_error_sources_are_the_intervals_over_draws():
    table = exact_table(["digits"])
    modes = error_sources(table).axes[2]
    _, lower, upper = interval(converged(table, "gradient_descent"), "effective_modes")
    vertices = set(modes.collections[0].get_paths()[0].vertices[:, 1])
    assert set(lower) | set(upper) <= vertices
    assert len(modes.collections) == 2  # Bayes goes without


def test_error_sources_are_labelled():
    figure = error_sources(exact_table(["images"]))
    assert figure.get_suptitle() == "images (photo_patches)"
    assert [axes.get_ylabel() for axes in figure.axes] == list(PANELS)
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "linear", "log", "log"]
    assert [axes.get_xlabel() != "" for axes in figure.axes] == [False, False, True, True]
    assert [len(axes.get_legend().get_texts()) for axes in figure.axes] == [4, 3, 3, 5]


def test_error_sources_go_without_bayes_and_without_unconverged_networks():
    table = exact_table(["digits"])
    figure = error_sources(table[table.method != "bayes"])
    assert [len(axes.lines) for axes in figure.axes] == [3, 3, 2, 4]
    assert not any("Bayes" in label for axes in figure.axes for label in labels(axes))
    only = error_sources(table[np.isinf(table.training_time)])
    for axes, whole in zip(only.axes, error_sources(table).axes, strict=True):
        for one, other in zip(axes.lines, whole.lines, strict=True):
            np.testing.assert_array_equal(one.get_xydata(), other.get_xydata())


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (exact_table(["digits"]).query("method == 'bayes'"), "no converged network"),
        (exact_table(["digits"]).query("training_time == 500"), "no converged network"),
        (exact_table(["digits", "images"]), "2 tasks to draw"),
        (exact_table(["digits"]).iloc[:0], "0 tasks to draw"),
    ],
)
def test_error_sources_say_what_is_missing(table, words):
    with pytest.raises(ReplicationError, match=words) as error:
        error_sources(table)
    assert "\n" not in str(error.value)


def test_a_single_draw_has_no_interval():
    table = over_training_sets(exact_table(["digits"], draws=1).query("method == 'bayes'"), "mean")
    assert np.isfinite(table.estimate).all()
    assert table[["lower", "upper"]].isna().all(axis=None)


# dependence of the plateau


@pytest.mark.parametrize("tasks", [["digits"], ["digits", "calorimeter"]])
def test_plateau_dependence_shows_the_two_largest_sizes(tasks):
    table = variations_table(tasks)
    figure = plateau_dependence(table)
    assert len(figure.axes) == len(tasks) * len(VARIED)
    for index, axes in enumerate(figure.axes):
        task, varied = tasks[index // len(VARIED)], list(VARIED)[index % len(VARIED)]
        own = table[(table.task == task) & (table.varied == varied)]
        for method, name in METHODS.items():
            for size, dashes in ((128, "-"), (64, "--")):
                x, *drawn = bars(axes, f"{name}, {size}")
                chosen = own[(own.method == method) & (own.training_size == size)]
                np.testing.assert_array_equal(x, VALUES[varied])
                np.testing.assert_allclose(drawn, interval(chosen, "coefficient_of_variation", "value"))
                container = next(c for c in axes.containers if c.get_label() == f"{name}, {size}")
                assert container[0].get_linestyle() == dashes
        assert len(axes.containers) == 4
        assert axes.get_ylim()[0] == 0


def test_plateau_dependence_marks_the_network_of_the_other_exhibits():
    table = variations_table(["digits", "images"])
    figure = plateau_dependence(table)
    for index, axes in enumerate(figure.axes):
        assert set(line(axes, "_unvaried").get_xdata()) == {UNVARIED[list(VARIED)[index % len(VARIED)]]}
    without = plateau_dependence(table[table.varied != "target_scale"])
    assert len(without.axes) == 6
    assert not any("_unvaried" in labels(axes) for axes in without.axes)
    assert len(figure.legends[0].get_texts()) == len(without.legends[0].get_texts()) + 1 == 5


def test_plateau_dependence_is_labelled_with_the_values_themselves():
    figure = plateau_dependence(variations_table(["digits", "images"]))
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["digits (uci_digits)", "", "", "", "images (photo_patches)", "", "", ""]
    assert [axes.get_xscale() for axes in figure.axes[4:]] == ["linear", "linear", "symlog", "log"]
    for axes, (varied, values) in zip(figure.axes[4:], VALUES.items(), strict=True):
        assert axes.get_xlabel() == VARIED[varied]
        ticks = axes.xaxis.get_major_formatter().format_ticks(axes.get_xticks())
        assert ticks == [f"{value:g}" for value in values]


def test_plateau_dependence_takes_one_size_one_method_one_draw():
    table = variations_table(["digits"], sizes=[64], draws=1)
    figure = plateau_dependence(table[table.method == "bayes"])
    assert all({c.get_label() for c in axes.containers} == {"Bayes, 64"} for axes in figure.axes)
    assert imread(BytesIO(png_bytes(figure, ""))).shape[2] == 4


def test_plateau_dependence_compares_tasks_at_the_sizes_that_they_share():
    table = variations_table(["digits", "images"])
    table = table[(table.task == "digits") | (table.training_size < 128)]
    assert bars(plateau_dependence(table).axes[0], "Bayes, 64")[0].size
    table = table[(table.task == "images") | (table.training_size == 128)]
    with pytest.raises(ReplicationError, match="share no training size"):
        plateau_dependence(table)


# learning-curve theory


def theory_panels(figure, tasks):
    """(task, statistic, panel, panel of the ratio)"""
    names = [(task, statistic) for task in tasks for statistic in STATISTICS]
    assert len(figure.axes) == 2 * len(names)
    return [(*name, *figure.axes[2 * n : 2 * n + 2]) for n, name in enumerate(names)]


@pytest.mark.parametrize("tasks", [["digits"], ["digits", "calorimeter"]])
def test_theory_stands_beside_the_exact_values_and_their_ratio_beneath(tasks):
    exact, theory = exact_table(tasks), theory_table(tasks)
    for task, statistic, axes, below in theory_panels(learning_curve_theory(exact, theory), tasks):
        for method, name in METHODS.items():
            predicted = theory[(theory.task == task) & (theory.method == method)].set_index("training_size")[statistic]
            drawn = line(axes, f"{name}, theory")
            np.testing.assert_array_equal(drawn.get_xdata(), predicted.index)
            np.testing.assert_array_equal(drawn.get_ydata(), predicted)
            expected = interval(converged(exact, method, task), statistic)
            x, *points = bars(axes, name)
            np.testing.assert_allclose(points, expected)
            assert np.all(np.abs(x / SIZES - 1) < DODGE)
            # theory lacks the last size
            _, *ratios = bars(below, name)
            np.testing.assert_allclose(ratios, expected[:, :3] / predicted[SIZES[:3]].to_numpy())


def test_theory_figure_is_labelled():
    figure = learning_curve_theory(exact_table(["digits", "images"]), theory_table(["digits", "images"]))
    for task, statistic, axes, below in theory_panels(figure, ["digits", "images"]):
        assert axes.get_title(loc="left") == (f"{task} ({SOURCES[task]})" if statistic == "mean" else "")
        assert axes.get_ylabel()
        assert (below.get_xlabel() != "") == (task == "images")
        assert axes.get_xscale() == below.get_xscale() == "log"
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [f"{name}, {kind}" for name in METHODS.values() for kind in ("exact", "theory")]


def test_theory_figure_takes_one_method_one_size_one_draw_and_tasks_without_theory():
    exact = exact_table(["digits", "images"], sizes=[64], draws=1)
    theory = theory_table(["digits"])
    figure = learning_curve_theory(exact, theory[theory.method == "gradient_descent"])
    assert labels(figure.axes[0]) >= {"gradient descent", "Bayes", "gradient descent, theory"}
    assert "Bayes, theory" not in labels(figure.axes[0])
    assert not any("theory" in label for label in labels(figure.axes[6]))
    assert imread(BytesIO(png_bytes(figure, ""))).shape[1] == 1760


def test_theory_figure_says_what_is_missing():
    exact, theory = exact_table(["digits"]), theory_table(["digits"])
    with pytest.raises(ReplicationError, match="no converged networks"):
        learning_curve_theory(exact[exact.training_time == 500], theory)
    with pytest.raises(ReplicationError, match="no learning-curve theory"):
        learning_curve_theory(exact, theory.iloc[:0])


# all three


def drawn():
    tables = exact_table(["digits"]), variations_table(["digits"]), theory_table(["digits"])
    exact, variations, theory = tables
    return error_sources(exact), plateau_dependence(variations), learning_curve_theory(exact, theory)


def digests():
    return [hashlib.sha256(png_bytes(figure, "p")).hexdigest() for figure in drawn()]


@pytest.mark.slow
def test_figures_are_the_same_bytes_in_two_processes():
    code = "from tests.figures.test_infinite_width import digests; print(*digests())"
    environment = os.environ | {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == digests()


def test_png_and_pdf_have_the_same_layout():
    for figure in drawn():
        png_bytes(figure, "")
        before = [axes.get_position().bounds for axes in figure.axes]
        pdf_bytes(figure, "")
        assert [axes.get_position().bounds for axes in figure.axes] == before


def test_drawing_leaves_no_global_trace():
    before = dict(matplotlib.rcParams)
    drawn()
    assert dict(matplotlib.rcParams) == before


def test_figures_do_not_change_their_tables():
    exact, variations, theory = exact_table(["digits"]), variations_table(["digits"]), theory_table(["digits"])
    copies = exact.copy(), variations.copy(), theory.copy()
    error_sources(exact), plateau_dependence(variations), learning_curve_theory(exact, theory)
    for table, copy in zip((exact, variations, theory), copies, strict=True):
        pd.testing.assert_frame_equal(table, copy)
