"""Colours: seaborn's palette that colour-blind readers can tell apart, and its ramps from light to dark."""

import seaborn as sns

QUALITATIVE: tuple[str, ...] = tuple(sns.color_palette("colorblind").as_hex())
RAMPS = {"warm": "flare", "cool": "crest", "green": "viridis"}  # lightness changes all along: legible in grey too


def qualitative(count: int) -> list[str]:
    """So many colours without order; beyond ten they repeat."""
    return list(sns.color_palette("colorblind", count).as_hex())


def ramp(name: str, count: int) -> list[tuple[float, ...]]:
    """So many colours in order, from light to dark (viridis: from dark to light), without the ends of the ramp."""
    return [tuple(colour) for colour in sns.color_palette(RAMPS[name], count)]
