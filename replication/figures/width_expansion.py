"""Exhibit: eps_L against one over the width, from infinite width without a fit, and of ensembles."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter

from replication.figures.palettes import ramp
from replication.figures.style import linear_from_zero, styled
from replication.scaling_laws.estimates import shorter
from replication.schema import EXPANSION_REACH, LINEARISED, TRAINED, subject_name

EPS = "coefficient_of_variation"
POINTS = 200  # of a curve
# relative shift in 1 / n between training sizes, so that their intervals do not cover each other
DODGE = 0.04
FACES = {TRAINED: "trained to convergence", LINEARISED: "linearised, converged"}


@styled
def width_expansion(theory: pd.DataFrame, ensembles: pd.DataFrame | None = None) -> Figure:
    """eps_L(n) = sqrt(eps_L^2 + c / n) against 1 / n on a square-root axis, a panel for each output scale.

    theory: rows of `finite_width_correction`, one task, in the pipeline with output scales in the column `value`. Bands
    are the error of c; lines are dashed where N_D / n or |b| / n is above a quarter, beyond the expansion's reach.
    ensembles: the table of moments, whose intervals are drawn: those by control variates where they are the shorter.
    """
    values = list(dict.fromkeys(theory["value"])) if "value" in theory else [None]
    figure = Figure(figsize=(1.6 + 4.2 * len(values), 4.2))
    grid = figure.subplots(1, len(values), sharey=True, squeeze=False)[0]
    sizes = sorted(theory["training_size"].unique())
    colours = dict(zip(sizes, ramp("cool", len(sizes)), strict=True))
    widths = _widths(theory)
    for axes, value in zip(grid, values, strict=True):
        own = theory if value is None else theory[theory["value"] == value]
        axes.set_title(_title(own), loc="left", fontweight="bold")
        for row in own.to_dict("records"):
            _draw_theory(axes, row, 1.25 / widths[0], colours[row["training_size"]])
        if ensembles is not None:
            points = ensembles if value is None else ensembles[ensembles["value"] == value]
            _draw_ensembles(axes, points, colours)
        _width_axis(axes, widths)
    linear_from_zero(grid[0])
    grid[0].set_ylabel(r"$\epsilon_L = \sigma_L / \mu_L$")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(handles), 4))
    return figure


def _widths(theory: pd.DataFrame) -> list[int]:
    stem = f"{EPS}_at_"
    return sorted(int(name.removeprefix(stem)) for name in theory if name.startswith(stem))


def _title(theory: pd.DataFrame) -> str:
    row = theory.iloc[0]
    parts = [subject_name(row["task"], row["dataset"])] if "task" in theory else []
    scale = f"g = {row['output_scale']:.3g}" if row["output_scale"] else "centred"
    matched = " (matched)" if theory.get("value", pd.Series([""])).iloc[0] == "matched" else ""
    return ", ".join([*parts, scale + matched])


def _draw_theory(axes: Axes, row: dict, end: float, colour: str) -> None:
    inverse = np.linspace(0, np.sqrt(end), POINTS) ** 2
    reached = inverse <= EXPANSION_REACH / max(row["training_size"], abs(row["b"]))
    low, line, high = (
        np.sqrt(np.clip(row[EPS] ** 2 + (row["c"] + sign * row["c_error"]) * inverse, 0, None)) for sign in (-1, 0, 1)
    )
    axes.fill_between(inverse, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.plot(inverse[reached], line[reached], color=colour, label=rf"$N_D$ = {row['training_size']}, order $1/n$")
    axes.plot(inverse[~reached], line[~reached], color=colour, linestyle="dashed")
    axes.plot(0, row[EPS], marker="o", markersize=5, color=colour, clip_on=False, zorder=5)


def _draw_ensembles(axes: Axes, table: pd.DataFrame, colours: dict[int, str]) -> None:
    for method, words in FACES.items():
        largest = table.loc[table["method"] == method, "training_size"].max()  # whose colour stands in the legend
        for place, (size, colour) in enumerate(colours.items()):
            rows = table[(table["method"] == method) & (table["training_size"] == size)]
            if rows.empty:
                continue
            estimates = np.array([_shorter(row) for row in rows.to_dict("records")])
            shift = 1 + DODGE * (place - (len(colours) - 1) / 2) + (DODGE / 2 if method == LINEARISED else 0)
            face = colour if method == TRAINED else "white"
            label = words if size == largest else "_"
            bars, x = np.abs(estimates[:, 1:] - estimates[:, :1]).T, shift / rows["width"].to_numpy(float)
            axes.errorbar(
                x, estimates[:, 0], bars, linestyle="none", color=colour, elinewidth=1.1, label=label,
                marker="s" if method == TRAINED else "o", markerfacecolor=face, markersize=4.5,
            )  # fmt: skip


def _shorter(row: dict) -> tuple[float, float, float]:
    """Estimate and ends, by control variates or plain."""
    stem = shorter(row, EPS)
    return tuple(row[f"{stem}{EPS}{end}"] for end in ("", "_lower", "_upper"))


def _width_axis(axes: Axes, widths: list[int]) -> None:
    """1 / n on a square-root scale, which spreads wide networks out; named by n."""
    axes.set_xscale("function", functions=(lambda x: np.sqrt(np.clip(x, 0, None)), np.square))
    axes.xaxis.set_major_locator(FixedLocator([0, *(1 / width for width in widths[::-1])]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: r"$\infty$" if x == 0 else f"{1 / x:.0f}"))
    axes.xaxis.set_minor_locator(FixedLocator([]))
    axes.set_xlim(left=0)
    axes.set_xlabel(r"width $n$, on an axis of $1 / \sqrt{n}$")
