"""params.yaml as frozen, validated models.

A profile (`quick`, `laptop`, `paper`, or the reader's own) is a set of sections; a stage receives only the sections
it names as parameters, which are also the ones that `dvc.yaml` declares for it.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from replication.errors import ReplicationError

TaskName = Literal["digits", "images", "calorimeter"]
SourceName = Literal["uci_digits", "photo_patches", "showers", "mnist", "cifar10", "calochallenge"]
SOURCES_OF_TASK: dict[TaskName, tuple[SourceName, ...]] = {
    "digits": ("uci_digits", "mnist"),
    "images": ("photo_patches", "cifar10"),
    "calorimeter": ("showers", "calochallenge"),
}


def _increasing(values: tuple[int, ...]) -> tuple[int, ...]:
    if list(values) != sorted(set(values)):
        raise ValueError("must increase strictly; sort the list and drop duplicates")
    return values


Positive = Annotated[int, Field(gt=0)]
Sizes = Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(_increasing)]
Share = Annotated[float, Field(gt=0, lt=1)]
Bound = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A part of a profile: immutable, no unknown keys, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class MLPSpec(Section):
    """The multilayer perceptron, the same at every width.

    z^l = sqrt(weight_variance / fan_in) W^l h^(l-1) + sqrt(bias_variance) b^l with W, b ~ N(0, 1): the NTK
    parametrisation, `depth` hidden layers, C_W = weight_variance and C_b = bias_variance of arXiv 2503.05938.
    """

    depth: Positive
    activation: Literal["relu", "erf"]
    weight_variance: Annotated[float, Field(gt=0)]
    bias_variance: Annotated[float, Field(ge=0)]


class Training(Section):
    """Full-batch gradient descent: `steps` steps of `learning_rate_fraction` times the largest stable step.

    The largest stable step of the infinitely wide network is 2 / lambda_max(Theta / N_D).
    """

    learning_rate_fraction: Share
    steps: Positive


class Task(Section):
    """Which source feeds a task, and how many of its points are the training pool and the test set."""

    source: SourceName
    pool_size: Positive
    test_size: Positive


class InfiniteWidth(Section):
    """Training sizes and training-set draws at infinite width, and the engine that evaluates the kernels."""

    training_sizes: Sizes
    draws: Annotated[int, Field(ge=2)]
    engine: Literal["neural_tangents", "closed_form"]
    diag_reg: Annotated[float, Field(ge=0)]


class FiniteWidth(Section):
    """Widths, training sizes and the number of members of every ensemble."""

    widths: Sizes
    training_sizes: Sizes
    members: Annotated[int, Field(ge=8)]  # below, a bootstrap over members means little


class Statistics(Section):
    """Intervals: their confidence level, and the number of bootstrap resamples over members."""

    confidence: Share
    resamples: Annotated[int, Field(ge=100)]


class Window(Section):
    """The training sizes that enter a fit: smallest <= N_D <= largest."""

    smallest: Positive
    largest: Positive

    @model_validator(mode="after")
    def _ordered(self):
        if self.smallest >= self.largest:
            raise ValueError("smallest must lie below largest; widen the window")
        return self


class ScalingLaws(Section):
    """Fit windows: of the laws at infinite and at finite width, and of the plateau of eps_L."""

    infinite_width: Window
    finite_width: Window
    plateau: Window
    plateau_finite_width: Window


class Claims(Section):
    """Equivalence bounds: how far from the claim an estimate may lie and still count as agreeing with it."""

    significance: Share
    exponent_drift: Bound
    plateau_slope: Bound
    width_ratio: Annotated[float, Field(gt=1)]
    exponent_difference: Bound


class Profile(Section):
    """One complete run of the pipeline."""

    seed: Annotated[int, Field(ge=0)]
    tasks: Annotated[dict[TaskName, Task], Field(min_length=1)]
    network: MLPSpec
    training: Training
    infinite_width: InfiniteWidth
    finite_width: FiniteWidth
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
            for part in ("infinite_width", "finite_width"):
                largest = getattr(self, part).training_sizes[-1]
                if largest > task.pool_size:
                    pool = f"tasks.{name}.pool_size = {task.pool_size}"
                    yield f"{part}.training_sizes", f"{largest} exceeds {pool}; drop that size or enlarge the pool"
        missing = sorted(set(self.finite_width.training_sizes) - set(self.infinite_width.training_sizes))
        if missing:
            yield (
                "finite_width.training_sizes",
                f"{missing} not among infinite_width.training_sizes, which set the learning rate; add them there",
            )
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


class Settings(Section):
    """The whole of params.yaml."""

    pipeline: dict
    shared: dict
    profiles: dict[str, Profile]


def _strict_types(value):
    """Lists become tuples: strict validation of a sequence field then asks for no conversion."""
    if isinstance(value, dict):
        return {key: _strict_types(item) for key, item in value.items()}
    return tuple(map(_strict_types, value)) if isinstance(value, list) else value


def read_settings(path: Path) -> Settings:
    """Read and validate params.yaml; a wrong key, type or value is a one-line ReplicationError with its dotted key."""
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReplicationError(
            f"no settings file {path}", "run from the top of the project, or name one with --params"
        ) from None
    except (YAMLError, UnicodeDecodeError) as error:
        line = str(error).replace("\n", " ")
        raise ReplicationError(f"{path} is not valid YAML ({line})", "mend the line named") from None
    if not isinstance(raw, dict):
        raise ReplicationError(f"{path} is not a mapping", "it needs the keys pipeline and profiles")
    try:
        settings = Settings.model_validate(_strict_types(raw))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]")
        message = first["msg"].removeprefix("Value error, ")
        raise ReplicationError(f"{path}: {key}", f"{message} (found {first['input']!r:.80})") from None
    for name, profile in settings.profiles.items():
        for key, message in profile.problems():
            raise ReplicationError(f"{path}: profiles.{name}.{key}", message)
    return settings


def profile_named(settings: Settings, name: str) -> Profile:
    """The profile called `name`."""
    if name not in settings.profiles:
        raise ReplicationError(
            f"no profile {name!r}", f"choose one of {', '.join(settings.profiles)}, or add it to params.yaml"
        )
    return settings.profiles[name]
