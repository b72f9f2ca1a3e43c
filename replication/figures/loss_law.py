"""Exhibit: the law of the test loss that infinite width and order 1/n predict, over the losses of trained members."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import special, stats

from replication.figures.palettes import QUALITATIVE
from replication.figures.style import legend_columns, panels_of, styled, subjects
from replication.schema import TRAINED, subject_name

POINTS = 400


@styled
def loss_law(
    members: pd.DataFrame, moments: pd.DataFrame, theory: pd.DataFrame, value: str, confidence: float
) -> Figure:
    """Losses of trained members (bars) of one width and N_D, a panel for each task, at the output scale `value`.

    The width is the middle one of those that were trained, N_D the largest within the expansion. Lines: Gaussians of
    the moments of infinite width (grey) and of order 1/n (black); shaded the central interval of the latter, below
    it the share of members inside.
    """
    panels = subjects(theory)
    figure, grid = panels_of(len(panels), 4.4, 3.0, 0.6)
    for axes, (task, dataset) in zip(grid, panels, strict=True):
        of_members, of_moments, of_theory = (
            table[(table["task"] == task) & (table["value"].astype(str) == value)]
            for table in (members, moments, theory)
        )
        share, size, width = _panel(axes, of_members, of_moments, of_theory, confidence)
        axes.set_title(subject_name(task, dataset), loc="left", fontweight="bold", fontsize=12)
        axes.set_xlabel(f"test loss, $N_D$ = {size}, $n$ = {width}: {share:.0%} inside", fontsize=12)
        axes.set_yticks([])
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(len(panels)))
    return figure


def _panel(
    axes: Axes, members: pd.DataFrame, moments: pd.DataFrame, theory: pd.DataFrame, confidence: float
) -> tuple[float, int, int]:
    trained = moments[moments["method"] == TRAINED]
    widths = sorted(trained["width"].unique())
    width = widths[len(widths) // 2]
    inside = trained[(trained["width"] == width) & ~trained["beyond_expansion"].astype(bool)]
    row = inside.loc[inside["training_size"].idxmax()]
    size = row["training_size"]
    limit = theory[theory["training_size"] == size].iloc[0]
    chosen = (members["method"] == TRAINED) & (members["width"] == width) & (members["training_size"] == size)
    losses = members.loc[chosen, "test_loss"].to_numpy()
    axes.hist(losses, bins="auto", density=True, color=QUALITATIVE[0], alpha=0.45, label="trained members")
    mean, eps = row["expected_mean"], row["expected_coefficient_of_variation"]
    half = special.ndtri((1 + confidence) / 2) * eps * mean
    axes.axvspan(
        mean - half, mean + half, color="0.5", alpha=0.15, linewidth=0, label=f"{confidence:.0%} of order $1/n$"
    )
    for label, centre, std, colour in (
        ("infinite width", limit["mean"], limit["mean"] * limit["coefficient_of_variation"], "0.45"),
        ("order $1/n$", mean, mean * eps, "black"),
    ):
        x = np.linspace(centre - 4 * std, centre + 4 * std, POINTS)
        axes.plot(x, stats.norm.pdf(x, centre, std), label=label, color=colour)
    return float(np.mean(np.abs(losses - mean) <= half)), int(size), int(width)
