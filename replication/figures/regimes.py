"""Exhibit: the four scaling regimes of arXiv 2102.06701, by every route that reaches them."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replication.errors import ReplicationError
from replication.experiments.regime_names import REGIMES, ROUTES
from replication.figures.style import MARKERS, readable_log_axis, styled
from replication.report.tables import plus_minus

# regime: axis of the loss, axis of the size
PANELS = {
    "variance_data": (r"$L(D) - L(\infty)$", r"training points $D$"),
    "variance_width": (r"$|L(P) - L(\infty)|$", r"width or features $P$"),
    "resolution_data": (r"$L(D)$", r"training points $D$"),
    "resolution_width": (r"$L(P)$", r"width or features $P$"),
}
COLOURS = dict(zip(ROUTES, sns.color_palette("colorblind")[:3], strict=True))
MOST_SERIES = 4  # of a route in a panel: more could not be told apart


@styled
def regimes(curves: pd.DataFrame, exponents: pd.DataFrame) -> Figure:
    """One panel for each regime: the loss that follows its law, against data or width, each curve over its last value.

    curves: route, regime, series, size, loss, standard_error, theory; exponents: route, regime, series, smallest,
    largest, exponent, amplitude. Points with standard errors, exact formulas dotted, fitted power laws as lines over
    their windows. Curves are divided by the value of their fit at the largest size, and set apart by factors of three,
    so that slopes can be compared: grey lines in the variance-limited panels have slope -1.
    """
    if curves.empty:
        raise ReplicationError("no regimes to draw", "run the stages that simulate and train them first")
    figure = Figure(figsize=(14, 7.6))
    grid = figure.subplots(2, 2)
    for axes, regime in zip(grid.ravel(), PANELS, strict=True):
        loss, size = PANELS[regime]
        axes.set_title(REGIMES[regime], loc="left", fontweight="bold")
        axes.set(xscale="log", yscale="log", xlabel=size, ylabel=f"{loss}, set apart")
        panel = curves[curves["regime"] == regime]
        for route in ROUTES:
            for place, (series, curve) in enumerate(
                list(panel[panel["route"] == route].groupby("series"))[:MOST_SERIES]
            ):
                fits = exponents[
                    (exponents["regime"] == regime) & (exponents["route"] == route) & (exponents["series"] == series)
                ]
                _curve(axes, curve.sort_values("size"), fits, COLOURS[route], place, len(axes.containers))
        if regime.startswith("variance") and len(panel):
            _guide(axes)
        if len(panel):
            readable_log_axis(axes.xaxis)
            axes.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    handles = [
        Line2D([], [], color=colour, marker="o", linewidth=1.2, label=ROUTES[route])
        for route, colour in COLOURS.items()
        if (curves["route"] == route).any()
    ]
    handles += [Line2D([], [], color="0.3", linestyle="dotted", label="exact formula")]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _curve(axes: Axes, curve: pd.DataFrame, fits: pd.DataFrame, colour, place: int, before: int) -> None:
    """A series and its law, scaled to 3^before where the law ends."""
    sizes, losses = curve["size"].to_numpy(float), curve["loss"].to_numpy(float)
    label, scale = str(curve["series"].iloc[0]), 3.0**before / losses[-1]
    if len(fits):
        fit = fits.iloc[0]
        scale = 3.0**before / (fit.amplitude * sizes[-1] ** -fit.exponent)
        window = np.array([fit.smallest, fit.largest], float)
        axes.plot(window, scale * fit.amplitude * window**-fit.exponent, color=colour, linewidth=1.2, zorder=2)
        label += f": {plus_minus(fit.exponent, fit.standard_error)}"
    style = {"color": colour, "marker": MARKERS[place], "markersize": 4.5, "elinewidth": 1.0}
    axes.errorbar(sizes, scale * losses, scale * curve["standard_error"], linestyle="none", label=label, **style)
    if "theory" in curve and curve["theory"].notna().any():
        axes.plot(sizes, scale * curve["theory"], color=colour, linestyle="dotted", linewidth=1.2, zorder=1)


def _guide(axes: Axes) -> None:
    """Slope -1, as far as the panel goes."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    axes.plot([left, right], [high, high * left / right], color="0.75", linewidth=1, zorder=0, label="slope -1")
    axes.set(xlim=(left, right), ylim=(low, high))
