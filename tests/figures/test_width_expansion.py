"""eps_L against one over the width: the curves are those of b and c, the points those of the ensembles."""

import numpy as np
import pytest

from replication.figures.width_expansion import width_expansion
from tests import synthetic_tables

THEORY, ENSEMBLES = (make(["digits"]) for make in (synthetic_tables.expansion_theory, synthetic_tables.expansion))


def lines(axes, style):
    return [line for line in axes.lines if line.get_linestyle() == style and len(line.get_xdata()) > 10]


def test_lines_are_the_law_and_dashed_beyond_its_reach():
    figure = width_expansion(THEORY)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "digits (uci_digits), g = 1", "digits (uci_digits), g = 0.21 (matched)",
    ]  # fmt: skip
    for axes, scale in zip(figure.axes, (1.0, 0.21), strict=True):
        for style, beyond in (("-", False), ("--", True)):
            for size, line in zip((16, 32), lines(axes, style), strict=True):
                x, y = line.get_data()
                np.testing.assert_allclose(y, np.sqrt(0.06**2 + scale * x), rtol=1e-12)
                assert ((size * x > 0.25) == beyond).all()


def test_the_widths_are_named_and_infinity_is_among_them():
    figure = width_expansion(THEORY)
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == [r"$\infty$", "256", "64"]
    assert figure.axes[0].get_ylim()[0] == 0


def test_points_are_the_estimates_with_the_shorter_intervals():
    axes = width_expansion(THEORY, ENSEMBLES).axes[0]
    drawn = [container for container in axes.containers if len(container.lines[0].get_xdata()) == 2]
    assert len(drawn) == 4  # methods times sizes
    for container in drawn:
        x, y = container.lines[0].get_data()
        (bars,) = container.lines[2]
        ends = np.array(bars.get_segments())[:, :, 1]
        np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 2 * 0.05 * y, rtol=1e-9)
        np.testing.assert_allclose(np.asarray(x, float), [1 / 64, 1 / 256], rtol=0.1)


def test_a_table_of_a_program_has_one_panel():
    own = THEORY[THEORY["value"] == "matched"].drop(columns=["task", "dataset", "value"])
    (axes,) = width_expansion(own).axes
    assert axes.get_title(loc="left") == "g = 0.21"
    assert width_expansion(own.assign(output_scale=0.0)).axes[0].get_title(loc="left") == "centred"
    assert "order" in axes.figure.legends[0].get_texts()[0].get_text()


@pytest.mark.parametrize("empty", [ENSEMBLES.iloc[:0], None])
def test_theory_stands_alone(empty):
    assert len(width_expansion(THEORY, empty).axes) == 2
