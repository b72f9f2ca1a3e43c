"""Exhibit: learning curves predicted from the kernel's spectrum beside those of networks at infinite width."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from replication.errors import ReplicationError
from replication.figures.intervals import over_training_sets
from replication.figures.style import (
    COLOURS,
    METHOD_MARKERS,
    SYMBOLS,
    TRAINING_SIZE,
    dodged,
    readable_log_axis,
    statistic_axis,
    styled,
    subjects,
)
from replication.schema import INFINITE_WIDTH_METHODS as METHODS
from replication.schema import subject_name

LINES: dict[str, Any] = {"gradient_descent": "solid", "bayes": "dashed"}


@styled
def learning_curve_theory(exact: pd.DataFrame, theory: pd.DataFrame) -> Figure:
    """mu_L, sigma_L and eps_L (columns) of each task (rows) against N_D: converged networks and what theory predicts.

    Points: exact values of gradient descent and Bayesian inference, means over draws of the training set; bars are the
    error of that mean. Lines: learning-curve theory, which saw no training set. Beneath, their ratio, where both have
    the training size, with the same bars; a ratio of one is drawn as a line. Points of Bayes stand a few per cent
    beside the others.
    """
    exact = exact[np.isinf(exact.training_time)]
    if exact.empty or theory.empty:
        missing = "converged networks at infinite width" if exact.empty else "learning-curve theory"
        raise ReplicationError(f"no {missing} to draw", "predict them first")
    rows = subjects(exact)
    figure, grid = _grid(len(rows))
    for (task, dataset), axes_row in zip(rows, grid, strict=True):
        for (axes, below), statistic in zip(axes_row, SYMBOLS, strict=True):
            _panel(axes, below, statistic, exact[exact.task == task], theory[theory.task == task])
        axes_row[0][0].set_title(subject_name(task, dataset), loc="left", fontweight="bold")
        axes_row[0][1].set_ylabel("exact /\ntheory", fontsize=12, linespacing=0.9)
    for _, below in grid[-1]:
        below.set_xlabel(TRAINING_SIZE)
        below.tick_params(labelbottom=True)
    readable_log_axis(grid[0][0][0].xaxis)  # the panels share this axis
    handles, labels = zip(*_legend(exact, theory), strict=True)
    figure.legend(handles, labels, loc="lower center", ncols=len(handles), borderaxespad=0)
    return figure


def _grid(rows: int) -> tuple[Figure, list]:
    """For each row and statistic a panel and, right beneath, a lower one; fixed margins, as to find them takes long."""
    width, height = 11, 1.05 + 2.95 * rows
    figure = Figure(figsize=(width, height))
    figure.set_layout_engine("none")  # after the one of the style sheet, which saving would bring back otherwise
    outer = figure.add_gridspec(
        rows,
        len(SYMBOLS),
        left=1.05 / width,
        right=1 - 0.1 / width,
        bottom=0.95 / height,
        top=1 - 0.32 / height,
        wspace=0.36,
        hspace=0.16,
    )
    grid: list = [[[] for _ in SYMBOLS] for _ in range(rows)]
    for row, column in np.ndindex(rows, len(SYMBOLS)):
        cells = outer[row, column].subgridspec(2, 1, height_ratios=[2.8, 1], hspace=0.1)
        for cell in (cells[0], cells[1]):
            axes = figure.add_subplot(cell, sharex=figure.axes[0] if figure.axes else None)
            axes.tick_params(labelbottom=False)
            axes.yaxis.set_label_coords(-0.225, 0.5)
            grid[row][column].append(axes)
    figure.axes[0].set_xscale("log")
    return figure, grid


def _panel(axes: Axes, below: Axes, statistic: str, exact: pd.DataFrame, theory: pd.DataFrame) -> None:
    axes.set_ylabel(SYMBOLS[statistic])
    below.axhline(1, color="0.45", linewidth=0.9, zorder=0, label="_one")
    for index, method in enumerate(METHODS):
        style = {"color": COLOURS[method], "markersize": 4.5, "elinewidth": 1.1}
        predicted = theory[theory.method == method].set_index("training_size")[statistic].sort_index()
        if len(predicted):
            label = f"{METHODS[method]}, theory"
            axes.plot(predicted.index, predicted, color=style["color"], linestyle=LINES[method], label=label)
        if not (chosen := exact[exact.method == method]).empty:
            points = over_training_sets(chosen, statistic).set_index("training_size")
            look: dict[str, Any] = style | {"linestyle": "none", "marker": METHOD_MARKERS[method]}
            ratio = points.div(predicted, axis=0).dropna(subset="estimate")
            for ax, values in ((axes, points), (below, ratio)):
                bars = np.stack([values.estimate - values.lower, values.upper - values.estimate])
                ax.errorbar(
                    dodged(values.index, index, len(METHODS)), values.estimate, bars, label=METHODS[method], **look
                )
    _scales(axes, below, statistic)


def _scales(axes: Axes, below: Axes, statistic: str) -> None:
    """Of a panel and of the ratio beneath it."""
    seen = np.concatenate([line.get_ydata(orig=False) for line in axes.lines])
    statistic_axis(axes, statistic, seen[np.isfinite(seen)])
    below.margins(y=0.15)
    low, high = below.get_ylim()
    edge = 0.1 * (high - low)  # where a tick's label would touch that of the panel above
    ticks = np.asarray(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high))
    below.yaxis.set_major_locator(FixedLocator(ticks[(low + edge <= ticks) & (ticks <= high - edge)].tolist()))
    below.yaxis.set_minor_locator(NullLocator())
    below.yaxis.set_major_formatter("{x:g}")


def _legend(exact: pd.DataFrame, theory: pd.DataFrame) -> list[tuple]:
    """(artist, text) pairs."""
    entries = []
    for method, name in METHODS.items():
        if (exact.method == method).any():
            mark = Line2D([], [], color=COLOURS[method], linestyle="none", marker=METHOD_MARKERS[method])
            entries.append((mark, f"{name}, exact"))
        if (theory.method == method).any():
            entries.append((Line2D([], [], color=COLOURS[method], linestyle=LINES[method]), f"{name}, theory"))
    return entries
