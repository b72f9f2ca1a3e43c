"""Exhibit: data and features are dual, their exponents the spectrum's (arXiv 2102.06701)."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replication.errors import ReplicationError
from replication.figures.palettes import qualitative
from replication.figures.style import styled
from replication.schema import POWER_LAW, RANDOM_FEATURES, curve_name

# column: marker, what it is an exponent of, and how far it stands aside so that bars of both are seen
EXPONENTS = {
    "alpha_D": ("o", r"$\alpha_D$, data", -1),
    "alpha_P": ("s", r"$\alpha_P$, features", 1),
}
ASIDE = 0.004  # share of the axis


@styled
def duality(table: pd.DataFrame) -> Figure:
    """alpha_D and alpha_P against alpha_K with their intervals, and the diagonal, where the theory has all of them.

    table: a row for each spectrum, with the value of alpha_K, alpha_D, alpha_P and the columns _lower and _upper.
    Colours tell pools (all power laws are one, images of every side their own), markers data from features, which stand
    a little to the left and right of alpha_K. A dash, where there is a column alpha_theory: the exponent of the theory
    at the same sizes, which lies off the diagonal as far as the spectrum there is no power law or ends.
    ReplicationError if there is no series to draw.
    """
    if table.empty:
        raise ReplicationError("no exponents of random features to draw", "simulate random features first")
    table = table.assign(pool=[_pool(row) for row in table.to_dict("records")])
    pools = list(table["pool"].unique())
    colours = dict(zip(pools, qualitative(len(pools)), strict=True))
    figure = Figure(figsize=(5.6, 6.0))
    axes = figure.subplots()
    ends = table.filter(regex=r"^alpha_(theory$|.*_(lower|upper)$)").to_numpy()
    low, high = np.nanmin(ends), np.nanmax(ends)
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    axes.plot([low, high], [low, high], color="0.6", linewidth=1, zorder=0)
    for pool, series in table.groupby("pool", sort=False):
        for name, (marker, _, side) in EXPONENTS.items():
            axes.errorbar(
                series["alpha_K"] + side * ASIDE * (high - low),
                series[name],
                yerr=_bars(series, name),
                xerr=_bars(series, "alpha_K"),
                linestyle="none",
                marker=marker,
                color=colours[pool],
                markersize=5.5,
                elinewidth=1.1,
                label=f"{pool}, {name}",
            )
        if "alpha_theory" in series:
            at = series["alpha_K"], series["alpha_theory"]
            axes.plot(*at, "_", color=colours[pool], markersize=13, zorder=1, label=f"{pool}, theory")
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set(xlabel=r"$\alpha_K$ of the spectrum, $\lambda_i \sim i^{-(1 + \alpha_K)}$", ylabel=r"exponent of the loss")
    marks = [
        Line2D([], [], color="0.3", linestyle="none", marker=marker, label=text)
        for marker, text, _ in EXPONENTS.values()
    ]
    if "alpha_theory" in table:
        marks += [Line2D([], [], color="0.3", linestyle="none", marker="_", markersize=13, label="theory, same sizes")]
    marks += [Line2D([], [], color="0.6", linewidth=1, label=r"$\alpha_D = \alpha_P = \alpha_K$")]
    marks += [Line2D([], [], color=colour, linewidth=3, label=pool) for pool, colour in colours.items()]
    axes.legend(handles=marks, loc="upper left", fontsize=8, frameon=False)
    return figure


def _pool(row: dict) -> str:
    """What points and features are drawn from."""
    return "power law" if row["task"] == POWER_LAW else curve_name(row | {"experiment": RANDOM_FEATURES})


def _bars(series: pd.DataFrame, name: str) -> np.ndarray:
    """Lengths of the intervals below and above the values: (2, series)."""
    return np.stack([series[name] - series[f"{name}_lower"], series[f"{name}_upper"] - series[name]])
