"""Exhibit: where eps_L comes from, the two parts of mu_L and of sigma_L^2 and the number of directions of scatter."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from replication.errors import ReplicationError
from replication.figures.intervals import over_training_sets
from replication.figures.palettes import QUALITATIVE
from replication.figures.style import COLOURS, SYMBOLS, TRAINING_SIZE, readable_log_axis, styled, subjects
from replication.schema import INFINITE_TEST_SET, subject_name

WHOLE = {"color": COLOURS["gradient_descent"], "linestyle": "solid", "marker": "o"}
SCATTER = {"color": QUALITATIVE[1], "linestyle": "dashed", "marker": "s"}
BIAS = {"color": QUALITATIVE[2], "linestyle": (0, (4, 1.5, 1, 1.5)), "marker": "^"}
SHARE = {"linestyle": "solid", "marker": "D", "markerfacecolor": "white"}
BAYES = {"color": COLOURS["bayes"], "linestyle": "solid", "linewidth": 1, "alpha": 0.8}
INFINITE = {"color": QUALITATIVE[4], "linestyle": (0, (1, 1)), "marker": "v"}
ABOVE = {"loc": "lower left", "bbox_to_anchor": (-0.1, 1), "ncols": 2, "borderaxespad": 0.1}
ABOVE |= {"columnspacing": 0.8, "handlelength": 1.9, "handletextpad": 0.5, "fontsize": 11}
# of each panel its vertical axis, then line by line: column, line, text
PANELS = {
    "test loss": (
        ("mean", WHOLE, r"$\mu_L = V + B$"),
        ("variance", SCATTER, "variance $V$"),
        ("squared_bias", BIAS, "squared bias $B$"),
        ("mean", BAYES, r"$\mu_L$, Bayes"),
    ),
    "share": (
        ("variance_share", SCATTER, r"in $\mu_L$: $v = V / \mu_L$"),
        ("scatter_share", SCATTER | SHARE, r"in $\sigma_L^2 = S + X$: $S / \sigma_L^2$"),
        ("diagonal_share", INFINITE, r"single test points in $\sigma_L^2$"),
    ),
    "effective number of directions": (
        ("effective_modes", SCATTER, r"$M_\Sigma$ of the scatter"),
        ("bias_modes", BIAS, r"$M_\delta$ along the bias"),
        ("effective_modes", BAYES, r"$M_\Sigma$, Bayes"),
    ),
    SYMBOLS["coefficient_of_variation"]: (
        ("coefficient_of_variation", WHOLE, r"$\epsilon_L$"),
        ("scatter_alone", SCATTER, r"$S$ alone: $v\,\sqrt{2 / C M_\Sigma}$"),
        ("cross_alone", BIAS, r"$X$ alone: $2\sqrt{v\,(1 - v) / C M_\delta}$"),
        ("coefficient_of_variation", BAYES, r"$\epsilon_L$, Bayes"),
        (INFINITE_TEST_SET, INFINITE, r"$\epsilon_L$, infinite test set"),
    ),
}


@styled
def error_sources(exact: pd.DataFrame) -> Figure:
    """Of one task, against N_D: what mu_L, sigma_L and with them eps_L of the converged network consist of.

    (a) mu_L = V + B, variance of the outputs and squared bias of their mean. (b) Share of V in mu_L, of the scatter
    term S in sigma_L^2 = S + X, and of what each test point adds to sigma_L^2 by covarying with itself, which falls as
    1/N_T. (c) In how many directions, effectively, the outputs scatter: of all of them, M_Sigma, and as the mean
    output's error delta meets them, M_delta. (d) eps_L and what S and the cross term X alone would give; dotted, eps_L
    if the test set were infinitely large. Behind it stands, for C outputs and v = V / mu_L,
      eps_L^2 = (S + X) / mu_L^2 = 2/C (v^2 / M_Sigma + 2 v (1 - v) / M_delta).
    Lines: gradient descent, thin blue Bayes; means over draws of the training set, bands the error of that mean.
    """
    panels = subjects(exact)
    if len(panels) != 1:
        raise ReplicationError(f"{len(panels)} tasks to draw in one figure of error sources", "give the table of one")
    curves = _parts(exact[np.isinf(exact.training_time)])
    if not (curves.method == "gradient_descent").any():
        raise ReplicationError("no converged network at infinite width to draw", "predict one with gradient descent")
    figure = Figure(figsize=(8.4, 7.2))
    grid = figure.subplots(2, 2, sharex=True)
    for letter, axes, (label, lines) in zip("abcd", grid.flat, PANELS.items(), strict=True):
        axes.set(xscale="log", ylabel=label)
        axes.yaxis.set_label_coords(-0.15, 0.5)
        for line in lines:
            _line(axes, curves, *line)
        if "share" in label:
            axes.set_ylim(0, 1)
        else:
            axes.set_yscale("log")
            readable_log_axis(axes.yaxis)
        axes.legend(**ABOVE)
        axes.annotate(letter, (-0.13, 1.02), xycoords="axes fraction", ha="right", fontsize=14, fontweight="bold")
    for axes in grid[1]:
        axes.set_xlabel(TRAINING_SIZE)
    readable_log_axis(grid[0, 0].xaxis)  # the panels share this axis
    figure.suptitle(subject_name(*panels[0]), x=0.012, ha="left", fontsize=13, fontweight="bold")
    return figure


def _parts(exact: pd.DataFrame) -> pd.DataFrame:
    """Draw by draw, so that their sums hold for each training set."""
    mean, variance, scatter, cross = (exact[name] for name in ("mean", "variance", "variance_term", "cross_term"))
    return exact.assign(
        variance_share=variance / mean,
        scatter_share=scatter / (scatter + cross),
        bias_modes=2 * exact.effective_modes * (exact.squared_bias / variance) * (scatter / cross),
        scatter_alone=np.sqrt(scatter) / mean,
        cross_alone=np.sqrt(cross) / mean,
        diagonal_share=exact.diagonal_term / (scatter + cross),
    )


def _line(axes: Axes, curves: pd.DataFrame, column: str, line: dict, label: str) -> None:
    curves = curves[curves.method == ("bayes" if line is BAYES else "gradient_descent")]
    if curves.empty:
        return
    curve = over_training_sets(curves, column)
    axes.plot(curve.training_size, curve.estimate, label=label, **line)
    if line is not BAYES:
        ends = curve.lower, curve.upper
        axes.fill_between(curve.training_size, *ends, color=line["color"], alpha=0.18, linewidth=0)
