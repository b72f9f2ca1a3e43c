"""Exhibit: exponents of teachers and students against the dimension of the inputs, as in arXiv 2102.06701."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, NullLocator

from replication.errors import ReplicationError
from replication.figures.regimes import COLOURS
from replication.figures.style import styled

# route: what its points are called, and their marker
STUDENTS = {"infinite_width": ("infinitely wide students", "o"), "trained": ("trained students", "s")}
# alpha_D d of a converged ReLU network of infinite width and smooth teachers (regimes.dimension)
KERNEL_EXPONENT = 3
SHIFT = 0.08  # in d, between routes, so that their intervals do not cover each other
MOST_ABOVE = 1.5  # the axis follows the ends of intervals up to so many times the highest point


@styled
def dimension(exponents: pd.DataFrame) -> Figure:
    """4 / alpha_D against the dimension d of the inputs, for infinitely wide and for trained students.

    exponents: route, dimension, exponent alpha_D, lower and upper, as `regimes.dimension.exponents` gives them; rows
    that differ in their prediction alone are one point. Both axes count dimensions. Solid: 4 / alpha_D = d, of
    alpha_D = 4 / d (arXiv 2102.06701). Dashed: 4d / 3, of alpha_D = 3 / d, where the ReLU kernel ends at infinite size.
    ReplicationError if there is nothing to draw.
    """
    measured = exponents.drop_duplicates(["route", "dimension"])
    measured = measured[measured["route"].isin(STUDENTS) & (measured["exponent"] > 0)]
    if measured.empty:
        raise ReplicationError("no exponents of teachers and students to draw", "vary the dimension first")
    figure = Figure(figsize=(5.6, 4.8))
    axes = figure.subplots()
    routes = [route for route in STUDENTS if (measured["route"] == route).any()]
    for place, route in enumerate(routes):
        points = measured[measured["route"] == route].sort_values("dimension")
        _points(axes, points, route, SHIFT * (place - (len(routes) - 1) / 2))
    d = np.array([measured["dimension"].min() - 0.5, measured["dimension"].max() + 0.5])
    lines = {r"$\alpha_D = 4 / d$": (1, "solid"), r"$\alpha_D = 3 / d$, ReLU kernel": (4 / KERNEL_EXPONENT, "dashed")}
    for label, (slope, style) in lines.items():
        axes.plot(d, slope * d, color="0.35", linestyle=style, linewidth=1.1, zorder=1, label=label)
    axes.set(xlabel=r"dimension of the inputs $d$", ylabel=r"$4 / \alpha_D$", xlim=d)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(loc="upper left")
    return figure


def _points(axes: Axes, points: pd.DataFrame, route: str, shift: float) -> None:
    """4 / alpha_D and its interval, which 4 / alpha turns around; one that reaches alpha = 0 has no upper end."""
    name, marker = STUDENTS[route]
    centre, low = (4 / points[column].to_numpy() for column in ("exponent", "upper"))
    lower = points["lower"].to_numpy()
    high = np.divide(4, lower, out=np.full_like(centre, np.nan), where=lower > 0)
    # beyond every axis: matplotlib draws no bar at all where an end is not finite
    high = np.where(np.isfinite(high), high, 1e3 * centre)
    top = axes.get_ylim()[1] if axes.containers else 0.0
    seen = 1.1 * np.minimum(high, MOST_ABOVE * centre.max()).max()
    axes.errorbar(
        points["dimension"] + shift,
        centre,
        np.stack([centre - low, high - centre]),
        linestyle="none",
        marker=marker,
        color=COLOURS[route],
        elinewidth=1.3,
        label=name,
        zorder=3,
    )
    axes.set_ylim(top=max(top, seen))
