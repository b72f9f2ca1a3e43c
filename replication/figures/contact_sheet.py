"""Exhibit: samples of a training pool, with their targets written under them."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from replication.datasets.dataset import Dataset
from replication.figures.palettes import ramp
from replication.figures.style import readable_log_axis, styled

COLUMNS = 10  # thumbnails beside each other where classes are few
PER_CLASS = 4
SHOWERS = 8
GAP, CAPTION = 0.12, 0.3  # between thumbnails, and below each for its label, in units of a thumbnail


@styled
def contact_sheet(dataset: Dataset, title: str) -> Figure:
    """Samples of the training pool: the first images of each class, or showers from the lowest to the highest energy.

    Images (height, width) are grey, (height, width, 3) in colour, black is 0; the label under each is its class.
    Showers: longitudinal profiles, counts in each layer, beside maps of the counts, each divided by its own maximum,
    on a logarithmic scale over three decades; (layers, rows, columns) is summed over layers, (layers, rings) shown
    whole. Under each stands the energy in GeV; targets are in MeV.
    """
    return _images(dataset, title) if dataset.classes else _showers(dataset, title)


def _images(dataset: Dataset, title: str) -> Figure:
    if dataset.classes > COLUMNS // 2:  # a column for each class
        chosen = np.stack([_first(dataset.targets, label, PER_CLASS) for label in range(dataset.classes)], axis=1)
    else:  # rows for each class
        chosen = np.stack([_first(dataset.targets, label, 2 * COLUMNS) for label in range(dataset.classes)])
        chosen = chosen.reshape(-1, COLUMNS)
    rows, columns = chosen.shape
    figure = Figure(figsize=(0.84 * columns, 0.76 * (1 + CAPTION) * rows + 0.35))
    figure.suptitle(title, fontweight="bold")
    white = 255 if dataset.inputs.ndim == 4 else int(dataset.inputs.max())
    picture = {"cmap": "gray", "vmin": 0, "vmax": 1}
    shown = {cell: (dataset.inputs[index] / white, f"{dataset.targets[index]}") for cell, index in _taken(chosen)}
    _thumbnails(figure.subplots(), shown, rows, columns, 1.0, picture)
    return figure


def _first(targets: np.ndarray, label: int, count: int) -> np.ndarray:
    """Indices of the first `count` points of a class; -1 where it has fewer."""
    found = np.flatnonzero(targets == label)[:count]
    return np.pad(found, (0, count - len(found)), constant_values=-1)


def _taken(chosen: np.ndarray) -> Iterator[tuple[tuple[int, ...], int]]:
    """Cells of the grid that hold a point, and which."""
    return ((cell, index) for cell, index in np.ndenumerate(chosen) if index >= 0)


def _showers(dataset: Dataset, title: str) -> Figure:
    order = np.argsort(dataset.targets, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(SHOWERS, len(order))).round().astype(int)]
    showers, energies = dataset.inputs[chosen].astype(float), dataset.targets[chosen] / 1000
    labels = [f"{energy:.3g} GeV" for energy in energies]
    whole = showers.ndim == 3
    figure = Figure(figsize=(10, 4.4))
    figure.suptitle(title, fontweight="bold")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.1))
    _profiles(left, showers.reshape(*showers.shape[:2], -1).sum(axis=2), labels)
    maps = showers if whole else showers.sum(axis=1)
    columns = 4
    shown = {
        divmod(index, columns): (np.maximum(image / max(image.max(), 1), 1e-3), label)
        for index, (image, label) in enumerate(zip(maps, labels, strict=True))
    }
    aspect = 1.6 if whole else 1.0
    _thumbnails(
        right, shown, -(-len(chosen) // columns), columns, aspect, {"cmap": "inferno", "norm": LogNorm(1e-3, 1)}
    )
    right.set_title("layers (down) by rings (across)" if whole else "maps, summed over layers")
    return figure


def _profiles(axes: Axes, profiles: np.ndarray, labels: list[str]) -> None:
    layers = np.arange(1, profiles.shape[1] + 1)
    colours = ramp("warm", len(labels))
    for profile, label, colour in reversed(list(zip(profiles, labels, colours, strict=True))):
        axes.step(layers, np.where(profile > 0, profile, np.nan), where="mid", color=colour, label=label)
    axes.set(yscale="log", xlabel="layer", ylabel="counts in the layer")
    axes.set_title("longitudinal profiles")
    axes.set_ylim(bottom=0.7)
    readable_log_axis(axes.yaxis)
    axes.legend(ncols=2, fontsize=10, handlelength=1.2)


def _thumbnails(axes: Axes, shown: dict, rows: int, columns: int, aspect: float, picture: dict) -> None:
    """Pictures `aspect` times as high as wide at (row, column), with their labels centred under them."""
    pitch = aspect + CAPTION
    for (row, column), (image, label) in shown.items():
        left, bottom = column * (1 + GAP), -row * pitch
        axes.imshow(image, extent=(left, left + 1, bottom, bottom + aspect), interpolation="nearest", **picture)
        axes.text(left + 0.5, bottom - 0.04, label, ha="center", va="top", fontsize=11)
    axes.set(xlim=(0, columns * (1 + GAP) - GAP), ylim=(-(rows - 1) * pitch - CAPTION, aspect), aspect="equal")
    axes.set_axis_off()
