"""The settings as frozen, validated models; `params.py` reads them from params.yaml.

A profile (`quick`, `laptop`, `paper`, or the reader's own) is a set of sections; a stage receives only the sections
it names as parameters, which are also the ones that `dvc.yaml` declares for it.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from replication.random_features.settings import RandomFeatures
from replication.regimes.settings import DataVariations, Dimension, TrainedRegimes, TrainedVariations
from replication.sections import (
    Activation,
    BiasVariance,
    Bound,
    Depth,
    MLPSpec,
    Positive,
    ProfileName,
    Section,
    Share,
    Sizes,
    WeightVariance,
    Window,
)

TaskName = Literal["digits", "images", "calorimeter"]
SourceName = Literal["uci_digits", "photo_patches", "showers", "mnist", "cifar10", "calochallenge"]
Algorithm = Literal["gradient_descent", "momentum", "minibatch", "adam"]
Parametrisation = Literal["ntk", "standard", "mup"]
Schedule = Literal["constant", "cosine"]
SOURCES_OF_TASK: dict[TaskName, tuple[SourceName, ...]] = {
    "digits": ("uci_digits", "mnist"),
    "images": ("photo_patches", "cifar10"),
    "calorimeter": ("showers", "calochallenge"),
}


class Training(Section):
    """How members are trained; the number of steps is the same for every task, and at infinite width.

    `algorithm` is full-batch gradient descent, the same with `momentum`, gradient descent on batches of `batch_size`
    points, or Adam on all of them with the step `adam_learning_rate` / sqrt(width). With the `schedule` "cosine" the
    learning rate falls to zero along half a period. `parametrisation` decides how fast each layer learns: "ntk" all
    alike, "standard" each by its fan-in, "mup" with a read-out divided by sqrt(width) and a learning rate multiplied by
    the width, so that features are learnt at any width. Infinite width knows gradient descent in the NTK
    parametrisation alone.
    """

    steps: Positive
    algorithm: Algorithm
    schedule: Schedule
    parametrisation: Parametrisation
    momentum: Annotated[float, Field(ge=0, lt=1)]
    batch_size: Positive
    adam_learning_rate: Bound


class Task(Section):
    """Which source feeds a task, how many points are training pool and test set, and the learning rate.

    The learning rate is `learning_rate_fraction` times the largest stable step of the infinitely wide network,
    2 / lambda_max(Theta / N_D). Kernels of narrow networks scatter, most where there is one output, so the share that
    keeps every member stable depends on the task.
    """

    source: SourceName
    pool_size: Positive
    test_size: Positive
    learning_rate_fraction: Share


class InfiniteWidth(Section):
    """Training sizes and training-set draws at infinite width, the engine that evaluates the kernels, regularisation.

    `diag_reg`, relative to the mean of the diagonal, is added to every kernel that is inverted, `singular_diag_reg` in
    its place where the kernel is singular to working precision; 0 makes that an error. The results say what was added.
    """

    training_sizes: Sizes
    draws: Annotated[int, Field(ge=3, le=10_000)]
    engine: Literal["neural_tangents", "closed_form"]
    diag_reg: Annotated[float, Field(ge=0, le=1)]
    singular_diag_reg: Annotated[float, Field(ge=0, le=1)]


class Variations(Section):
    """Converged networks at infinite width that differ from the profile's in one property; its own value is added."""

    training_sizes: Sizes
    draws: Annotated[int, Field(ge=3, le=10_000)]
    depth: tuple[Depth, ...]
    weight_variance: tuple[WeightVariance, ...]
    bias_variance: tuple[BiasVariance, ...]
    target_scale: tuple[Annotated[float, Field(ge=1e-6, le=1e6)], ...]  # every target is multiplied by it


class LearningCurveTheory(Section):
    """Predicted learning curves: the sample whose kernel's spectrum stands for the population's, and N_D asked for."""

    sample_size: Positive
    training_sizes: Sizes


class PublishedNumbers(Section):
    """Training sizes at which published accuracies are recomputed, where the profile has their data; may be empty."""

    training_sizes: tuple[Positive, ...]


class FiniteWidth(Section):
    """Widths, training sizes and the number of members of every ensemble."""

    widths: Sizes
    training_sizes: Sizes
    members: Annotated[int, Field(ge=8, le=10**6)]  # below, a bootstrap over members means little


class TrainingVariations(Section):
    """Ensembles of one width that differ from the profile's in one property; its own value is added."""

    width: Positive
    training_sizes: Sizes
    members: Annotated[int, Field(ge=8, le=10**6)]
    algorithm: tuple[Algorithm, ...]
    parametrisation: tuple[Parametrisation, ...]
    activation: tuple[Activation, ...]
    depth: tuple[Depth, ...]


class Execution(Section):
    """Where members are trained; no result depends on it beyond rounding, so no stage is rerun when it changes.

    `device` is "auto" (every GPU there is, else the processors), "cpu", "gpu", or one GPU, as in "gpu:0". `scheduler`
    is the address of a Dask scheduler whose workers train, as in "tcp://head:8786", or null for this machine.
    """

    device: Annotated[str, StringConstraints(pattern=r"^(auto|cpu|gpu(:\d+)?)$")]
    tensor_float_32: bool
    scheduler: Annotated[str, StringConstraints(pattern=r"^(tcp|tls)://.+:\d+$")] | None


class Statistics(Section):
    """Intervals: their confidence level, and the number of bootstrap resamples over members."""

    confidence: Share
    resamples: Annotated[int, Field(ge=100, le=10**6)]


class ScalingLaws(Section):
    """Fit windows: of the laws at infinite and at finite width, and of the plateau of eps_L."""

    infinite_width: Window
    finite_width: Window
    plateau: Window
    plateau_finite_width: Window


class Claims(Section):
    """Equivalence bounds: how far from the claim an estimate may lie and still count as agreeing with it."""

    significance: Annotated[float, Field(gt=0, lt=0.5)]
    exponent_drift: Bound
    plateau_slope: Bound
    width_ratio: Annotated[float, Field(gt=1)]
    exponent_difference: Bound
    interval_ratio: Annotated[float, Field(gt=1)]
    coverage: Bound
    width_intercept: Bound
    width_departure: Bound
    exponent_of_one: Bound
    exponent_share: Bound


class Profile(Section):
    """One complete run of the pipeline."""

    seed: Annotated[int, Field(ge=0, lt=2**63)]
    tasks: Annotated[dict[TaskName, Task], Field(min_length=1)]
    network: MLPSpec
    training: Training
    infinite_width: InfiniteWidth
    variations: Variations
    learning_curve_theory: LearningCurveTheory
    published_numbers: PublishedNumbers
    finite_width: FiniteWidth
    training_variations: TrainingVariations
    execution: Execution
    trained_regimes: TrainedRegimes
    data_variations: DataVariations
    trained_variations: TrainedVariations
    dimension: Dimension
    random_features: RandomFeatures
    statistics: Statistics
    scaling_laws: ScalingLaws
    claims: Claims

    def problems(self):
        """Yield (dotted key, message) for every contradiction between sections."""
        for name, task in self.tasks.items():
            if task.source not in SOURCES_OF_TASK[name]:
                yield (
                    f"tasks.{name}.source",
                    f"{task.source} does not feed {name}; use {' or '.join(SOURCES_OF_TASK[name])}",
                )
            for part in ("infinite_width", "variations", "finite_width", "training_variations", "data_variations"):
                largest = getattr(self, part).training_sizes[-1]
                if largest > task.pool_size / 2:  # draws of more would be nearly the same set
                    pool = f"half of tasks.{name}.pool_size = {task.pool_size}"
                    yield f"{part}.training_sizes", f"{largest} exceeds {pool}; drop that size or enlarge the pool"
            theory = self.learning_curve_theory
            if theory.sample_size > task.pool_size:
                pool = f"tasks.{name}.pool_size = {task.pool_size}"
                yield "learning_curve_theory.sample_size", f"{theory.sample_size} exceeds {pool}; take a smaller sample"
            if (sample := self.data_variations.sample_size) > task.pool_size / 2:
                pool = f"half of tasks.{name}.pool_size = {task.pool_size}"
                yield "data_variations.sample_size", f"{sample} exceeds {pool}; lower it or enlarge the pool"
        for part in ("data_variations", "trained_variations", "dimension", "trained_regimes", "random_features"):
            yield from ((f"{part}.{key}", message) for key, message in getattr(self, part).problems())
        if self.learning_curve_theory.training_sizes[-1] > self.learning_curve_theory.sample_size / 4:
            yield (
                "learning_curve_theory.training_sizes",
                "must end at a quarter of sample_size, which knows no finer modes; drop sizes or enlarge it",
            )
        yield from self._of_one_task()
        missing = sorted(set(self.finite_width.training_sizes) - set(self.infinite_width.training_sizes))
        if missing:
            yield (
                "finite_width.training_sizes",
                f"{missing} not among infinite_width.training_sizes, which set the learning rate; add them there",
            )
        if len(self.training_variations.training_sizes) < 3:
            yield "training_variations.training_sizes", "a plateau and its slope need at least 3; add some"
        for key, part, points in (
            ("infinite_width", self.infinite_width, 4),
            ("finite_width", self.finite_width, 4),
            ("plateau", self.infinite_width, 3),
            ("plateau_finite_width", self.finite_width, 3),
        ):
            window = getattr(self.scaling_laws, key)
            inside = sum(window.smallest <= size <= window.largest for size in part.training_sizes)
            if inside < points:
                yield f"scaling_laws.{key}", f"holds {inside} training sizes; widen it to hold at least {points}"
        window = self.scaling_laws.infinite_width
        both = set(self.infinite_width.training_sizes) & set(self.learning_curve_theory.training_sizes)
        if sum(window.smallest <= size <= window.largest for size in both) < 2:
            yield (
                "learning_curve_theory.training_sizes",
                "shares fewer than 2 sizes with infinite_width.training_sizes in the fit window; add some of them",
            )

    def _of_one_task(self):
        """The same for sections that belong to one task: it must be there, and its pool large enough."""
        regimes, varied, features = self.trained_regimes, self.trained_variations, self.random_features.relu
        population = max(regimes.population, regimes.variance_width.training_size)
        for part, task, key, points, share in (
            ("trained_regimes", regimes.task, "population", population, ""),
            ("trained_regimes", regimes.task, "resolution_width.population", regimes.resolution_width.population, ""),
            ("trained_variations", varied.task, "training_sizes", 2 * varied.training_sizes[-1], "half of "),
            ("random_features.relu", features.task, "pool_size", features.pool_size, ""),
        ):
            if task not in self.tasks:
                yield f"{part}.task", f"{task} is no task of this profile; use {' or '.join(self.tasks)}"
            elif points > (pool := self.tasks[task].pool_size):
                yield f"{part}.{key}", f"exceeds {share}tasks.{task}.pool_size = {pool}; lower it"


class Pipeline(Section):
    """What one `dvc repro` runs, and where the top of the project lies from there."""

    profiles: Annotated[tuple[str, ...], Field(min_length=1)]
    tasks: Annotated[tuple[TaskName, ...], Field(min_length=1)]
    root: str


class Settings(Section):
    """The whole of params.yaml; `shared` holds the sections that profiles refer to by YAML anchors."""

    pipeline: Pipeline
    shared: dict = Field(default_factory=dict)
    profiles: Annotated[dict[ProfileName, Profile], Field(min_length=1)]

    def problems(self):
        """Yield (dotted key, message) for every contradiction."""
        for name, profile in self.profiles.items():
            yield from ((f"profiles.{name}.{key}", message) for key, message in profile.problems())
        yield from pipeline_problems(self.pipeline, self.profiles)


def pipeline_problems(pipeline: Pipeline, profiles: dict[str, Profile]):
    """Yield (dotted key, message) for every profile that is not there and every task that it lacks."""
    for name in pipeline.profiles:
        if name not in profiles:
            yield "pipeline.profiles", f"no profile {name!r}; use {' or '.join(profiles)}"
        elif set(pipeline.tasks) != set(profiles[name].tasks):
            yield "pipeline.tasks", f"must be the tasks of profile {name}: {', '.join(profiles[name].tasks)}"
