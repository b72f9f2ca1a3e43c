"""Figures of dimensions and of varied data: every number where it belongs, the same bytes every time."""

import numpy as np
import pandas as pd
import pytest

from replication.errors import ReplicationError
from replication.figures.data_variations import data_variations
from replication.figures.dimension import dimension
from replication.figures.saving import png_bytes
from replication.scaling_laws.data_variations import exponent_differences, exponents
from replication.scaling_laws.exponents import mean_curve
from replication.scaling_laws.students import student_exponents
from replication.scaling_laws.tables import matching
from replication.schema import POINT
from replication.settings.sections import Window

SIZES = np.array([16, 32, 64, 128, 256])
WINDOW = Window(smallest=32, largest=256)
CONFIDENCE = 0.68


def bars(axes, label, along="y"):
    """Positions, values, lower and upper ends of the points with intervals that carry a label."""
    container = next(c for c in axes.containers if c.get_label() == label)
    x, y = (np.array(values, float) for values in container[0].get_data())
    segments = np.array(container[2][0].get_segments())[:, :, int(along == "y")]
    return (x, y, *segments.T) if along == "y" else (y, x, *segments.T)


# against dimension


BOTH = ("gradient_descent", "trained")
NAMES = {"gradient_descent": "infinitely wide students", "trained": "trained students"}


def toy_exponents(methods=BOTH):
    rng = np.random.default_rng(4)
    label = {"experiment": "teacher_student", "task": "students", "dataset": "hypercube", "varied": "dimension"}
    label |= {"target": "teacher"}
    rows = [
        label | {"value": float(d), "method": method, "draw": draw, "training_size": size}
        | {"mean": size ** (-3.4 / d) * rng.lognormal(0, 0.1)}
        for method in methods
        for d in (2, 3, 6)
        for draw in range(4)
        for size in SIZES
    ]  # fmt: skip
    return student_exponents(pd.DataFrame(rows), WINDOW, CONFIDENCE)


@pytest.mark.parametrize("methods", [BOTH[:1], BOTH[1:], BOTH])
def test_points_are_alpha_times_d_with_its_interval(methods):
    exponents = toy_exponents(methods)
    (axes,) = dimension(exponents).axes
    assert [container.get_label() for container in axes.containers] == [NAMES[method] for method in methods]
    for method in methods:
        rows = exponents[exponents["method"] == method].drop_duplicates("value")
        x, y, low, high = bars(axes, NAMES[method])
        np.testing.assert_allclose(x, rows["value"], atol=0.1)
        np.testing.assert_allclose(y, rows["exponent"] * rows["value"])
        np.testing.assert_allclose(low, rows["exponent_lower"] * rows["value"])
        np.testing.assert_allclose(high, rows["exponent_upper"] * rows["value"])


def test_methods_differ_in_colour_marker_and_abscissa():
    (axes,) = dimension(toy_exponents()).axes
    first, second = (container[0] for container in axes.containers)
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()
    assert (first.get_xdata() != second.get_xdata()).all()


def test_both_laws_are_horizontal_lines():
    (axes,) = dimension(toy_exponents()).axes
    heights = {line.get_label(): line.get_ydata() for line in axes.lines if len(line.get_xdata()) == 2}
    np.testing.assert_array_equal(heights[r"$\alpha_D = 4 / d$"], 4)
    np.testing.assert_array_equal(heights[r"$\alpha_D = 3 / d$, ReLU kernel"], 3)
    assert axes.get_xlabel() == r"dimension of the inputs $d$"
    assert axes.get_ylabel() == r"$\alpha_D \, d$"
    assert axes.get_ylim()[0] == 0


def test_an_interval_that_reaches_below_zero_is_seen_whole():
    exponents = toy_exponents(("trained",))
    exponents.loc[exponents["value"] == 6, "exponent_lower"] = -0.1
    (axes,) = dimension(exponents).axes
    assert bars(axes, "trained students")[2].min() == pytest.approx(-0.6)
    assert axes.get_ylim()[0] < -0.6


def test_there_must_be_something_to_draw():
    with pytest.raises(ReplicationError, match="vary the dimension first"):
        dimension(toy_exponents().iloc[:0])


# what changes an exponent


def toy_losses(task, variations, method="gradient_descent"):
    rng = np.random.default_rng(6)
    label = {"experiment": "data_variation", "task": task, "dataset": "toys", "method": method}
    label |= {"width": np.inf, "training_time": np.inf}
    rows = [
        label | {"varied": varied, "value": value, "target": target, "draw": draw, "training_size": size, "mean": loss}
        | {"theory": 1.1 * loss if varied == "none" and size < 256 else np.nan}
        for varied, value, target, exponent in variations
        for draw in range(4)
        for size in SIZES
        for loss in [size**-exponent * rng.lognormal(0, 0.05)]
    ]  # fmt: skip
    return pd.DataFrame(rows)


FULL = [
    ("none", np.nan, "labels", 0.4),
    ("none", np.nan, "teacher", 0.6),
    ("classes", 2, "labels", 0.4),
    ("side", 7, "labels", 0.45),
    ("side", 7, "teacher", 0.8),
    ("noise", 0.5, "labels", 0.3),
    ("noise", 0.5, "teacher", 0.2),
    ("noise", 1, "labels", 0.2),
    ("noise", 1, "teacher", 0.1),
]

TRAINED = [("none", np.nan, "labels", 0.25), ("classes", 2, "labels", 0.25), ("noise", 1, "labels", 0.1)]


@pytest.fixture(scope="module")
def losses():
    """Of a task with images and classes, of one without, and of trained networks."""
    without = [case for case in FULL if case[0] not in ("side", "classes")]
    exact = toy_losses("digits", FULL), toy_losses("calorimeter", without)
    return pd.concat([*exact, toy_losses("digits", TRAINED, "trained")], ignore_index=True)


@pytest.fixture(scope="module")
def tables(losses):
    """Curves, exponents and differences."""
    theory_window = Window(smallest=16, largest=128)
    return [
        mean_curve(losses, POINT, CONFIDENCE),
        exponents(losses, WINDOW, CONFIDENCE, theory_window),
        exponent_differences(losses, WINDOW, CONFIDENCE),
    ]


@pytest.fixture(scope="module")
def figure(tables):
    return data_variations(*tables)


def panels(figure, row):
    """Of a row: that of trained networks is the first."""
    return figure.axes[4 * row : 4 * row + 4]


def test_a_row_for_each_method_and_task_and_a_panel_for_each_kind_of_variation(figure):
    assert len(figure.axes) == 12
    trained, full, without = (panels(figure, row) for row in range(3))
    assert [axes.axison for axes in trained] == [True, True, False, True]
    assert trained[0].get_title(loc="left").startswith("digits (toys), trained networks")
    assert [len(axes.containers) for axes in trained[:2]] == [2, 2]
    assert [axes.axison for axes in full] == [True] * 4
    assert [axes.axison for axes in without] == [False, True, False, True]
    assert full[0].get_title(loc="left").startswith("digits (toys), infinite width")
    assert without[1].get_title(loc="left").startswith("calorimeter (toys)")
    assert all(not axes.get_title(loc="left") for axes in without if not axes.axison)
    for axes in (*full[:3], without[1]):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert axes.get_xlabel() == r"training points $D$"
    assert full[0].get_ylabel() == without[1].get_ylabel() == r"test loss $L(D)$"
    assert full[3].get_xlabel() == r"$\alpha_D$ minus unvaried"


@pytest.mark.parametrize(("panel", "names"), [
    (0, {"unvaried": ("none", np.nan), "2 classes": ("classes", 2)}),
    (1, {"unvaried": ("none", np.nan), "noise 0.5": ("noise", 0.5), "noise 1": ("noise", 1)}),
    (2, {"unvaried": ("none", np.nan), r"7 $\times$ 7 pixels": ("side", 7)}),
])  # fmt: skip
def test_curves_are_means_over_draws_with_their_exponent(losses, tables, figure, panel, names):
    axes = panels(figure, 1)[panel]
    assert len(axes.containers) == len(names)
    for container, (name, (varied, value)) in zip(axes.containers, names.items(), strict=True):
        label = container.get_label()
        case = {"method": "gradient_descent", "task": "digits", "varied": varied, "value": value, "target": "labels"}
        curve, laws = (matching(table, case) for table in (losses, tables[1]))
        law = laws[laws["largest"] == 256].iloc[0]  # not that of the theory's window
        assert label == rf"{name}: {law['exponent']:.3f} $\pm$ {law['exponent_standard_error']:.3f}"
        x, y, low, high = bars(axes, label)
        draws = curve.groupby("training_size")["mean"]
        np.testing.assert_array_equal(x, SIZES)
        np.testing.assert_allclose(y, draws.mean())
        np.testing.assert_allclose((high - low) / 2, draws.sem())
        line = next(line for line in axes.lines if line.get_label().startswith("_") and _slope(line, law["exponent"]))
        np.testing.assert_array_equal(line.get_xdata(), SIZES[1:])
        np.testing.assert_allclose(line.get_ydata(), y[1:], rtol=0.1)  # draws scatter by 5 %


def _slope(line, exponent):
    return len(line.get_xdata()) == 4 and np.allclose(np.diff(np.log(line.get_ydata())), -exponent * np.log(2))


def test_changes_of_the_exponent_are_drawn_with_intervals(tables, figure):
    axes = panels(figure, 1)[3]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["2 classes", r"7 $\times$ 7 pixels", "noise 0.5", "noise 1"]
    rows = matching(tables[2], {"task": "digits", "method": "gradient_descent"})
    for label, target in (("labels", "labels"), ("random teacher", "teacher")):
        heights, values, low, high = bars(axes, label, along="x")
        expected = rows[rows["target"] == target]
        np.testing.assert_allclose(values, expected["difference"])
        np.testing.assert_allclose(low, expected["difference_lower"])
        np.testing.assert_allclose(high, expected["difference_upper"])
        assert list(heights.round()) == ([0, 1, 2, 3] if label == "labels" else [1, 2, 3])
    assert any(line.get_xdata()[0] == line.get_xdata()[1] == 0 for line in axes.lines if len(line.get_xdata()) == 2)


def test_tables_read_from_files_are_drawn_alike(tables, figure, tmp_path):
    """Where an empty origin has become NaN."""
    read = []
    for number, table in enumerate(tables):
        table.to_csv(tmp_path / f"{number}.csv", index=False)
        read.append(pd.read_csv(tmp_path / f"{number}.csv"))
    labels = [
        [container.get_label() for axes in drawn.axes for container in axes.containers]
        for drawn in (figure, data_variations(*read))
    ]
    assert labels[0] == labels[1]


def test_curves_of_other_experiments_are_not_drawn(tables):
    curves, *rest = tables
    with pytest.raises(ReplicationError, match="run the stage"):
        data_variations(curves.assign(experiment="teacher_student"), *rest)


@pytest.mark.slow
def test_figures_have_the_same_bytes_every_time(tables):
    one_task = [table[table["task"] == "calorimeter"] for table in tables]
    for draw in (lambda: dimension(toy_exponents()), lambda: data_variations(*one_task)):
        assert png_bytes(draw(), "of toys") == png_bytes(draw(), "of toys")
