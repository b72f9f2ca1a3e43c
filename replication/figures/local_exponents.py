"""Exhibit: the regimes of arXiv 2102.06701 as local exponents, beside those of the theory at the same sizes."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replication.errors import ReplicationError
from replication.figures.palettes import qualitative
from replication.figures.regimes import few, named
from replication.figures.style import MARKERS, readable_log_axis, styled
from replication.schema import APPROACHES, REGIMES, SIZE

MOST_CURVES = 3  # of a method in a panel: more could not be told apart
SHARP = 0.3  # standard error up to which a local exponent is drawn
SIZES = {"training_size": r"training points $D$", "width": r"width or features $P$"}


@styled
def local_exponents(table: pd.DataFrame) -> Figure:
    """One panel for each regime: -d ln L / d ln size against data or width, measured (points) and in theory (dotted).

    table: local_exponents, of changed data only the curves as they are. Variance-limited losses count from their limit,
    and theory has one there (grey line). Points whose standard error is above SHARP are left out; where a method has
    many curves, a few of them are drawn, from the first to the last. ReplicationError if there is nothing to draw.
    """
    table = named(table[table["exponent_standard_error"] <= SHARP])
    if table.empty:
        raise ReplicationError("no local exponents to draw", "run the stages that simulate and train regimes first")
    figure = Figure(figsize=(14, 7.6))
    for axes, (regime, title) in zip(figure.subplots(2, 2).ravel(), REGIMES.items(), strict=True):
        axes.set_title(title, loc="left", fontweight="bold")
        axes.set(xscale="log", xlabel=SIZES[SIZE[regime]], ylabel="local exponent")
        if regime.startswith("variance"):
            axes.axhline(1, color="0.6", linewidth=1, zorder=0)
        _panel(axes, table[table["regime"] == regime])
    dotted = Line2D([], [], color="0.3", linestyle="dotted", label="theory at the same sizes")
    one = Line2D([], [], color="0.6", linewidth=1, label="one, theory of variance-limited losses")
    figure.legend(handles=[dotted, one], loc="outside lower center", ncols=2)
    return figure


def _panel(axes: Axes, table: pd.DataFrame) -> None:
    """The curves of a regime, each with a colour, method by method with a marker; their names beside the panel."""
    curves = [
        (MARKERS[index], f"{name}, {words}", curve)
        for index, (method, words) in enumerate(APPROACHES.items())
        for name, curve in few(list(table[table["method"] == method].groupby("name", sort=False)), MOST_CURVES)
    ]
    for colour, (marker, label, curve) in zip(qualitative(len(curves)), curves, strict=True):
        bars = (curve["exponent"] - curve["exponent_lower"], curve["exponent_upper"] - curve["exponent"])
        look: dict[str, Any] = {
            "color": colour,
            "marker": marker,
            "markersize": 4.5,
            "elinewidth": 1.0,
            "linestyle": "none",
        }
        axes.errorbar(curve["midpoint"], curve["exponent"], np.stack(bars), label=label, **look)
        axes.plot(curve["midpoint"], curve["theory"], color=colour, linestyle="dotted", linewidth=1.3, zorder=1)
    if curves:
        readable_log_axis(axes.xaxis)
        axes.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
