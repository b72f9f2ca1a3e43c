"""Exhibit: the plateau of eps_L and the test set that makes it."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replication.figures.intervals import over_training_sets
from replication.figures.palettes import ramp
from replication.figures.style import SYMBOLS, TRAINING_SIZE, panels_of, readable_log_axis, styled, subjects
from replication.scaling_laws.estimates import plus_minus
from replication.scaling_laws.plateau_origin import TEST_SIZES, of_test_size
from replication.schema import GRADIENT_DESCENT, subject_name

WINDOW: dict[str, Any] = {"color": "#f2dfa0", "alpha": 0.45, "linewidth": 0}


@styled
def plateau_origin(exact: pd.DataFrame, plateaus: pd.DataFrame) -> Figure:
    """eps_L of converged networks of infinite width against N_D, for test sets of several numbers of points N_T.

    A panel for each task: eps_L^2(N_T) = eps_L^2(infinite) + kappa / N_T from one test set, means over draws of the
    training set, bands their errors. In the legends the slope d ln eps_L / d ln N_D in the plateau window (pale gold).
    exact: learning curves at infinite width; plateaus: the table of `plateaus_by_test_size`.
    """
    panels = subjects(exact)
    figure, grid = panels_of(len(panels), 4.0, 4.6, 0.0)
    for axes, (task, dataset) in zip(grid, panels, strict=True):
        curves = exact[(exact["task"] == task) & (exact["method"] == GRADIENT_DESCENT)]
        curves = curves[np.isinf(curves["training_time"])]
        _panel(axes, curves, plateaus[plateaus["task"] == task])
        axes.set_title(subject_name(task, dataset), loc="left", fontweight="bold")
        axes.set(xlabel=TRAINING_SIZE, ylabel=SYMBOLS["coefficient_of_variation"])
    return figure


def _panel(axes: Axes, curves: pd.DataFrame, plateaus: pd.DataFrame) -> None:
    axes.set(xscale="log", yscale="log")
    own = plateaus[np.isclose(plateaus["output_scale"], curves["output_scale"].iloc[0])].set_index("test_size")
    axes.axvspan(own["smallest"].iloc[0], min(own["largest"].iloc[0], curves["training_size"].max()), **WINDOW)
    for points, colour in zip(TEST_SIZES, ramp("cool", len(TEST_SIZES)), strict=True):
        curve = over_training_sets(curves.assign(shown=of_test_size(curves, points)), "shown")
        words = "infinite" if np.isinf(points) else f"{points:,.0f}"
        slope = own.loc[points]
        number = plus_minus(slope["estimate"], slope["standard_error"]).replace("±", r"\pm")
        axes.plot(curve.training_size, curve.estimate, color=colour, label=f"$N_T$ {words}: ${number}$")
        axes.fill_between(curve.training_size, curve.lower, curve.upper, color=colour, alpha=0.18, linewidth=0)
    axes.legend(
        title="test points: slope", fontsize=9, title_fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.2)
    )
    readable_log_axis(axes.yaxis)
    readable_log_axis(axes.xaxis)
