"""Colours: a qualitative palette that colour-blind readers can tell apart, and ramps from light to dark."""

import matplotlib
from matplotlib.colors import Colormap, LinearSegmentedColormap

# Okabe and Ito's eight, the darker blue first and black left to the reference
QUALITATIVE = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#8c6d31", "#f0e442")
# lightness falls all along, so that order is legible in grey too
RAMPS: dict[str, Colormap] = {
    "warm": LinearSegmentedColormap.from_list("warm", ("#f2b98a", "#e0644f", "#a63066", "#4a1f60")),
    "cool": LinearSegmentedColormap.from_list("cool", ("#a9d391", "#4fa08a", "#23698a", "#2a2f6f")),
    "green": matplotlib.colormaps["viridis"],
}


def qualitative(count: int) -> list[str]:
    """So many colours without order; beyond eight they repeat."""
    return [QUALITATIVE[index % len(QUALITATIVE)] for index in range(count)]


def ramp(name: str, count: int) -> list[tuple[float, ...]]:
    """So many colours in order, from light to dark (viridis: from dark to light), without the ends of the ramp."""
    return [RAMPS[name]((index + 1) / (count + 1)) for index in range(count)]
