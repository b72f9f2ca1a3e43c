"""What the exhibits share: the style sheet, colours, labels of quantities, and readable logarithmic axes."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib.style
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, Locator, LogLocator, MaxNLocator, NullFormatter

from replication.figures.palettes import QUALITATIVE, ramp
from replication.schema import APPROACHES

Given = ParamSpec("Given")
Drawn = TypeVar("Drawn")
STYLE_SHEET = Path(__file__).with_name("replication.mplstyle")
SYMBOLS = {"mean": r"$\mu_L$", "std": r"$\sigma_L$", "coefficient_of_variation": r"$\epsilon_L = \sigma_L / \mu_L$"}
TRAINING_SIZE = r"training-set size $N_D$"
MARKERS = "os^Dvphd"
COLOURS = {"gradient_descent": "black", "bayes": QUALITATIVE[0]}
# of methods by their names in arXiv 2102.06701
APPROACH_COLOURS = dict(zip(APPROACHES, QUALITATIVE[:3], strict=True))
METHOD_MARKERS = {"gradient_descent": "o", "bayes": "s"}
LINEAR_UP_TO = 6  # largest over smallest eps_L that a linear axis from zero still shows well
DODGE = 0.035  # relative shift in N_D between neighbouring widths, so that their intervals do not cover each other


@functools.cache
def register_fonts() -> None:
    """Make sure that matplotlib finds the STIX fonts that come with it.

    It looks fonts up in a cache in the home folder, shared by all its installations; where that cache is stale, figures
    would come out in another font.
    """
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in sorted(Path(matplotlib.get_data_path(), "fonts", "ttf").glob("STIX*.ttf")):
        if str(path) not in known:
            font_manager.fontManager.addfont(path)


def styled(draw: Callable[Given, Drawn]) -> Callable[Given, Drawn]:
    """Decorate a function that makes or saves a figure: it runs under the style sheet and nothing else.

    No settings file of the user's has a say, and no global trace is left.
    """

    @functools.wraps(draw)
    def wrapper(*args: Given.args, **kwargs: Given.kwargs) -> Drawn:
        register_fonts()
        with matplotlib.style.context(STYLE_SHEET, after_reset=True):
            return draw(*args, **kwargs)

    return wrapper


def subjects(table: pd.DataFrame) -> list[tuple[str, str]]:
    """(task, dataset) pairs of a table in order of appearance."""
    return list(table[["task", "dataset"]].drop_duplicates().itertuples(index=False, name=None))


def panels_of(
    count: int, width: float, height: float, margin: float, shared: bool = False
) -> tuple[Figure, np.ndarray]:
    """A figure with so many panels, (count,), three in a row, or two where that leaves no gap; sizes of one in inches.

    margin: height below all of them, for a legend.
    """
    columns = 2 if count in (1, 2, 4) else 3
    rows = -(-count // columns)
    figure = Figure(figsize=(width * min(count, columns), height * rows + margin))
    grid = figure.subplots(rows, min(count, columns), squeeze=False, sharex=shared, sharey=shared).ravel()
    for axes in grid[count:]:
        axes.set_axis_off()
    return figure, grid[:count]


def legend_columns(panels: int) -> int:
    """Columns of a legend below so many panels of `panels_of`, few enough for words to fit its width."""
    return {1: 1, 2: 2}.get(panels, 4)


def finite_widths(curves: pd.DataFrame) -> list[float]:
    """The widths of the trained ensembles, ascending."""
    return sorted(curves.width[np.isfinite(curves.width)].unique())


def width_marks(widths: list[float]) -> dict[float, dict]:
    """Colour and marker of each width: light to dark as the width grows, legible also in grey."""
    colours = ramp("warm", len(widths))
    return {
        width: {"color": colour, "marker": MARKERS[index % len(MARKERS)]}
        for index, (width, colour) in enumerate(zip(widths, colours, strict=True))
    }


def dodged(sizes: npt.ArrayLike, index: int, count: int) -> np.ndarray:
    """N_D shifted on the logarithmic axis for the curve number `index` of `count`."""
    return np.asarray(sizes) * (1 + DODGE) ** (index - (count - 1) / 2)


def statistic_axis(axes: Axes, statistic: str, seen: np.ndarray) -> None:
    """mu_L and sigma_L logarithmic; eps_L linear from zero, which shows flatness at its true size, where that fits.

    seen: the values that decide whether it fits.
    """
    if statistic == "coefficient_of_variation" and seen.max() < LINEAR_UP_TO * seen.min():
        linear_from_zero(axes)
    else:
        axes.set_yscale("log")
        readable_log_axis(axes.yaxis)


def linear_from_zero(axes: Axes) -> None:
    """A vertical axis from zero in plain numbers."""
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter("{x:g}")


def readable_log_axis(axis: Axis, most: int = 6) -> None:
    """Label a logarithmic axis in plain numbers, with as many of 1, 2, 5 times powers of ten as are legible."""
    low, high = sorted(axis.get_view_interval())
    for locator in _log_locators(high / low):
        ticks = np.asarray(locator.tick_values(low, high))
        ticks = ticks[(low <= ticks) & (ticks <= high)]
        if len(ticks) <= most:
            break
    axis.set_major_locator(FixedLocator(ticks.tolist()))
    plain = ticks.min() >= 1e-4 and ticks.max() < 1e5
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if plain else _power(value)))
    axis.set_minor_formatter(NullFormatter())


def _log_locators(span: float) -> Iterator[Locator]:
    """From many ticks to few; evenly spaced ones where multiples of a power of ten would leave gaps."""
    if span < 4:
        yield MaxNLocator(6, steps=[1, 2, 5, 10])
    for multiples in ((1, 2, 3, 5), (1, 2, 5), (1, 3), (1,)):
        yield LogLocator(subs=multiples)


def _power(value: float) -> str:
    exponent = int(np.floor(np.log10(value) + 1e-9))
    mantissa = value / 10.0**exponent
    factor = "" if np.isclose(mantissa, 1) else rf"{mantissa:g} \times "
    return rf"${factor}10^{{{exponent}}}$"
