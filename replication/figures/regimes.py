"""Exhibit: the four scaling regimes of arXiv 2102.06701, by every method that reaches them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from replication.errors import ReplicationError
from replication.figures.style import APPROACH_COLOURS, MARKERS, readable_log_axis, styled
from replication.scaling_laws.estimates import plus_minus
from replication.schema import APPROACHES, DATA_VARIATION, REGIMES, SIZE, curve_name, is_baseline, regime_of

# regime: axis of the loss, axis of the size
PANELS = {
    "variance_limited_data": (r"$L(D) - L(\infty)$", r"training points $D$"),
    "variance_limited_width": (r"$|L(P) - L(\infty)|$", r"width or features $P$"),
    "resolution_limited_data": (r"$L(D)$", r"training points $D$"),
    "resolution_limited_width": (r"$L(P)$", r"width or features $P$"),
}
MOST_CURVES = 4  # of a method in a panel: more could not be told apart


@styled
def regimes(curves: pd.DataFrame, exponents: pd.DataFrame) -> Figure:
    """One panel for each regime: the loss that follows its law, against data or width, each curve over its last value.

    curves, exponents: the tables regime_curves and regime_exponents; of changed data only those as they are. Points
    with standard errors, exact formulas dotted, fitted power laws as lines over their windows. Curves are divided by
    the value of their fit at the largest size, and set apart by factors of three, so that slopes can be compared: grey
    lines in the variance-limited panels have slope -1.
    """
    if curves.empty:
        raise ReplicationError("no regimes to draw", "run the stages that simulate and train them first")
    curves, fits = named(curves), named(exponents)
    figure = Figure(figsize=(14, 7.6))
    for axes, (regime, (loss, size)) in zip(figure.subplots(2, 2).ravel(), PANELS.items(), strict=True):
        axes.set_title(REGIMES[regime], loc="left", fontweight="bold")
        axes.set(xscale="log", yscale="log", xlabel=size, ylabel=f"{loss}, set apart")
        _panel(axes, regime, curves[curves["regime"] == regime], fits[fits["regime"] == regime])
    handles = [
        Line2D([], [], color=colour, marker="o", linewidth=1.2, label=APPROACHES[method])
        for method, colour in APPROACH_COLOURS.items()
        if (curves["method"] == method).any()
    ]
    handles += [Line2D([], [], color="0.3", linestyle="dotted", label="exact formula")]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def named(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of data as they are, with the regime and the name of their curve."""
    table = table[(table["experiment"] != DATA_VARIATION) | is_baseline(table)]
    names = [curve_name(row) for row in table.to_dict("records")]
    return table.assign(regime=table["experiment"].map(regime_of), name=names)


def _panel(axes: Axes, regime: str, curves: pd.DataFrame, fits: pd.DataFrame) -> None:
    for method, colour in APPROACH_COLOURS.items():
        by_name = list(curves[curves["method"] == method].groupby("name", sort=False))
        for index, (name, curve) in enumerate(few(by_name, MOST_CURVES)):
            of_size = (fits["method"] == method) & (fits["name"] == name) & (fits["variable"] == SIZE[regime])
            style = {"color": colour, "marker": MARKERS[index]}
            _curve(axes, curve.sort_values(SIZE[regime]), SIZE[regime], fits[of_size], style, len(axes.containers))
    if curves.empty:
        return
    if regime.startswith("variance"):
        _guide(axes)
    readable_log_axis(axes.xaxis)
    axes.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)


def few(items: list, most: int) -> list:
    """At most so many, from the first to the last."""
    chosen = np.linspace(0, len(items) - 1, min(len(items), most)).round().astype(int)
    return [items[index] for index in chosen]


def _curve(axes: Axes, curve: pd.DataFrame, size: str, fits: pd.DataFrame, style: dict, before: int) -> None:
    """A curve and its law, scaled to 3^before where the law ends."""
    sizes, losses = curve[size].to_numpy(float), curve["mean"].to_numpy(float)
    label, scale = str(curve["name"].iloc[0]), 3.0**before / losses[-1]
    if len(fits):
        fit = fits.iloc[0]
        scale = 3.0**before / (fit["amplitude"] * sizes[-1] ** -fit["exponent"])
        window = np.array([fit["smallest"], fit["largest"]], float)
        law = scale * fit["amplitude"] * window ** -fit["exponent"]
        axes.plot(window, law, color=style["color"], linewidth=1.2, zorder=2)
        label += f": {plus_minus(fit['exponent'], fit['exponent_standard_error'])}"
    error = scale * curve["mean_standard_error"]
    marks = style | {"markersize": 4.5, "elinewidth": 1.0, "linestyle": "none"}
    axes.errorbar(sizes, scale * losses, error, label=label, **marks)
    if curve["theory"].notna().any():
        axes.plot(sizes, scale * curve["theory"], color=style["color"], linestyle="dotted", linewidth=1.2, zorder=1)


def _guide(axes: Axes) -> None:
    """Slope -1, as far as the panel goes."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    axes.plot([left, right], [high, high * left / right], color="0.75", linewidth=1, zorder=0, label="slope -1")
    axes.set(xlim=(left, right), ylim=(low, high))
