"""The sections of the settings that belong to arXiv 2102.06701, explaining neural scaling laws."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from replication.settings.network import ReLUNetworks
from replication.settings.sections import Activation, Bound, Depth, Positive, Section, Share, Sizes, Window, too_few

ImageTask = Literal["digits", "images"]


class VarianceWidth(Section):
    """Networks of growing width at a fixed, small training set, full-batch gradient descent."""

    depth: Depth
    activation: Activation
    training_size: Positive
    widths: Sizes
    window: Window
    members: Annotated[int, Field(ge=8)]
    steps: Positive
    learning_rate_fraction: Share


class VarianceData(Section):
    """One small network on growing draws of points, full-batch gradient descent."""

    width: Positive
    activation: Activation
    training_sizes: Sizes
    window: Window
    draws: Annotated[int, Field(ge=3)]
    members: Positive
    steps: Positive
    learning_rate_fraction: Share


class ResolutionWidth(Section):
    """Networks of growing width on a `population` of their own, in batches, Adam with a cosine schedule.

    In mu-parametrisation, as TrainedVariations. A network narrower than its outputs are many cannot tell them apart.
    """

    population: Positive
    widths: Sizes
    window: Window
    members: Annotated[int, Field(ge=3)]
    steps: Positive
    batch_size: Positive
    adam_learning_rate: Bound


class TrainedRegimes(Section):
    """Trained networks in three regimes on the data of one task, whose first `population` points are the population.

    Exponents are fitted in each regime's `window`. The fourth regime, resolution-limited in data, is that of the
    students (`Dimension.trained`) and of TrainedVariations.
    """

    task: Literal["digits", "images", "calorimeter"]
    population: Positive
    variance_width: VarianceWidth
    variance_data: VarianceData
    resolution_width: ResolutionWidth

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for every contradiction."""
        for name, sizes in (
            ("variance_width", "widths"),
            ("variance_data", "training_sizes"),
            ("resolution_width", "widths"),
        ):
            regime = getattr(self, name)
            yield from too_few(f"{name}.window", regime.window, getattr(regime, sizes))


class TrainedCurves(Section):
    """Learning curves of networks that Adam trains with a cosine schedule, on batches where there are more points.

    In each of the `draws` of the data, `members` networks that differ in their initial weights.
    """

    width: Positive
    training_sizes: Sizes
    window: Window
    members: Positive
    draws: Annotated[int, Field(ge=3, le=10_000)]
    steps: Positive
    batch_size: Positive
    adam_learning_rate: Bound


class TrainedVariations(TrainedCurves):
    """Trained networks on the data of one task, on classes merged and on noisy inputs, in mu-parametrisation.

    There the outputs begin at zero: the loss is that of what was learnt, and not of the initial function, which wide
    networks in NTK parametrisation keep where they see few points.
    """

    task: ImageTask
    depth: Depth
    superclasses: tuple[Annotated[int, Field(ge=2)], ...]
    noise: tuple[Bound, ...]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for every contradiction."""
        yield from too_few("window", self.window, self.training_sizes)


class DataVariations(Section):
    """Learning curves of converged networks of infinite width on the data of a task, and on the same data changed.

    Images are average-pooled to `sides`, classes merged into `superclasses` of them, Gaussian `noise` of these standard
    deviations, in units of the standardised inputs', is added to training and test inputs. alpha_D is fitted in
    `window`. Spectrum and theory come from the first `sample_size` points of each draw: the theory for training sizes
    up to a quarter of that, its exponent in `theory_window`; eigenvalues are fitted over `ranks`.
    """

    training_sizes: Sizes
    draws: Annotated[int, Field(ge=3, le=10_000)]
    window: Window
    sides: dict[ImageTask, Sizes]
    superclasses: tuple[Annotated[int, Field(ge=2)], ...]
    noise: tuple[Bound, ...]
    sample_size: Positive
    theory_window: Window
    ranks: Window

    @property
    def theory_sizes(self) -> tuple[int, ...]:
        """Training sizes that the sample resolves."""
        return tuple(size for size in self.training_sizes if size <= self.sample_size / 4)

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for every contradiction."""
        yield from too_few("window", self.window, self.training_sizes)
        yield from too_few("theory_window", self.theory_window, self.theory_sizes)
        if self.ranks.largest > self.sample_size / 4:
            yield "ranks", "must end at a quarter of sample_size, which knows no finer modes; lower it"


class TrainedStudents(TrainedCurves):
    """Students of finite width; every draw has inputs and one teacher of its own."""

    dimensions: Sizes


class Dimension(ReLUNetworks):
    """Random finite teachers on inputs uniform in a cube of d dimensions; students of infinite width, and `trained`.

    All are ReLU networks of `depth` hidden layers with these variances; every draw has inputs and teachers of its own.
    """

    dimensions: Sizes
    training_sizes: Sizes
    window: Window
    draws: Annotated[int, Field(ge=3, le=10_000)]
    teachers: Positive
    teacher_width: Positive
    test_size: Positive
    trained: TrainedStudents

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (key, message) for every contradiction."""
        yield from too_few("window", self.window, self.training_sizes)
        yield from too_few("trained.window", self.trained.window, self.trained.training_sizes)
