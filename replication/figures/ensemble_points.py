"""Ensembles of finite width in panels against N_D, beside what infinite width and order 1/n say of their width."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from replication.figures.style import dodged
from replication.schema import EXPANSION_REACH

EXPANSION: dict[str, Any] = {"linewidth": 1.0, "label": "_order", "zorder": 2}
OPEN: dict[str, Any] = {"linestyle": "none", "markerfacecolor": "white"}


def draw(axes: Axes, statistic: str, curves: pd.DataFrame, marks: dict[float, dict]) -> None:
    """Points with bootstrap intervals over members, open where N_D > n; widths stand a few per cent apart in N_D."""
    for index, (width, mark) in enumerate(marks.items()):
        points = curves[curves.width == width]
        value = points[statistic]
        bars = np.abs(np.stack([value - points[f"{statistic}_lower"], points[f"{statistic}_upper"] - value]))
        x = dodged(points.training_size, index, len(marks))
        axes.errorbar(x, value, bars, linestyle="none", elinewidth=1.1, label=f"width {width:g}", zorder=3, **mark)
        beyond = (points.training_size > width).to_numpy()
        axes.plot(x[beyond], value[beyond], label="_open", zorder=4, **mark, **OPEN)


def draw_expansion(axes: Axes, statistic: str, theory: pd.DataFrame, marks: dict[float, dict]) -> None:
    """mu_L (1 + b/n), sqrt(eps_L^2 + c/n) and their product, where N_D / n and |b| / n are small enough.

    theory: rows of `finite_width_correction` of one task and output scale.
    """
    theory = theory.sort_values("training_size")
    for width, mark in marks.items():
        reached = theory[np.maximum(theory.training_size, theory.b.abs()) <= EXPANSION_REACH * width]
        mean = reached["mean"] * (1 + reached.b / width)
        eps = np.sqrt(np.clip(reached.coefficient_of_variation**2 + reached.c / width, 0, None))
        values = {"mean": mean, "std": mean * eps, "coefficient_of_variation": eps}[statistic]
        axes.plot(reached.training_size, values, color=mark["color"], **EXPANSION)


def legend(curves: pd.DataFrame, marks: dict[float, dict], expanded: bool) -> list[tuple]:
    """(artist, text) pairs of what `draw` draws, and `draw_expansion` if `expanded`."""
    entries: list[tuple] = [
        (Line2D([], [], linestyle="none", **mark), f"width {width:g}, trained") for width, mark in marks.items()
    ]
    if expanded and marks:
        entries.append((Line2D([], [], color="0.4", linewidth=1.0), r"order $1/n$ at that width"))
    if (np.isfinite(curves.width) & (curves.width < curves.training_size)).any():
        entries.append((Line2D([], [], color="0.4", marker="o", **OPEN), r"$N_D > n$"))
    return entries
