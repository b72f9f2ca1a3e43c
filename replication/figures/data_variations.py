"""Exhibit: what changes the exponent of a learning curve and what does not, as in arXiv 2102.06701."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from replication.errors import ReplicationError
from replication.experiments.data_variations import BASELINE, CASE, LABELS
from replication.experiments.regime_names import ROUTES
from replication.figures.style import MARKERS, readable_log_axis, sources, styled
from replication.infinite_width.resolution import TEACHER
from replication.scaling_laws.exponents import mean_curve

# panel: title, and the palette of its curves
PANELS = {
    "classes": ("classes merged", "crest"),
    "noise": ("noise on the inputs", "flare"),
    "side": ("pixels pooled", "viridis"),
}
TARGETS = {LABELS: ("labels", "o", "black"), TEACHER: ("random teacher", "s", sns.color_palette("colorblind")[0])}
SPREAD = 0.16  # between the labels' and the teacher's marks on the axis of variations


@styled
def data_variations(losses: pd.DataFrame, exponents: pd.DataFrame, differences: pd.DataFrame) -> Figure:
    """One row for each route and task: learning curves of the data and of the data changed, how far alpha_D moves.

    losses, exponents and differences of all tasks, with their route. Curves are of labels or
    superclasses: means over draws with standard errors, alpha_D in the legend, its power law over the fit window as
    a line. Last panel: alpha_D minus that of the unvaried data, pair by pair, with intervals; squares are of random
    teachers of the same kernel. A task without images or classes lacks those panels. ReplicationError without losses.
    """
    if losses.empty:
        raise ReplicationError("no varied data to draw", "run the stage that varies the data first")
    tasks = [(route, *task) for route in ROUTES for task in sources(losses[losses["route"] == route])]
    figure = Figure(figsize=(14.5, 0.5 + 3.5 * len(tasks)))
    grid = figure.subplots(len(tasks), len(PANELS) + 1, squeeze=False)
    curves = mean_curve(losses, ["route", *CASE])
    fits = exponents[(exponents["regime"] == "resolution_data") & exponents["origin"].fillna("").eq("")]
    for (route, task, source), row in zip(tasks, grid, strict=True):
        own, laws, moved = (
            table[(table["task"] == task) & (table["route"] == route)] for table in (curves, fits, differences)
        )
        for axes, panel in zip(row, PANELS, strict=False):
            _curves(axes, panel, own, laws)
        _differences(row[-1], moved)
        _titles(row, f"{task} ({source}), {ROUTES[route]}")
    return figure


def _titles(row: list[Axes], task: str) -> None:
    """The task stands with the first panel that is drawn, what is varied with each."""
    titles = [*(title for title, _ in PANELS.values()), "change of the exponent"]
    drawn = [(axes, title) for axes, title in zip(row, titles, strict=True) if axes.axison]
    for place, (axes, title) in enumerate(drawn):
        axes.set_title(title if place else f"{task}\n{title}", loc="left", fontweight="bold", fontsize=12)
    drawn[0][0].set_ylabel(r"test loss $L(D)$")


def _curves(axes: Axes, panel: str, curves: pd.DataFrame, laws: pd.DataFrame) -> None:
    """The unvaried labels, and every variation of the panel's kind."""
    if panel == "classes":
        chosen = curves[(curves["varied"] == BASELINE) & (curves["target"] != TEACHER)]
    else:
        chosen = curves[curves["varied"].isin([BASELINE, panel]) & (curves["target"] == LABELS)]
    cases = list(chosen.groupby(CASE, sort=False))
    if len(cases) == 1:
        axes.set_axis_off()
        return
    colours = ["black", *sns.color_palette(PANELS[panel][1], len(cases) - 1)]
    for place, ((case, curve), colour) in enumerate(zip(cases, colours, strict=True)):
        (law,) = laws[(laws[CASE] == list(case)).all(axis=1)].itertuples()
        _curve(axes, curve.sort_values("size"), law, colour, MARKERS[place])
    axes.set(xscale="log", yscale="log", xlabel=r"training points $D$")
    low, high = axes.get_ylim()
    axes.set_ylim(low / (high / low) ** (0.11 * len(cases)), high)  # room for the legend
    for axis in (axes.xaxis, axes.yaxis):
        readable_log_axis(axis)
    axes.legend(
        loc="lower left", fontsize=9.5, handlelength=1.2, labelspacing=0.25, title=r"$\alpha_D$", alignment="left"
    )


def _curve(axes: Axes, curve: pd.DataFrame, law, colour, marker: str) -> None:
    sizes, loss = curve["size"].to_numpy(float), curve["loss"].to_numpy()
    inside = (law.smallest <= sizes) & (sizes <= law.largest)
    centre, level = (np.exp(np.log(values[inside]).mean()) for values in (sizes, loss))
    window = sizes[inside]
    axes.plot(window, level * (window / centre) ** -law.exponent, color=colour, linewidth=1.2, zorder=2)
    label = rf"{_name(law)}: {law.exponent:.3f} $\pm$ {law.standard_error:.3f}"
    style = {"color": colour, "marker": marker, "markersize": 4.5, "elinewidth": 1.0, "linestyle": "none"}
    axes.errorbar(sizes, loss, curve["standard_error"], label=label, zorder=3, **style)


def _name(case) -> str:
    """What distinguishes a case within its panel."""
    if case.varied == BASELINE:
        return "unvaried" if case.target in TARGETS else case.target
    return f"noise {case.value:g}" if case.varied == "noise" else rf"{case.value:g} $\times$ {case.value:g} pixels"


def _differences(axes: Axes, differences: pd.DataFrame) -> None:
    """One line for each variation, from the top."""
    names = [_name(row) for row in differences.itertuples()]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    heights = np.array([places[name] for name in names], float)
    axes.axvline(0, color="0.45", linewidth=0.9, zorder=1)
    for place in range(0, len(places), 2):
        axes.axhspan(place - 0.5, place + 0.5, color="0.95", linewidth=0, zorder=0)
    for sign, (target, (label, marker, colour)) in zip((-1, 1), TARGETS.items(), strict=True):
        # superclasses are labels too
        own = (differences["target"] == TEACHER).to_numpy() == (target == TEACHER)
        points = differences[own]
        if points.empty:  # of trained networks nobody asks random teachers of a kernel
            continue
        bars = np.stack([points["difference"] - points["lower"], points["upper"] - points["difference"]])
        style = {"marker": marker, "color": colour, "linestyle": "none", "elinewidth": 1.2, "zorder": 3, "label": label}
        axes.errorbar(points["difference"], heights[own] + sign * SPREAD, xerr=bars, **style)
    axes.set_yticks(list(places.values()), list(places))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.set(xlabel=r"$\alpha_D$ minus unvaried", ylim=(len(places) - 0.5 + 0.13 * max(len(places), 5), -0.5))
    axes.legend(loc="lower left", fontsize=9.5, handlelength=1.0, ncols=2, columnspacing=1.0)
