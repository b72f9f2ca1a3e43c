"""Exhibit: data and features are dual, their exponents the spectrum's, as residuals (arXiv 2102.06701)."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replication.errors import ReplicationError
from replication.figures.palettes import qualitative
from replication.figures.style import styled
from replication.schema import POWER_LAW, RANDOM_FEATURES, curve_name

# panel: its vertical axis, and the pairs (marker, exponent, what it is compared with) that it shows
PANELS = {
    "exponent over theory, less 1": (("o", "alpha_D", "alpha_theory"), ("s", "alpha_P", "alpha_theory")),
    r"$\alpha_D$ over $\alpha_P$, less 1": (("D", "alpha_D", "alpha_P"),),
}  # fmt: skip
MARKS = {"o": r"$\alpha_D$, data", "s": r"$\alpha_P$, features", "_": r"$\alpha_K$ itself over the theory"}
ASIDE = 0.008  # share of the axis by which data and features stand aside, so that the bars of both are seen


@styled
def duality(table: pd.DataFrame, bound: float) -> Figure:
    """How far alpha_D and alpha_P are from the theory at the same sizes, and from each other, against alpha_K.

    table: a row for each spectrum, alpha_K, alpha_D, alpha_P, alpha_theory and their columns _lower and _upper; bound:
    the relative difference that counts as none, shaded. Bars are intervals of the quotients. Dashes: alpha_K itself
    over the theory, which differ as far as so few points and features see the spectrum otherwise.
    Colours tell pools (all power laws are one, images of every side their own). ReplicationError if there is no series.
    """
    if table.empty:
        raise ReplicationError("no exponents of random features to draw", "simulate random features first")
    table = table.assign(pool=[_pool(row) for row in table.to_dict("records")])
    pools = list(table["pool"].unique())
    colours = dict(zip(pools, qualitative(len(pools)), strict=True))
    figure = Figure(figsize=(11, 4.6))
    grid = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (label, pairs) in zip(grid, PANELS.items(), strict=True):
        axes.axhline(0, color="0.6", linewidth=1, zorder=0)
        axes.axhspan(-bound, bound, color="0.93", zorder=-1)
        axes.set(xlabel=r"$\alpha_K$ of the spectrum, $\lambda_i \sim i^{-(1 + \alpha_K)}$", ylabel=label)
        width = np.ptp(table["alpha_K"]) or 1.0
        for index, pair in enumerate(pairs):
            for pool, series in table.groupby("pool", sort=False):
                _points(axes, series, *pair, ASIDE * width * (2 * index - len(pairs) + 1), colours[pool], pool)
    for pool, series in table.groupby("pool", sort=False):
        share = series["alpha_K"] / series["alpha_theory"] - 1
        grid[0].plot(series["alpha_K"], share, "_", color=colours[pool], markersize=13, label=f"{pool}, alpha_K")
    marks = [Line2D([], [], color="0.3", linestyle="none", marker=marker, label=text) for marker, text in MARKS.items()]
    marks += [Line2D([], [], color=colour, linewidth=3, label=pool) for pool, colour in colours.items()]
    figure.legend(handles=marks, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def _points(
    axes: Axes, series: pd.DataFrame, marker: str, one: str, other: str, aside: float, colour: str, pool: str
) -> None:
    """Relative differences of one exponent to another, whose intervals add in quadrature."""
    share = series[one] / series[other] - 1
    below = np.hypot(1 - series[f"{one}_lower"] / series[one], series[f"{other}_upper"] / series[other] - 1)
    above = np.hypot(series[f"{one}_upper"] / series[one] - 1, 1 - series[f"{other}_lower"] / series[other])
    bars = np.stack([(1 + share) * below, (1 + share) * above])
    look: dict[str, Any] = {
        "color": colour,
        "marker": marker,
        "markersize": 5.5,
        "elinewidth": 1.1,
        "linestyle": "none",
    }
    axes.errorbar(series["alpha_K"] + aside, share, bars, label=f"{pool}, {one}", **look)


def _pool(row: dict) -> str:
    """What points and features are drawn from."""
    return "power law" if row["task"] == POWER_LAW else curve_name(row | {"experiment": RANDOM_FEATURES})
