"""Figures of finite width and of the regimes: they show the numbers of their tables, and the same bytes each time."""

import numpy as np
import pandas as pd
import pytest

from replication.errors import ReplicationError
from replication.figures.least_widths import least_widths
from replication.figures.loss_law import loss_law
from replication.figures.plateau_origin import plateau_origin
from replication.figures.regimes import regimes
from replication.figures.saving import png_bytes
from replication.figures.training_variations import training_variations
from replication.schema import APPROACHES, REGIMES, curve_name, is_baseline, regime_of
from tests import synthetic_tables as tables


def points(axes):
    """Coordinates of the points of every error bar in a panel."""
    return [container[0].get_xydata() for container in axes.containers]


@pytest.mark.parametrize("tasks", [["digits"], list(tables.SOURCES)])
def test_least_widths_are_lines_as_computed_and_points_as_measured(tasks):
    table = tables.least_widths(tasks)
    figure = least_widths(table)
    assert [axes.get_title(loc="left") for axes in figure.axes[: len(tasks)]] == [
        f"{task} ({tables.SOURCES[task]})" for task in tasks
    ]
    for task, axes in zip(tasks, figure.axes, strict=False):
        drawn = points(axes)
        for place, value in enumerate(tables.SCALES):
            own = table[(table["task"] == task) & (table["value"] == value)]
            np.testing.assert_allclose(axes.lines[4 * place].get_ydata(), own["predicted"])
            np.testing.assert_allclose(axes.lines[4 * place + 2].get_ydata(), own["reach"])
            np.testing.assert_allclose(drawn[place][:, 1], own["measured"].dropna())


def test_a_c_that_is_not_positive_asks_for_no_width():
    table = tables.least_widths(["digits"]).assign(predicted=-3.0)
    (axes,) = least_widths(table).axes[:1]
    assert np.isnan(axes.lines[0].get_ydata()).all()


def test_the_law_of_the_loss_is_drawn_over_the_members():
    arguments = tables.expansion_members(["digits"]), tables.expansion(["digits"]), tables.expansion_theory(["digits"])
    axes = loss_law(*arguments, "matched", 0.68).axes[0]
    limit, order = axes.lines
    for line, mean, eps in ((limit, 1.0, 0.06), (order, 1 - 2 / 256, np.sqrt(0.06**2 + 0.21 / 256))):
        x, y = line.get_data()
        assert x[np.argmax(y)] == pytest.approx(mean, abs=1e-3)
        assert y.max() == pytest.approx(1 / np.sqrt(2 * np.pi) / (mean * eps), rel=1e-3)
    assert sum(bar.get_height() * bar.get_width() for bar in axes.patches[:-1]) == pytest.approx(1)
    members = arguments[0].query("value == 'matched' and method == 'trained' and width == 256 and training_size == 32")
    half = 0.99446 * (1 - 2 / 256) * np.sqrt(0.06**2 + 0.21 / 256)
    share = np.mean(np.abs(members["test_loss"] - (1 - 2 / 256)) <= half)
    assert f"$N_D$ = 32, $n$ = 256: {share:.0%} inside" in axes.get_xlabel()


def test_the_plateau_is_drawn_for_several_test_sets():
    exact = tables.exact(["digits"])
    figure = plateau_origin(exact, tables.plateaus_by_test_size(["digits"]))
    (axes,) = figure.axes[:1]
    converged = exact[(exact["method"] == "gradient_descent") & np.isinf(exact["training_time"])]
    kappa = 500 * (converged["coefficient_of_variation"] ** 2) * 3 / 4
    infinite = converged["coefficient_of_variation"] / 2
    for line, points_ in zip(axes.lines, (100, 1000, 10_000, np.inf), strict=True):
        by_size = np.sqrt(infinite**2 + kappa / points_).groupby(converged["training_size"]).mean()
        np.testing.assert_allclose(line.get_ydata(), by_size, rtol=1e-9)
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts[0] == r"$N_T$ 100: $-0.050 \pm 0.010$"
    assert texts[-1] == r"$N_T$ infinite: $-0.450 \pm 0.010$"


def test_variations_show_every_ensemble_and_the_theory_where_there_is_one():
    curves, expected = tables.varied_curves(["digits", "images"])
    figure = training_variations(curves, expected, tables.training_plateaus(["digits", "images"]))
    assert len(figure.axes) == 4
    algorithm, depth, *_ = figure.axes
    for axes, theories in ((algorithm, 1), (depth, 2)):
        assert [len(xy) for xy in points(axes)] == [3, 3]
        theory = [line for line in axes.lines if len(line.get_xdata()) == 3 and line.get_linestyle() == "-"]
        assert len(theory) == theories
    texts = [text.get_text() for text in algorithm.get_legend().get_texts()]
    assert texts == ["gradient descent: -0.123 ± 0.013", "adam: -0.123 ± 0.013"]


def as_they_are(exponents):
    """Curves of data as they are, with their regime."""
    exponents = exponents[(exponents["experiment"] != "data_variation") | is_baseline(exponents)]
    return exponents.assign(regime=exponents["experiment"].map(regime_of))


def test_regimes_show_every_curve_of_data_as_they_are_with_its_exponent():
    exponents = tables.regime_exponents()
    figure = regimes(tables.regime_curves(), exponents)
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(REGIMES.values())
    texts = [text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()]
    for fit in as_they_are(exponents).to_dict("records"):
        assert any(text.startswith(f"{curve_name(fit)}: {fit['exponent']:.2f}") for text in texts), fit
    assert not any("noise" in text or "classes" in text for text in texts)
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {*APPROACHES.values(), "exact formula"}


def test_regimes_keep_the_slopes_of_their_curves():
    """Curves are moved up and down to be told apart, and nothing else."""
    exponents = tables.regime_exponents()
    figure, fits = regimes(tables.regime_curves(), exponents), as_they_are(exponents)
    for axes, regime in zip(figure.axes, REGIMES, strict=True):
        for xy, fit in zip(points(axes), fits[fits["regime"] == regime].itertuples(), strict=True):
            np.testing.assert_allclose(np.diff(np.log(xy[:, 1])) / np.diff(np.log(xy[:, 0])), -fit.exponent, rtol=1e-9)


def test_of_many_curves_some_from_the_first_to_the_last_are_shown():
    curves = tables.regime_curves().query("method == 'random_features'")
    many = pd.concat([curves.assign(value=float(value)) for value in range(1, 9)])
    figure = regimes(many, tables.regime_exponents().head(0))
    texts = [text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()]
    assert [text for text in texts if text.startswith("power law")] == [f"power law, {n}" for n in (1, 3, 6, 8)]


def test_a_regime_without_a_curve_leaves_its_panel_empty():
    both = tables.regime_curves(), tables.regime_exponents()
    curves, exponents = (table[table["experiment"] != "variance_limited_data"] for table in both)
    figure = regimes(curves, exponents)
    assert [bool(points(axes)) for axes in figure.axes] == [False, True, True, True]


def test_no_regime_is_an_error():
    with pytest.raises(ReplicationError, match="no regimes to draw"):
        regimes(tables.regime_curves().head(0), tables.regime_exponents())


@pytest.mark.parametrize("tasks", [["digits"], list(tables.SOURCES)])
def test_legends_of_variations_lie_above_the_points(tasks):
    curves, expected = tables.varied_curves(tasks)
    figure = training_variations(curves, expected, tables.training_plateaus(tasks))
    figure.draw_without_rendering()
    for axes in figure.axes:
        bottom = axes.get_legend().get_window_extent().y0
        ends = [segment[:, 1].max() for container in axes.containers for segment in container[2][0].get_segments()]
        assert axes.transData.transform((1, max(ends)))[1] < bottom


@pytest.mark.slow
def test_figures_are_the_same_bytes_each_time():
    for draw in (lambda: least_widths(tables.least_widths(["digits"])),
                 lambda: regimes(tables.regime_curves(), tables.regime_exponents())):  # fmt: skip
        assert png_bytes(draw(), "toys") == png_bytes(draw(), "toys")
