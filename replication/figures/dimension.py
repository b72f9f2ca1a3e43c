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
# alpha_D d of the paper, and of a converged ReLU network of infinite width with smooth teachers (scaling_laws.students)
LAWS = {r"$\alpha_D = 4 / d$": (4, "solid"), r"$\alpha_D = 3 / d$, ReLU kernel": (3, "dashed")}
SHIFT = 0.08  # in d, between methods, so that their intervals do not cover each other


@styled
def dimension(exponents: pd.DataFrame) -> Figure:
    """alpha_D d against the dimension d of the inputs, for infinitely wide and for trained students.

    exponents: method, value (d), exponent alpha_D and its interval, as `student_exponents` gives them; rows that differ
    in their prediction alone are one point. Solid: alpha_D = 4 / d (arXiv 2102.06701). Dashed: alpha_D = 3 / d, where
    the ReLU kernel ends at infinite size. ReplicationError if there is nothing to draw.
    """
    measured = exponents.drop_duplicates(["method", "value"])
    measured = measured[measured["method"].isin(STUDENTS)]
    if measured.empty:
        raise ReplicationError("no exponents of teachers and students to draw", "vary the dimension first")
    figure = Figure(figsize=(5.6, 5.4))
    axes = figure.subplots()
    methods = [method for method in STUDENTS if (measured["method"] == method).any()]
    for index, method in enumerate(methods):
        points = measured[measured["method"] == method].sort_values("value")
        _points(axes, points, method, SHIFT * (index - (len(methods) - 1) / 2))
    d = np.array([measured["value"].min() - 0.5, measured["value"].max() + 0.5])
    for label, (product, style) in LAWS.items():
        axes.plot(d, [product, product], color="0.35", linestyle=style, linewidth=1.1, zorder=1, label=label)
    axes.set(xlabel=r"dimension of the inputs $d$", ylabel=r"$\alpha_D \, d$", xlim=d)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.xaxis.set_major_locator(MultipleLocator(1))
    axes.xaxis.set_minor_locator(NullLocator())
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _points(axes: Axes, points: pd.DataFrame, method: str, shift: float) -> None:
    """alpha_D d and its interval."""
    name, marker = STUDENTS[method]
    centre, low, high = (
        points[column] * points["value"] for column in ("exponent", "exponent_lower", "exponent_upper")
    )
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
