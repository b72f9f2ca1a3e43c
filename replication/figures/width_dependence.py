"""Exhibit: how far the coefficient of variation at finite width is from its value at infinite width."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from replication.figures.style import (
    TRAINING_SIZE,
    dodged,
    finite_widths,
    readable_log_axis,
    styled,
    subjects,
    width_marks,
)
from replication.schema import subject_name

KEYS = ["task", "training_size", "training_time"]


def width_ratios(curves: pd.DataFrame) -> pd.DataFrame:
    """eps_L at finite width over eps_L at infinite width after the same steps: ratio, lower, upper for each ensemble.

    The interval is that of the ensemble alone; reference_lower and reference_upper are the infinite-width interval
    over training-set draws, relative to its own value.
    """
    eps = "coefficient_of_variation"
    columns = [*KEYS, eps, f"{eps}_lower", f"{eps}_upper"]
    finite = curves.loc[np.isfinite(curves.width), [*columns, "dataset", "width"]]
    infinite = curves.loc[np.isinf(curves.width) & (curves.method == "gradient_descent"), columns]
    both = finite.merge(infinite, on=KEYS, suffixes=("", "_infinite"))
    reference = both[f"{eps}_infinite"]
    ratios = {"ratio": eps, "lower": f"{eps}_lower", "upper": f"{eps}_upper"}
    ratios |= {f"reference_{end}": f"{eps}_{end}_infinite" for end in ("lower", "upper")}
    return both[[*KEYS, "dataset", "width"]].assign(
        **{name: both[column] / reference for name, column in ratios.items()}
    )


@styled
def width_dependence(curves: pd.DataFrame, bound: float | None = None) -> Figure:
    """eps_L(width) / eps_L(infinite width, same number of steps) against N_D, one panel for each task.

    Points: trained ensembles with bootstrap intervals over members, set a few per cent apart in N_D. Grey band:
    interval of the infinite-width value over draws of the training set. Dashed lines at `bound` and 1 / `bound`, the
    equivalence bounds of claim A3, if given.
    """
    ratios = width_ratios(curves)
    panels = subjects(curves)
    figure = Figure(figsize=(1.2 + 3.3 * len(panels), 4.1))
    grid = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    marks = width_marks(finite_widths(curves))
    for axes, (task, dataset) in zip(grid, panels, strict=True):
        axes.set(xscale="log", yscale="log", xlabel=TRAINING_SIZE)
        axes.set_title(subject_name(task, dataset), loc="left", fontweight="bold")
        subset = ratios[ratios.task == task]
        axes.axhline(1, color="black", linewidth=1, label="infinite width", zorder=1)
        band = subset.drop_duplicates("training_size").sort_values("training_size")
        label = "its interval over training sets"
        ends = band.reference_lower, band.reference_upper
        axes.fill_between(band.training_size, *ends, color="0.85", linewidth=0, zorder=0, label=label)
        for index, (width, mark) in enumerate(marks.items()):
            points = subset[subset.width == width]
            bars = np.abs(np.stack([points.ratio - points.lower, points.upper - points.ratio]))
            x = dodged(points.training_size, index, len(marks))
            axes.errorbar(x, points.ratio, bars, linestyle="none", elinewidth=1.1, label=f"width {width:g}", **mark)
        for value in (bound, 1 / bound) if bound else ():
            text = "equivalence bounds" if value == bound else "_bound"
            axes.axhline(value, color="0.35", linewidth=0.9, linestyle="dashed", zorder=1, label=text)
    grid[0].set_ylabel(r"$\epsilon_L$(width) / $\epsilon_L$(infinite width)")
    readable_log_axis(grid[0].yaxis)
    readable_log_axis(grid[0].xaxis)
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(handles), 2 * len(panels)))
    return figure
