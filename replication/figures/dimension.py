"""Exhibit: exponents of teachers and students against the dimension of the inputs, as in arXiv 2102.06701."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, NullLocator

from replication.errors import ReplicationError
from replication.figures.style import APPROACH_COLOURS, styled
from replication.schema import GRADIENT_DESCENT, TRAINED

# method: what its points are called, and their marker
STUDENTS = {GRADIENT_DESCENT: ("infinitely wide students", "o"), TRAINED: ("trained students", "s")}
# alpha_D d of a converged ReLU network of infinite width and smooth teachers (scaling_laws.students)
KERNEL_EXPONENT = 3
SHIFT = 0.08  # in d, between methods, so that their intervals do not cover each other
MOST_ABOVE = 1.5  # the axis follows the ends of intervals up to so many times the highest point


@styled
def dimension(exponents: pd.DataFrame) -> Figure:
    """4 / alpha_D against the dimension d of the inputs, for infinitely wide and for trained students.

    exponents: method, value (d), exponent alpha_D and its interval, as `student_exponents` gives them; rows that differ
    in their prediction alone are one point. Both axes count dimensions. Solid: 4 / alpha_D = d, of alpha_D = 4 / d
    (arXiv 2102.06701). Dashed: 4d / 3, of alpha_D = 3 / d, where the ReLU kernel ends at infinite size.
    ReplicationError if there is nothing to draw.
    """
    measured = exponents.drop_duplicates(["method", "value"])
    measured = measured[measured["method"].isin(STUDENTS) & (measured["exponent"] > 0)]
    if measured.empty:
        raise ReplicationError("no exponents of teachers and students to draw", "vary the dimension first")
    figure = Figure(figsize=(5.6, 4.8))
    axes = figure.subplots()
    methods = [method for method in STUDENTS if (measured["method"] == method).any()]
    for index, method in enumerate(methods):
        points = measured[measured["method"] == method].sort_values("value")
        _points(axes, points, method, SHIFT * (index - (len(methods) - 1) / 2))
    d = np.array([measured["value"].min() - 0.5, measured["value"].max() + 0.5])
    lines = {r"$\alpha_D = 4 / d$": (1, "solid"), r"$\alpha_D = 3 / d$, ReLU kernel": (4 / KERNEL_EXPONENT, "dashed")}
    for label, (slope, style) in lines.items():
        axes.plot(d, slope * d, color="0.35", linestyle=style, linewidth=1.1, zorder=1, label=label)
    axes.set(xlabel=r"dimension of the inputs $d$", ylabel=r"$4 / \alpha_D$", xlim=d)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.legend(loc="lower right")
    return figure


def _points(axes: Axes, points: pd.DataFrame, method: str, shift: float) -> None:
    """4 / alpha_D and its interval, which 4 / alpha turns around; one that reaches alpha = 0 has no upper end."""
    name, marker = STUDENTS[method]
    centre, low = (4 / points[column].to_numpy() for column in ("exponent", "exponent_upper"))
    lower = points["exponent_lower"].to_numpy()
    high = np.divide(4, lower, out=np.full_like(centre, np.nan), where=lower > 0)
    # beyond every axis: matplotlib draws no bar at all where an end is not finite
    high = np.where(np.isfinite(high), high, 1e3 * centre)
    top = axes.get_ylim()[1] if axes.containers else 0.0
    seen = 1.1 * np.minimum(high, MOST_ABOVE * centre.max()).max()
    axes.errorbar(
        points["value"] + shift,
        centre,
        np.stack([centre - low, high - centre]),
        linestyle="none",
        marker=marker,
        color=APPROACH_COLOURS[method],
        elinewidth=1.3,
        label=name,
        zorder=3,
    )
    axes.set_ylim(top=max(top, seen))
