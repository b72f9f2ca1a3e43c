"""The section of the settings for random features (arXiv 2102.06701): which are simulated, how large, how often."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from replication.settings.network import ReLUNetworks
from replication.settings.sections import Bound, Positive, Section, Sizes, Window, too_few


class Curves(Section):
    """Sizes of the curves of all four regimes; each serves data and features alike.

    `sizes` are of the resolution-limited curves, where the other side is unlimited. `large_sizes` are of the
    variance-limited ones, whose other side is fixed at `small`.
    """

    sizes: Sizes
    window: Window
    small: Positive
    large_sizes: Sizes
    large_window: Window
    draws: Annotated[int, Field(ge=3, le=10_000)]

    def problems(self, most: int, what: str) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for every contradiction; `most` independent features there are."""
        for key, window, sizes in (
            ("window", self.window, self.sizes),
            ("large_window", self.large_window, self.large_sizes),
        ):
            yield from too_few(key, window, sizes)
        if self.sizes[-1] > most / 2:
            yield "sizes", f"must end at half of {what} ({most}), beyond which nothing is left to learn; lower them"
        if self.large_sizes[0] < 2 * self.small:
            yield "large_sizes", "must begin at twice `small` or more: where they meet, the loss diverges; raise them"


class PowerLawFeatures(Curves):
    """Gaussian features with covariance spectra i^-(1+alpha), i = 1 ... dimension, for each alpha of `exponents`."""

    dimension: Positive
    exponents: tuple[Bound, ...]


class ReLUFeatures(Curves, ReLUNetworks):
    """Features of random ReLU networks on images of a task, average-pooled to each of `sides`.

    The first `pool_size` points of a draw are all there are. alpha_K is fitted to eigenvalues in the window `ranks`.
    """

    task: Literal["digits", "images"]
    sides: Sizes
    pool_size: Positive
    neurons: Positive
    ranks: Window


class RandomFeatures(Section):
    """Random features in all four regimes: with power-law spectra, and those of ReLU networks."""

    power_law: PowerLawFeatures
    relu: ReLUFeatures

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for every contradiction."""
        modes = min(self.relu.pool_size, self.relu.neurons)
        for name, limits in (
            ("power_law", (self.power_law.dimension, "dimension")),
            ("relu", (modes, "pool_size and neurons")),
        ):
            yield from ((f"{name}.{key}", message) for key, message in getattr(self, name).problems(*limits))
        if self.relu.ranks.largest > modes / 2:
            yield "relu.ranks", "must end at half of pool_size and neurons, which know no finer modes; lower it"
