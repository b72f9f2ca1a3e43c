"""Exhibit: what the plateau of eps_L at infinite width depends on."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from replication.errors import ReplicationError
from replication.figures.intervals import over_training_sets
from replication.figures.style import COLOURS, METHOD_MARKERS, SYMBOLS, linear_from_zero, styled, subjects
from replication.schema import INFINITE_WIDTH_METHODS as METHODS
from replication.schema import subject_name

VARIED = {
    "depth": "hidden layers",
    "weight_variance": r"weight variance $C_W$",
    "bias_variance": r"bias variance $C_b$",
    "target_scale": "scale of the targets",
}
LARGEST: dict[str, Any] = {"linestyle": "solid"}
SMALLER: dict[str, Any] = {"linestyle": (0, (3, 1.5)), "linewidth": 1.1, "markerfacecolor": "white", "alpha": 0.75}
UNVARIED: dict[str, Any] = {"color": "0.85", "linewidth": 5, "solid_capstyle": "butt"}
EPS = "coefficient_of_variation"
MOST_TICKS = 6


@styled
def plateau_dependence(variations: pd.DataFrame) -> Figure:
    """eps_L of converged networks against one property of network or target at a time (columns), for each task (rows).

    Solid: at the largest training size; dashed, open: at the next smaller one, half of it in the settings given here.
    Where the two agree eps_L has a plateau; where both move with the value, the plateau depends on it. Bars: error of
    the mean over draws of the training set, the same draws at every value. Grey: the value of the network in all
    other exhibits, from which the others depart one at a time.
    """
    sizes = _sizes(variations)
    rows, values = subjects(variations), variations.groupby("varied")["value"].unique()
    columns = [name for name in VARIED if name in values]
    handles, labels = zip(*_legend(variations, sizes), strict=True)
    beside = min(3, len(columns))
    figure, grid = _grid(len(rows), len(columns), -(-len(handles) // beside))
    for (task, dataset), axes_row in zip(rows, grid, strict=True):
        chosen = variations[(variations.task == task) & variations.training_size.isin(sizes)]
        for axes, varied in zip(axes_row, columns, strict=True):
            _panel(axes, chosen, varied, sizes)
        linear_from_zero(axes_row[0])  # the row shares this axis
        axes_row[0].set_ylabel(SYMBOLS[EPS])
        axes_row[0].yaxis.set_label_coords(-0.22, 0.5)
        axes_row[0].set_title(subject_name(task, dataset), loc="left", fontweight="bold")
    for axes, varied in zip(grid[-1], columns, strict=True):
        axes.set_xlabel(VARIED[varied])
        _values_axis(axes, np.sort(values[varied]), varied)
    figure.legend(handles, labels, loc="lower center", ncols=beside, borderaxespad=0)
    return figure


def _grid(rows: int, columns: int, legend_rows: int) -> tuple[Figure, np.ndarray]:
    """Panels with fixed margins, as to find them takes long."""
    bottom = 0.68 + 0.24 * legend_rows
    width, height = 0.9 + 2.55 * columns, 0.3 + bottom + 2.3 * rows
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("none")  # after the one of the style sheet, which saving would bring back otherwise
    edges = {"left": 0.85 / width, "right": 1 - 0.1 / width, "bottom": bottom / height, "top": 1 - 0.32 / height}
    grid = figure.subplots(
        rows, columns, sharex="col", sharey="row", squeeze=False, gridspec_kw=edges | {"wspace": 0.05, "hspace": 0.18}
    )
    return figure, grid


def _sizes(variations: pd.DataFrame) -> list[int]:
    """The two largest training sizes that all tasks have, the largest first."""
    tasks = variations.groupby("training_size").task.nunique()
    sizes = tasks.index[tasks == variations.task.nunique()].sort_values(ascending=False)
    if sizes.empty:
        raise ReplicationError("the tasks' varied networks share no training size", "vary them at the same sizes")
    return [int(size) for size in sizes[:2]]


def _panel(axes: Axes, variations: pd.DataFrame, varied: str, sizes: list[int]) -> None:
    subset = variations[variations.varied == varied]
    if (unvaried := _unvaried_value(variations, subset)) is not None:
        axes.axvline(unvaried, zorder=0, label="_unvaried", **UNVARIED)
    for size, look in reversed(list(zip(sizes, (LARGEST, SMALLER), strict=False))):
        for method in METHODS:
            chosen = subset[(subset.method == method) & (subset.training_size == size)]
            if chosen.empty:
                continue
            curve = over_training_sets(chosen, EPS, by="value")
            bars = np.stack([curve.estimate - curve.lower, curve.upper - curve.estimate])
            style = {"color": COLOURS[method], "marker": METHOD_MARKERS[method]} | look
            label = f"{METHODS[method]}, {size}"
            axes.errorbar(curve["value"], curve.estimate, bars, elinewidth=1.1, label=label, **style)


def _unvaried_value(variations: pd.DataFrame, subset: pd.DataFrame) -> float | None:
    """The value of the unvaried network: there eps_L is that of targets of scale 1, set by set."""
    keys = ["method", "training_size", "draw"]
    unvaried = variations[(variations.varied == "target_scale") & (variations.value == 1)].set_index(keys)[EPS]
    for value, group in subset.groupby("value"):
        if np.allclose(group[EPS], unvaried.reindex(pd.MultiIndex.from_frame(group[keys])), rtol=1e-6, atol=0):
            return value
    return None


def _values_axis(axes: Axes, values: np.ndarray, varied: str) -> None:
    """Ticks at the values themselves; logarithmic for scales, and above zero for variances that include zero."""
    if varied == "target_scale":
        axes.set_xscale("log")
    elif varied == "bias_variance" and values[0] == 0 < values[-1]:
        axes.set_xscale("symlog", linthresh=values[1], linscale=0.5)
        axes.set_xlim(-0.4 * values[1], 1.3 * values[-1])
    axes.xaxis.set_minor_locator(NullLocator())
    if len(values) <= MOST_TICKS:
        axes.xaxis.set_major_locator(FixedLocator(values.tolist()))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _legend(variations: pd.DataFrame, sizes: list[int]) -> list[tuple]:
    """(artist, text) pairs."""
    entries = []
    for method in METHODS:
        if (variations.method == method).any():
            for size, look in zip(sizes, (LARGEST, SMALLER), strict=False):
                style = {"color": COLOURS[method], "marker": METHOD_MARKERS[method]} | look
                entries.append((Line2D([], [], **style), rf"{METHODS[method]}, $N_D = {size}$"))
    if (variations.value[variations.varied == "target_scale"] == 1).any():
        entries.append((Line2D([], [], **UNVARIED), "network of the other exhibits"))
    return entries
