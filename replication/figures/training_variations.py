"""Exhibit: eps_L of networks that are trained, parametrised or built otherwise."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replication.figures.palettes import qualitative
from replication.figures.style import (  # fmt: skip
    MARKERS,
    SYMBOLS,
    TRAINING_SIZE,
    dodged,
    linear_from_zero,
    readable_log_axis,
    styled,
    subjects,
)
from replication.scaling_laws.estimates import plus_minus
from replication.schema import subject_name

EPS = "coefficient_of_variation"
LEGEND_LINE = 0.085  # of a panel's height, kept free for each line of its legend
TITLES = {
    "algorithm": "algorithm",
    "parametrisation": "parametrisation",
    "activation": "activation",
    "depth": "hidden layers",
}
NAMES = {
    "gradient_descent": "gradient descent",
    "minibatch_gradient_descent": "the same, mini-batches",
    "minibatch_adam": "adam, mini-batches",
    "mup": r"$\mu$P",
    "ntk": "NTK",
}


@styled
def training_variations(curves: pd.DataFrame, expected: pd.DataFrame, plateaus: pd.DataFrame) -> Figure:
    """eps_L against N_D when one property is changed at a time (columns), for each task (rows).

    Points: trained ensembles with bootstrap intervals over members; lines of the same colour: infinite width after the
    same steps, where its law is known. In the legends the slope d ln eps_L / d ln N_D of the trained, +- its error.
    """
    rows, columns = subjects(curves), [name for name in TITLES if (curves["varied"] == name).any()]
    figure = Figure(figsize=(0.9 + 2.9 * len(columns), 0.6 + 2.7 * len(rows)))
    grid = figure.subplots(len(rows), len(columns), sharex=True, sharey="row", squeeze=False)
    for (task, dataset), axes_row in zip(rows, grid, strict=True):
        for axes, varied in zip(axes_row, columns, strict=True):
            tables = [
                table[(table["task"] == task) & (table["varied"] == varied)] for table in (curves, expected, plateaus)
            ]
            _panel(axes, *tables)
        linear_from_zero(axes_row[0])
        lines = 1 + max(len(axes.get_legend().get_texts()) for axes in axes_row)
        axes_row[0].set_ylim(top=axes_row[0].get_ylim()[1] / (1 - LEGEND_LINE * lines))
        axes_row[0].set_ylabel(SYMBOLS[EPS])
        axes_row[0].set_title(subject_name(task, dataset), loc="left", fontweight="bold", pad=18)
    for axes, varied in zip(grid[0], columns, strict=True):
        axes.set_title(TITLES[varied], loc="right")
    for axes in grid[-1]:
        axes.set_xlabel(TRAINING_SIZE)
    return figure


def _panel(axes: Axes, curves: pd.DataFrame, expected: pd.DataFrame, plateaus: pd.DataFrame) -> None:
    values = list(dict.fromkeys(curves["value"].astype(str)))
    axes.set_xscale("log")
    for index, (value, colour) in enumerate(zip(values, qualitative(len(values)), strict=True)):
        points = curves[curves["value"].astype(str) == value]
        known = expected[(expected["value"].astype(str) == value) & expected[EPS].notna()]
        if len(known):
            axes.plot(known["training_size"], known[EPS], color=colour, linewidth=1.2, zorder=1)
        fit = plateaus[(plateaus["value"].astype(str) == value) & (plateaus["parameter"] == "slope")].iloc[0]
        slope = plus_minus(fit["estimate"], fit["standard_error"])
        bars = np.abs(np.stack([points[EPS] - points[f"{EPS}_lower"], points[f"{EPS}_upper"] - points[EPS]]))
        axes.errorbar(
            dodged(points["training_size"], index, len(values)), points[EPS], bars, linestyle="none", color=colour,
            marker=MARKERS[index], elinewidth=1.1, label=f"{NAMES.get(value, value)}: {slope}",
        )  # fmt: skip
    axes.legend(title="slope", fontsize=8, title_fontsize=8, loc="upper right", frameon=False)
    readable_log_axis(axes.xaxis)
