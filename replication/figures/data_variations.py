"""Exhibit: what changes the exponent of a learning curve and what does not, as in arXiv 2102.06701."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from replication.errors import ReplicationError
from replication.figures.palettes import QUALITATIVE, ramp
from replication.figures.style import MARKERS, readable_log_axis, styled, subjects
from replication.schema import (
    APPROACHES,
    BASELINE,
    CLASSES,
    DATA_VARIATION,
    LABELS,
    NOISE,
    SIDE,
    TEACHER,
    VARIATION,
    subject_name,
    variation_name,
)

# what is varied: title of its panel, and the ramp of colours of its curves
PANELS = {
    CLASSES: ("classes merged", "cool"),
    NOISE: ("noise on the inputs", "warm"),
    SIDE: ("pixels pooled", "green"),
}
TARGETS = {LABELS: ("labels", "o", "black"), TEACHER: ("random teacher", "s", QUALITATIVE[0])}
SPREAD = 0.16  # between the labels' and the teacher's marks on the axis of variations


@styled
def data_variations(curves: pd.DataFrame, exponents: pd.DataFrame, differences: pd.DataFrame) -> Figure:
    """One row for each method and task: learning curves of the data and of the data changed, how far alpha_D moves.

    curves, exponents and differences: the tables of regimes, of which those of this experiment are drawn. Curves are of
    labels: means over draws with standard errors, alpha_D in the legend, its power law over the fit window as a line.
    Last panel: alpha_D minus that of the unvaried data, pair by pair, with intervals; squares are of random teachers of
    the same kernel. A task without images or classes lacks those panels. ReplicationError without curves.
    """
    curves = curves[curves["experiment"] == DATA_VARIATION]
    if curves.empty:
        raise ReplicationError("no varied data to draw", "run the stage that varies the data first")
    of_size = (exponents["variable"] == "training_size") & exponents["origin"].fillna("").eq("")
    tables = curves, exponents[(exponents["experiment"] == DATA_VARIATION) & of_size], differences
    rows = [(method, *task) for method in APPROACHES for task in subjects(curves[curves["method"] == method])]
    figure = Figure(figsize=(14.5, 0.5 + 3.5 * len(rows)))
    grid = figure.subplots(len(rows), len(PANELS) + 1, squeeze=False)
    for (method, task, dataset), axes_row in zip(rows, grid, strict=True):
        measured, laws, moved = (t[(t["task"] == task) & (t["method"] == method)] for t in tables)
        for axes, varied in zip(axes_row, PANELS, strict=False):
            _curves(axes, varied, measured[measured["target"] == LABELS], laws[laws["target"] == LABELS])
        _differences(axes_row[-1], moved)
        _titles(axes_row, f"{subject_name(task, dataset)}, {APPROACHES[method]}")
    return figure


def _titles(row: list[Axes], task: str) -> None:
    """The task stands with the first panel that is drawn, what is varied with each."""
    titles = [*(title for title, _ in PANELS.values()), "change of the exponent"]
    drawn = [(axes, title) for axes, title in zip(row, titles, strict=True) if axes.axison]
    for index, (axes, title) in enumerate(drawn):
        axes.set_title(title if index else f"{task}\n{title}", loc="left", fontweight="bold", fontsize=12)
    drawn[0][0].set_ylabel(r"test loss $L(D)$")


def _curves(axes: Axes, varied: str, curves: pd.DataFrame, laws: pd.DataFrame) -> None:
    """The unvaried labels, and every variation of the panel's kind."""
    chosen = curves[curves["varied"].isin((BASELINE, varied))]
    by_case = list(chosen.groupby(VARIATION, sort=False, dropna=False))
    if len(by_case) == 1:
        axes.set_axis_off()
        return
    colours = ["black", *ramp(PANELS[varied][1], len(by_case) - 1)]
    laws = laws.set_index([laws["varied"], laws["value"].fillna(0)])
    for index, ((case, curve), colour) in enumerate(zip(by_case, colours, strict=True)):
        law = laws.loc[(case[0], np.nan_to_num(case[1]))]
        _curve(axes, curve.sort_values("training_size"), law, colour, MARKERS[index])
    axes.set(xscale="log", yscale="log", xlabel=r"training points $D$")
    low, high = axes.get_ylim()
    axes.set_ylim(low / (high / low) ** (0.11 * len(by_case)), high)  # room for the legend
    for axis in (axes.xaxis, axes.yaxis):
        readable_log_axis(axis)
    axes.legend(
        loc="lower left", fontsize=9.5, handlelength=1.2, labelspacing=0.25, title=r"$\alpha_D$", alignment="left"
    )


def _curve(axes: Axes, curve: pd.DataFrame, law: pd.Series, colour: Any, marker: str) -> None:
    sizes, loss = curve["training_size"].to_numpy(float), curve["mean"].to_numpy()
    inside = (law["smallest"] <= sizes) & (sizes <= law["largest"])
    centre, level = (np.exp(np.log(values[inside]).mean()) for values in (sizes, loss))
    window = sizes[inside]
    axes.plot(window, level * (window / centre) ** -law["exponent"], color=colour, linewidth=1.2, zorder=2)
    label = rf"{_name(law)}: {law['exponent']:.3f} $\pm$ {law['exponent_standard_error']:.3f}"
    style = {"color": colour, "marker": marker, "markersize": 4.5, "elinewidth": 1.0, "linestyle": "none"}
    axes.errorbar(sizes, loss, curve["mean_standard_error"], label=label, zorder=3, **style)


def _name(row: pd.Series) -> str:
    """What distinguishes a case within its panel."""
    return variation_name(row["varied"], row["value"]).replace(" x ", r" $\times$ ") or "unvaried"


def _differences(axes: Axes, differences: pd.DataFrame) -> None:
    """One line for each variation, from the top."""
    names = [_name(row) for _, row in differences.iterrows()]
    lines = {name: line for line, name in enumerate(dict.fromkeys(names))}
    heights = np.array([lines[name] for name in names], float)
    axes.axvline(0, color="0.45", linewidth=0.9, zorder=1)
    for line in range(0, len(lines), 2):
        axes.axhspan(line - 0.5, line + 0.5, color="0.95", linewidth=0, zorder=0)
    for sign, (target, (label, marker, colour)) in zip((-1, 1), TARGETS.items(), strict=True):
        chosen = (differences["target"] == target).to_numpy()
        points = differences[chosen]
        if points.empty:  # of trained networks nobody asks random teachers of a kernel
            continue
        ends = points["difference_lower"], points["difference_upper"]
        bars = np.stack([points["difference"] - ends[0], ends[1] - points["difference"]])
        style: dict[str, Any] = {"marker": marker, "color": colour, "linestyle": "none", "elinewidth": 1.2}
        axes.errorbar(points["difference"], heights[chosen] + sign * SPREAD, xerr=bars, zorder=3, label=label, **style)
    axes.set_yticks(list(lines.values()), list(lines))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.set(xlabel=r"$\alpha_D$ minus unvaried", ylim=(len(lines) - 0.5 + 0.13 * max(len(lines), 5), -0.5))
    axes.legend(loc="lower left", fontsize=9.5, handlelength=1.0, ncols=2, columnspacing=1.0)
