"""Figures of finite width and of the regimes: they show the numbers of their tables, and the same bytes each time."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.experiments.regime_names import REGIMES, ROUTES
from replication.figures.ladder import ladder
from replication.figures.regimes import regimes
from replication.figures.saving import png_bytes
from replication.figures.training_variations import training_variations
from tests import synthetic_tables as tables

CHOSEN = (32, 128)


def points(axes):
    """Coordinates of the points of every error bar in a panel."""
    return [container[0].get_xydata() for container in axes.containers]


@pytest.mark.parametrize("tasks", [["digits"], list(tables.SOURCES)])
def test_the_ladder_shows_ratios_and_their_fits(tasks):
    figure = ladder(tables.width_ratios(tasks), tables.corrections(tasks), CHOSEN)
    assert len(figure.axes) == 3 * len(tasks)
    ratio = np.exp(0.02 - 3.1 / np.array(tables.WIDTHS))
    for axes in figure.axes:
        drawn = points(axes)
        assert len(drawn) == 2 * len(CHOSEN)
        for xy in drawn:
            np.testing.assert_allclose(np.sort(xy[:, 1]), np.sort(ratio), rtol=1e-12)
            np.testing.assert_allclose(np.sort(xy[:, 0]), np.sort(1 / np.array(tables.WIDTHS)), rtol=0.02)
        lines = [line.get_xydata() for line in axes.lines if len(line.get_xdata()) == 50]
        assert len(lines) == 2 * len(CHOSEN)
        for line in lines:  # down to infinite width, at 1 / n = 0
            np.testing.assert_allclose(line[0], [0, np.exp(0.02)], rtol=1e-12)
    assert figure.axes[-1].get_xlabel() == r"1 / width $n$"
    assert [axes.get_title(loc="left") for axes in figure.axes[::3]] == [f"{t} ({tables.SOURCES[t]})" for t in tasks]


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


def test_regimes_show_every_series_with_its_exponent():
    figure = regimes(tables.regime_curves(), tables.regime_exponents())
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(REGIMES.values())
    texts = [text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()]
    for fit in tables.regime_exponents().itertuples():
        assert any(text.startswith(f"{fit.series}: {fit.exponent:.2f}") for text in texts), fit.series
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {*ROUTES.values(), "exact formula"}


def test_regimes_keep_the_slopes_of_their_curves():
    """Curves are moved up and down to be told apart, and nothing else."""
    exponents = tables.regime_exponents()
    figure = regimes(tables.regime_curves(), exponents)
    for axes, regime in zip(figure.axes, REGIMES, strict=True):
        for xy, fit in zip(points(axes), exponents[exponents["regime"] == regime].itertuples(), strict=True):
            np.testing.assert_allclose(np.diff(np.log(xy[:, 1])) / np.diff(np.log(xy[:, 0])), -fit.exponent, rtol=1e-9)


def test_a_regime_without_a_series_leaves_its_panel_empty():
    both = tables.regime_curves(), tables.regime_exponents()
    curves, exponents = (table[table["regime"] != "variance_data"] for table in both)
    figure = regimes(curves, exponents)
    assert [bool(points(axes)) for axes in figure.axes] == [False, True, True, True]


def test_no_regime_is_an_error():
    with pytest.raises(ReplicationError, match="no regimes to draw"):
        regimes(tables.regime_curves().head(0), tables.regime_exponents())


def test_the_same_tables_give_the_same_bytes():
    def drawn():
        yield ladder(tables.width_ratios(["digits"]), tables.corrections(["digits"]), CHOSEN)
        yield training_variations(*tables.varied_curves(["digits"]), tables.training_plateaus(["digits"]))
        yield regimes(tables.regime_curves(), tables.regime_exponents())

    assert [png_bytes(figure, "p") for figure in drawn()] == [png_bytes(figure, "p") for figure in drawn()]
