"""Exhibit: from infinite width to linearised to trained networks, and what becomes of the corrections in 1 / n."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from replication.figures.style import METHOD_MARKERS, SYMBOLS, readable_log_axis, styled, subjects
from replication.schema import FINITE, STATISTICS, subject_name

ASIDE = {"trained": 0.985, "linearised": 1.015}  # on the axis of 1 / n, so that bars do not cover each other
LINES: dict[str, Any] = {"trained": "solid", "linearised": "dashed"}
LABEL_ROOM = 0.09  # of the axis of 1 / n
COLOURS = {"trained": "#b5375a", "linearised": "#2b6ca3"}


@styled
def ladder(ratios: pd.DataFrame, corrections: pd.DataFrame, sizes: tuple[int, ...]) -> Figure:
    """mu_L, sigma_L and eps_L (columns) over infinite width against 1 / n for each task (rows).

    Circles: trained; squares: linearised at the same initial weights; bars are bootstrap errors of the members. Lines:
    ln ratio = intercept + slope / n, fitted, and continued to 1 / n = 0, where infinite width is (cross). Darker: the
    largest of the training sizes in the fit window; lighter: the smallest.
    """
    rows, chosen = subjects(ratios), (min(sizes), max(sizes))
    figure = Figure(figsize=(10.6, 0.9 + 2.7 * len(rows)))
    grid = figure.subplots(len(rows), len(STATISTICS), sharex=True, squeeze=False)
    for (task, dataset), axes_row in zip(rows, grid, strict=True):
        for axes, statistic in zip(axes_row, STATISTICS, strict=True):
            points, fits = (
                table[(table["task"] == task) & (table["statistic"] == statistic)] for table in (ratios, corrections)
            )
            _panel(axes, points, fits, chosen)
            axes.set_ylabel(f"{SYMBOLS[statistic].split(' ')[0].rstrip('$')}$ / infinite width")
        axes_row[0].set_title(subject_name(task, dataset), loc="left", fontweight="bold")
    for axes in grid[-1]:
        axes.set_xlabel(r"1 / width $n$")
    _width_axis(grid[-1, 0], np.sort(ratios["width"].unique()))
    for axes in grid.ravel():
        readable_log_axis(axes.yaxis)
    handles = [Line2D([], [], linestyle="none", marker="x", color="black", label="infinite width")]
    for size, strength in zip(chosen, (0.45, 1.0), strict=True):
        for method in FINITE:
            look: dict[str, Any] = {"color": COLOURS[method], "alpha": strength, "linestyle": LINES[method]}
            marker = METHOD_MARKERS["gradient_descent" if method == "trained" else "bayes"]
            handles.append(Line2D([], [], marker=marker, label=rf"{method}, $N_D = {size}$", **look))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _panel(axes: Axes, ratios: pd.DataFrame, fits: pd.DataFrame, sizes: tuple[int, int]) -> None:
    axes.set_yscale("log")
    axes.axhline(1, color="0.6", linewidth=0.9, zorder=0)
    axes.plot([0], [1], "x", color="black", markersize=7, zorder=4, clip_on=False)
    for size, strength in zip(sizes, (0.45, 1.0), strict=True):
        for method in FINITE:
            curve = ratios[(ratios["method"] == method) & (ratios["training_size"] == size)].sort_values("width")
            if curve.empty:
                continue
            x = 1 / curve["width"].to_numpy(float)
            marker = METHOD_MARKERS["gradient_descent" if method == "trained" else "bayes"]
            style: dict[str, Any] = {"color": COLOURS[method], "alpha": strength}
            axes.errorbar(
                ASIDE[method] * x, curve["ratio"], curve["ratio_standard_error"], linestyle="none", marker=marker,
                elinewidth=1.1, **style,
            )  # fmt: skip
            fit = fits[(fits["method"] == method) & (fits["training_size"] == size)].set_index("parameter")["estimate"]
            line = np.linspace(0, x.max(), 50)
            axes.plot(line, np.exp(fit["intercept"] + fit["slope"] * line), linestyle=LINES[method], **style)


def _width_axis(axes: Axes, widths: np.ndarray) -> None:
    """Ticks at the widths themselves, where 1 / n is, labelled where there is room."""
    ticks, labels, last = [0.0, *sorted(1 / widths)], ["0"], 0.0
    for tick in ticks[1:]:
        room = tick - last > LABEL_ROOM * ticks[-1]
        labels.append(f"1/{1 / tick:.0f}" if room else "")
        last = tick if room else last
    axes.set_xticks(ticks, labels)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(left=-0.02 * ticks[-1])
