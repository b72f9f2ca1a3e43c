import os
import subprocess
import sys
from io import BytesIO

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from replication.datasets.dataset import Dataset
from replication.figures.contact_sheet import contact_sheet
from replication.figures.learning_curves import learning_curves
from replication.figures.saving import pdf_bytes, png_bytes
from replication.figures.style import DODGE, readable_log_axis
from tests import synthetic_tables as tables
from tests.conftest import ROOT

TASK_LISTS = [["digits"], ["digits", "calorimeter"], ["digits", "images", "calorimeter"]]
PROVENANCE = "replication 0.1.0, profile quick, settings digest abc"


def panels(figure, tasks):
    """{(task, statistic): axes}"""
    names = [(task, statistic) for task in tasks for statistic in tables.STATISTICS]
    assert len(figure.axes) == len(names)
    return dict(zip(names, figure.axes, strict=True))


def bars(axes, label):
    """x, y, lower and upper ends of the points with intervals that carry a label."""
    container = next(c for c in axes.containers if c.get_label() == label)
    x, y = container[0].get_data()
    segments = np.array(container[2][0].get_segments())
    return np.array(x, float), np.array(y, float), segments[:, 0, 1], segments[:, 1, 1]


@pytest.mark.parametrize("tasks", TASK_LISTS)
def test_learning_curves_show_every_number_of_the_table(tasks):
    curves = tables.learning_curves(tasks)
    figure = learning_curves(curves, tables.scaling_laws(tasks))
    for (task, statistic), axes in panels(figure, tasks).items():
        own = curves[curves.task == task]
        for label, method, time in (
            ("infinite width, gradient descent, as trained", "gradient_descent", 1000),
            ("infinite width, gradient descent, converged", "gradient_descent", np.inf),
            ("infinite width, Bayes", "bayes", np.inf),
        ):
            line = next(line for line in axes.lines if line.get_label() == label)
            curve = own[(own.method == method) & (own.training_time == time)]
            np.testing.assert_array_equal(line.get_xdata(), curve.training_size)
            np.testing.assert_array_equal(line.get_ydata(), curve[statistic])
            assert line.get_linestyle() == ("--" if method == "gradient_descent" and np.isinf(time) else "-")
        for width in tables.WIDTHS:
            points = own[own.width == width]
            x, y, lower, upper = bars(axes, f"width {width:g}")
            np.testing.assert_array_equal(y, points[statistic])
            np.testing.assert_allclose(lower, points[f"{statistic}_lower"])
            np.testing.assert_allclose(upper, points[f"{statistic}_upper"])
            assert np.all(np.abs(x / points.training_size - 1) < DODGE * len(tables.WIDTHS) / 2)


def test_bands_of_learning_curves_are_the_intervals_over_draws():
    curves = tables.learning_curves(["digits"])
    axes = learning_curves(curves, tables.scaling_laws(["digits"])).axes[0]
    exact = curves[np.isinf(curves.width)]
    vertices = np.concatenate([c.get_paths()[0].vertices[:, 1] for c in axes.collections if hasattr(c, "set_data")])
    for end in ("mean_lower", "mean_upper"):
        assert set(exact[end]) <= set(vertices)


@pytest.mark.parametrize("tasks", TASK_LISTS)
def test_learning_curves_are_titled_and_labelled(tasks):
    figure = learning_curves(tables.learning_curves(tasks), tables.scaling_laws(tasks))
    for (task, statistic), axes in panels(figure, tasks).items():
        source = f"{task} ({tables.SOURCES[task]})"
        assert axes.get_title(loc="left") == (source if statistic == "mean" else "")
        assert axes.get_xscale() == "log"
        assert axes.get_yscale() == ("linear" if statistic == "coefficient_of_variation" else "log")
        assert (axes.get_xlabel() != "") == (task == tasks[-1])
    assert [axes.get_ylabel()[:5] for axes in figure.axes[:3]] == [r"$\mu_", r"$\sig", r"$\eps"]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {f"width {width:g}, trained" for width in tables.WIDTHS} < set(texts)


def test_laws_are_drawn_in_their_window_and_annotated():
    curves, laws = tables.learning_curves(["digits"]), tables.scaling_laws(["digits"])
    mean, std, eps = learning_curves(curves, laws).axes
    window, guide = (line for line in mean.lines if line.get_label() == "_law")
    np.testing.assert_array_equal(window.get_xdata(), [64, 512])
    np.testing.assert_array_equal(guide.get_xdata(), [16, 512])
    np.testing.assert_allclose(guide.get_ydata(), 0.9 * np.array([16, 512]) ** -0.45)
    assert [text.get_text() for text in mean.texts] == [r"exponent $0.450 \pm 0.004$"]
    assert [text.get_text() for text in std.texts] == [r"exponent $0.463 \pm 0.021$"]
    assert r"= -0.031 \pm 0.012" in eps.texts[0].get_text()
    without = learning_curves(curves, laws[laws.method == "bayes"]).axes[0]
    assert not without.texts
    assert all(line.get_label() != "_law" for line in without.lines)


def test_eps_that_varies_strongly_is_drawn_on_a_logarithmic_axis():
    curves = tables.learning_curves(["digits"])
    curves.loc[curves.training_size == 16, "coefficient_of_variation"] *= 20
    assert learning_curves(curves, tables.scaling_laws(["digits"])).axes[2].get_yscale() == "log"


def test_a_width_keeps_its_colour_where_a_task_lacks_other_widths():
    curves = tables.learning_curves(["digits", "images"])
    curves = curves[(curves.task == "images") | (curves.width != 32)]
    figure = learning_curves(curves, tables.scaling_laws(["digits", "images"]))
    colours = [
        next(c for c in axes.containers if c.get_label() == "width 64")[0].get_color()
        for axes in (figure.axes[0], figure.axes[3])
    ]
    assert colours[0] == colours[1]


def expansion_of(task, b=-3.0, c=0.1):
    sizes = np.array([16, 32, 64])
    columns = {"training_size": sizes, "mean": 1 / sizes, "coefficient_of_variation": 0.05, "b": b, "c": c}
    return pd.DataFrame({"task": task} | columns)


def test_order_one_over_n_is_drawn_for_every_width_as_far_as_it_reaches():
    curves, laws = tables.learning_curves(["digits"]), tables.scaling_laws(["digits"])
    theory = expansion_of("digits")
    for axes, statistic in zip(learning_curves(curves, laws, theory).axes, tables.STATISTICS, strict=True):
        lines = [line for line in axes.lines if line.get_label() == "_order"]
        assert len(lines) == len(tables.WIDTHS)
        for line, width in zip(lines, sorted(tables.WIDTHS), strict=True):
            sizes = np.array([size for size in (16, 32, 64) if 4 * size <= width])
            np.testing.assert_array_equal(line.get_xdata(), sizes)
            mean, eps = (1 - 3 / width) / sizes, np.full(len(sizes), np.sqrt(0.05**2 + 0.1 / width))
            expected = {"mean": mean, "std": mean * eps, "coefficient_of_variation": eps}[statistic]
            np.testing.assert_allclose(line.get_ydata(), expected)


def test_points_beyond_their_width_are_open():
    curves = tables.learning_curves(["digits"])
    figure = learning_curves(curves, tables.scaling_laws(["digits"]))
    for index, axes in enumerate(figure.axes):
        lines = [line for line in axes.lines if line.get_label() == "_open"]
        assert [line.get_markerfacecolor() for line in lines] == ["white"] * len(tables.WIDTHS)
        for line, width in zip(lines, sorted(tables.WIDTHS), strict=True):
            beyond = curves[(curves.width == width) & (curves.training_size > width)]
            np.testing.assert_array_equal(line.get_ydata(), beyond[tables.STATISTICS[index]])


def test_an_infinite_test_set_has_its_line_where_the_table_knows_it():
    curves, laws = tables.learning_curves(["digits"]), tables.scaling_laws(["digits"])
    known = curves.assign(coefficient_of_variation_infinite_test_set=0.5 * curves["coefficient_of_variation"])
    one = known[np.isinf(known.width) & np.isinf(known.training_time) & (known.method == "gradient_descent")]
    drawn = [
        [line for line in axes.lines if line.get_label() == "_infinite"] for axes in learning_curves(known, laws).axes
    ]
    assert [len(found) for found in drawn] == [0, 1, 1]
    np.testing.assert_allclose(drawn[1][0].get_ydata(), 0.5 * one["coefficient_of_variation"] * one["mean"])
    np.testing.assert_allclose(drawn[2][0].get_ydata(), 0.5 * one["coefficient_of_variation"])
    assert all(line.get_label() != "_infinite" for axes in learning_curves(curves, laws).axes for line in axes.lines)


def test_the_error_of_an_energy_stands_beside_the_loss():
    curves, laws = tables.learning_curves(["digits", "calorimeter"]), tables.scaling_laws(["digits", "calorimeter"])
    figure = learning_curves(curves, laws, energy_units={"calorimeter": 2.5})
    panels, beside = figure.axes[:6], figure.axes[6:]
    assert [list(axes.bbox.bounds) for axes in beside] == [list(panels[3].bbox.bounds)]
    low, high = panels[3].get_ylim()
    np.testing.assert_allclose(beside[0].get_ylim(), (2.5 * np.sqrt(2 * low), 2.5 * np.sqrt(2 * high)))
    assert "rms error of the energy [GeV]" in [text.get_text() for text in figure.axes[3].texts]


def test_predicting_the_mean_is_a_line_among_the_means():
    axes = learning_curves(tables.learning_curves(["digits"]), tables.scaling_laws(["digits"])).axes
    levels = [[line for line in one.lines if line.get_label() == "_mean"] for one in axes]
    assert [len(found) for found in levels] == [1, 0, 0]
    assert levels[0][0].get_ydata()[0] == 0.9


def dataset(kind):
    rng = np.random.default_rng(0)
    shape, largest, classes = {
        "digits": ((8, 8), 17, 10),
        "colour": ((32, 32, 3), 256, 10),
        "two classes": ((32, 32, 3), 256, 2),
        "showers": ((25, 5, 5), 900, 0),
        "rings": ((45, 9), 9000, 0),
    }[kind]
    inputs = rng.integers(0, largest, (200, *shape)).astype(np.uint32)
    targets = rng.integers(0, classes, 200) if classes else rng.integers(10_000, 500_000, 200)
    return Dataset(inputs, targets, inputs[:5], targets[:5], classes)


@pytest.mark.parametrize(("kind", "classes"), [("digits", 10), ("colour", 10), ("two classes", 2)])
def test_contact_sheet_labels_each_image_with_its_class(kind, classes):
    data = dataset(kind)
    figure = contact_sheet(data, "a title")
    (axes,) = figure.axes
    assert figure.get_suptitle() == "a title"
    labels = [int(text.get_text()) for text in axes.texts]
    assert labels.count(0) == 40 // classes
    assert set(labels) == set(range(classes))
    for image, label in zip(axes.images, labels, strict=True):
        scale = 255 if data.inputs.ndim == 4 else data.inputs.max()
        own = data.inputs[data.targets == label] / scale
        assert (own == image.get_array().data).reshape(len(own), -1).all(axis=1).any()


def test_contact_sheet_leaves_a_gap_where_a_class_is_short():
    data = dataset("digits")
    keep = np.flatnonzero((data.targets != 3) | (np.cumsum(data.targets == 3) == 1))
    data = data._replace(inputs=data.inputs[keep], targets=data.targets[keep])
    labels = [text.get_text() for text in contact_sheet(data, "t").axes[0].texts]
    assert labels.count("3") == 1
    assert len(labels) == 37


@pytest.mark.parametrize(("kind", "layers", "shape"), [("showers", 25, (5, 5)), ("rings", 45, (45, 9))])
def test_contact_sheet_of_showers_spans_the_energies(kind, layers, shape):
    data = dataset(kind)
    profiles, maps = contact_sheet(data, "t").axes
    energies = [text.get_text() for text in maps.texts]
    assert energies[0] == f"{data.targets.min() / 1000:.3g} GeV"
    assert energies[-1] == f"{data.targets.max() / 1000:.3g} GeV"
    assert all(image.get_array().shape == shape for image in maps.images)
    highest = next(line for line in profiles.lines if line.get_label() == energies[-1])
    counts = data.inputs[data.targets.argmax()].reshape(layers, -1).sum(axis=1)
    np.testing.assert_array_equal(highest.get_ydata(), counts)


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (14, 600, ["20", "50", "100", "200", "500"]),
        (0.35, 0.85, ["0.4", "0.5", "0.6", "0.7", "0.8"]),
        (10, 2e4, ["10", "100", "1000", "10000"]),
        (0.5, 2e6, ["$10^{0}$", "$10^{1}$", "$10^{2}$", "$10^{3}$", "$10^{4}$", "$10^{5}$", "$10^{6}$"]),
    ],
)
def test_logarithmic_axes_carry_plain_numbers(low, high, labels):
    axes = Figure().subplots()
    axes.set(xscale="log", xlim=(low, high))
    readable_log_axis(axes.xaxis)
    assert axes.xaxis.get_major_formatter().format_ticks(axes.get_xticks()) == labels


def test_saved_figures_carry_the_provenance_and_no_time():
    figure = learning_curves(tables.learning_curves(["digits"]), tables.scaling_laws(["digits"]))
    png, pdf = png_bytes(figure, PROVENANCE), pdf_bytes(figure, PROVENANCE)
    assert imread(BytesIO(png)).shape[1] == 1760
    assert PROVENANCE.encode() in png
    assert PROVENANCE.encode() in pdf
    assert b"CreationDate" not in pdf
    assert b"Software" not in png
    assert b"/FontFile2" in pdf  # embedded TrueType
    assert b"/Type3" not in pdf


DRAW = """
import hashlib
from matplotlib import font_manager
if stale:  # a cache that knows no STIX font
    font_manager.fontManager.ttflist = [f for f in font_manager.fontManager.ttflist if "STIX" not in f.name]
from replication.figures.learning_curves import learning_curves
from replication.figures.saving import pdf_bytes, png_bytes
from tests import synthetic_tables as tables
figure = learning_curves(tables.learning_curves(["digits"]), tables.scaling_laws(["digits"]))
digests = [hashlib.sha256(save(figure, "p")).hexdigest() for save in (png_bytes, pdf_bytes)]
print(*digests)
"""


def test_figures_are_the_same_bytes_in_another_process_with_a_stale_font_cache():
    """And nothing is logged of fonts that are not found."""
    namespace = {"stale": False}
    exec(DRAW, namespace)
    environment = os.environ | {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", f"stale = True\n{DRAW}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == namespace["digests"]
    assert "findfont" not in done.stderr


def test_drawing_leaves_no_global_trace():
    before = dict(matplotlib.rcParams)
    figure = learning_curves(tables.learning_curves(["digits"]), tables.scaling_laws(["digits"]))
    png_bytes(figure, PROVENANCE)
    assert dict(matplotlib.rcParams) == before
