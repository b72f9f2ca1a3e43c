"""Exhibit: the moments of the test loss against training-set size, at infinite and at finite width."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replication.figures import ensemble_points
from replication.figures.style import (
    COLOURS,
    SYMBOLS,
    TRAINING_SIZE,
    finite_widths,
    readable_log_axis,
    statistic_axis,
    styled,
    subjects,
    width_marks,
)
from replication.scaling_laws.estimates import plus_minus
from replication.schema import INFINITE_TEST_SET, subject_name

GUIDE: dict[str, Any] = {"color": "0.55", "linewidth": 0.9, "linestyle": (0, (1, 1.5))}
OF_MEAN: dict[str, Any] = {"color": "0.35", "linewidth": 0.8, "label": "_mean"}
INFINITE: dict[str, Any] = {"color": "black", "linewidth": 1.1, "linestyle": (0, (5, 1.5, 1, 1.5))}
LABELS_LEFT = -0.2  # of a panel
WINDOW: dict[str, Any] = {"color": "#f2dfa0", "linewidth": 6, "solid_capstyle": "butt"}


@styled
def learning_curves(
    curves: pd.DataFrame,
    laws: pd.DataFrame,
    expansion: pd.DataFrame | None = None,
    energy_units: Mapping[str, float] | None = None,
) -> Figure:
    """mu_L, sigma_L and eps_L = sigma_L / mu_L (columns) of each task (rows) against the training-set size N_D.

    Lines: infinite width, gradient descent converged (dashed) and as trained (solid), and exact Bayesian inference;
    bands are intervals over draws of the training set. Thin: mu_L of predicting the mean of the targets, where known.
    Dash-dotted: sigma_L and eps_L of the converged network on an infinitely large test set. Points, and lines in their
    colours: ensembles, and with `expansion`, rows of `finite_width_correction`, order 1/n (`ensemble_points`). Dotted:
    the laws fitted to the converged curve, mu_L and sigma_L = amplitude N_D^-exponent, eps_L = constant, pale gold in
    the fit window; above each panel the exponent, or the logarithmic slope of eps_L, +- its standard error. The loss
    has no unit: targets are one-hot vectors less their mean, or standardised. Of tasks in `energy_units`, GeV that a
    target of one stands for, an axis to the right of mu_L has the root mean square error of the energy.
    """
    rows, marks = subjects(curves), width_marks(finite_widths(curves))
    figure = Figure(figsize=(11, 0.9 + 2.75 * len(rows)))
    grid = figure.subplots(len(rows), len(SYMBOLS), sharex=True, squeeze=False)
    for (task, dataset), axes_row in zip(rows, grid, strict=True):
        task_curves, task_laws = curves[curves.task == task], laws[laws.task == task]
        for axes, statistic in zip(axes_row, SYMBOLS, strict=True):
            _panel(axes, statistic, task_curves, task_laws, marks)
            if expansion is not None:
                ensemble_points.draw_expansion(axes, statistic, expansion[expansion.task == task], marks)
        axes_row[0].set_title(subject_name(task, dataset), loc="left", fontweight="bold", pad=20)
    _scales(grid)
    for (task, _), (axes, *_) in zip(rows, grid, strict=True):
        if energy_units and task in energy_units:
            _energy_axis(axes, energy_units[task])
    for axes in grid[-1]:
        axes.set_xlabel(TRAINING_SIZE)
    handles, labels = zip(*_legend(curves, laws, marks, expansion is not None), strict=True)
    figure.legend(handles, labels, loc="outside lower center", ncols=-(-len(handles) // 3))
    return figure


def _panel(axes: Axes, statistic: str, curves: pd.DataFrame, laws: pd.DataFrame, marks: dict) -> None:
    axes.set_xscale("log")
    axes.set_ylabel(SYMBOLS[statistic])
    axes.yaxis.set_label_coords(LABELS_LEFT, 0.5)  # aligned, and not sought anew whenever a panel is drawn
    lower, upper = f"{statistic}_lower", f"{statistic}_upper"
    infinite = curves[np.isinf(curves.width)]
    if statistic == "mean" and "loss_of_mean" in curves:
        axes.axhline(curves["loss_of_mean"].iloc[0], **OF_MEAN)
    for (method, time), curve in infinite.groupby(["method", "training_time"]):
        curve = curve.sort_values("training_size")
        style = _line(method, time)
        axes.fill_between(
            curve.training_size, curve[lower], curve[upper], color=style["color"], alpha=0.18, linewidth=0
        )
        axes.plot(curve.training_size, curve[statistic], label=_label(method, time), **style)
    _infinite_test_set(axes, statistic, infinite)
    ensemble_points.draw(axes, statistic, curves, marks)
    _law(axes, statistic, laws, infinite.training_size)


def _energy_axis(axes: Axes, unit: float) -> None:
    """sqrt(2 L) in GeV beside L, the mean of half the squared error, whose limits are set."""
    beside = axes.twinx()
    beside.set(yscale="log", ylim=[unit * np.sqrt(2 * end) for end in axes.get_ylim()])
    readable_log_axis(beside.yaxis)
    # inside: outside is the next panel's label
    where: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "top", "transform": axes.transAxes}
    axes.text(0.97, 0.88, "rms error of the energy [GeV]", fontsize=10, **where)


def _law(axes: Axes, statistic: str, laws: pd.DataFrame, sizes: pd.Series) -> None:
    kind = "plateau" if statistic == "coefficient_of_variation" else "power_law"
    fit = converged(laws).query("statistic == @statistic and law == @kind").set_index("parameter")
    if fit.empty:
        return
    if kind == "plateau":
        level, exponent, text = fit.estimate["value"], 0.0, r"$\mathrm{d}\ln\epsilon_L/\mathrm{d}\ln N_D = %s$"
        shown = fit.loc["slope"]
    else:
        level, exponent, text = fit.estimate["amplitude"], fit.estimate["exponent"], r"exponent $%s$"
        shown = fit.loc["exponent"]
    for style, ends in ((WINDOW, fit.iloc[0][["smallest", "largest"]]), (GUIDE, (sizes.min(), sizes.max()))):
        x = np.array(ends, dtype=float)
        axes.plot(x, level * x**-exponent, zorder=0 if style is WINDOW else 1, label="_law", **style)
    text = text % plus_minus(shown.estimate, shown.standard_error).replace("±", r"\pm")
    axes.annotate(text, (1, 1), (0, 4), "axes fraction", "offset points", ha="right", va="bottom", fontsize=11.5)


def _infinite_test_set(axes: Axes, statistic: str, infinite: pd.DataFrame) -> None:
    """sigma_L and eps_L of the converged network without the share that single test points have in them."""
    if statistic == "mean" or INFINITE_TEST_SET not in infinite:
        return
    curve = infinite[np.isinf(infinite.training_time) & (infinite.method == "gradient_descent")]
    curve = curve.sort_values("training_size")
    values = curve[INFINITE_TEST_SET] * (curve["mean"] if statistic == "std" else 1)
    axes.plot(curve.training_size, values, label="_infinite", **INFINITE)


def converged(laws: pd.DataFrame) -> pd.DataFrame:
    """The laws of converged gradient descent at infinite width."""
    return laws[np.isinf(laws.width) & np.isinf(laws.training_time) & (laws.method == "gradient_descent")]


def _line(method: str, time: float) -> dict:
    dashes = "dashed" if method == "gradient_descent" and np.isinf(time) else "solid"
    return {"color": COLOURS[method], "linestyle": dashes}


def _label(method: str, time: float) -> str:
    if method == "bayes":
        return "infinite width, Bayes"
    return "infinite width, gradient descent, " + ("converged" if np.isinf(time) else "as trained")


def _scales(grid: np.ndarray) -> None:
    """Of all panels; a fitted law does not decide how its panel is drawn."""
    for column, statistic in enumerate(SYMBOLS):
        for axes in grid[:, column]:
            drawn = [line.get_ydata() for line in axes.lines if line.get_label() not in ("_law", "_mean")]
            seen = np.concatenate([np.asarray(values, float) for values in drawn])
            statistic_axis(axes, statistic, seen)
    readable_log_axis(grid[0, 0].xaxis)  # the panels share this axis


def _legend(curves: pd.DataFrame, laws: pd.DataFrame, marks: dict, expanded: bool) -> list[tuple]:
    """(artist, text) pairs: the lines, then the widths."""
    infinite = curves[np.isinf(curves.width)]
    pairs = infinite[["method", "training_time"]].drop_duplicates()
    pairs = pairs.sort_values(["method", "training_time"], ascending=[False, True])
    entries: list[tuple] = [(Line2D([], [], **_line(*pair)), _label(*pair)) for pair in pairs.itertuples(index=False)]
    if len(converged(laws)):
        entries.append(((Line2D([], [], **WINDOW), Line2D([], [], **GUIDE)), "law fitted to converged, fit window"))
    if "loss_of_mean" in curves:
        entries.append((Line2D([], [], **OF_MEAN), r"predicting the mean"))
    if INFINITE_TEST_SET in curves:
        entries.append((Line2D([], [], **INFINITE), "converged, infinite test set"))
    return entries + ensemble_points.legend(curves, marks, expanded)
