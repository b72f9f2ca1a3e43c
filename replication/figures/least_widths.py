"""Exhibit: from which width on infinite width serves, predicted at infinite width and measured on trained networks."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replication.figures.palettes import QUALITATIVE
from replication.figures.style import (
    MARKERS,
    TRAINING_SIZE,
    dodged,
    legend_columns,
    panels_of,
    readable_log_axis,
    styled,
    subjects,
)
from replication.schema import subject_name


@styled
def least_widths(table: pd.DataFrame) -> Figure:
    """The width n from which eps_L is within a given ratio of infinite width, against N_D, for every output scale.

    Lines: c / ((ratio^2 - 1) eps_L^2) from order 1/n, dotted where the expansion does not reach so narrow networks and
    its own end, 4 N_D or 4 |b|, decides (thin line). Points: the same with c measured on trained ensembles, bars are
    standard errors; where the measured c is not positive the width is below what can be measured, and left out.
    """
    panels = subjects(table)
    figure, grid = panels_of(len(panels), 4.2, 3.4, 0.7, shared=True)
    values = list(dict.fromkeys(table["value"]))
    for axes, (task, dataset) in zip(grid, panels, strict=True):
        axes.set(xscale="log", yscale="log", xlabel=TRAINING_SIZE, ylabel=r"least width $n^*$")
        axes.set_title(subject_name(task, dataset), loc="left", fontweight="bold")
        for place, value in enumerate(values):
            own = table[(table["task"] == task) & (table["value"] == value)].sort_values("training_size")
            if len(own):
                _draw(axes, own, place, len(values))
    readable_log_axis(grid[0].xaxis)  # the panels share both axes
    readable_log_axis(grid[0].yaxis)
    figure.legend(handles=_legend(values), loc="outside lower center", ncols=legend_columns(len(panels)))
    return figure


def _draw(axes: Axes, own: pd.DataFrame, place: int, count: int) -> None:
    colour, size = QUALITATIVE[place], own["training_size"].to_numpy(float)
    predicted = own["predicted"].where(own["predicted"] > 0)  # a c below zero, within its error, asks for no width
    axes.plot(size, predicted, color=colour, linestyle="dotted")
    axes.plot(size, predicted.where(predicted >= own["reach"]), color=colour)
    axes.plot(size, own["reach"], color=colour, linewidth=0.8, alpha=0.6)
    seen = own[own["measured"] > own["measured_error"]]
    bars = seen["measured_error"]
    x = dodged(seen["training_size"], place, count)
    axes.errorbar(x, seen["measured"], bars, color=colour, marker=MARKERS[place], linestyle="none", elinewidth=1.1)


def _legend(values: list[str]) -> list[Line2D]:
    scales = [
        Line2D([], [], color=QUALITATIVE[place], marker=MARKERS[place], label=f"outputs {value}")
        for place, value in enumerate(values)
    ]
    return [*scales, Line2D([], [], color="0.4", linewidth=0.8, label="where order 1/n ends")]
