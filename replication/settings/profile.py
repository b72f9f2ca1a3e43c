"""A profile, a set of sections; the pipeline; the whole of params.yaml, which `reading.py` reads."""

from typing import Annotated

from pydantic import Field

from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.infinite_width import InfiniteWidth, LearningCurveTheory, PublishedNumbers, Variations
from replication.settings.network import MLP
from replication.settings.random_features import RandomFeatures
from replication.settings.regimes import DataVariations, Dimension, TrainedRegimes, TrainedVariations
from replication.settings.sections import ProfileName, Section
from replication.settings.tasks import DATASETS_OF_TASK, TaskName, TaskSettings
from replication.settings.training import Execution, FiniteWidth, Training, TrainingVariations


class Profile(Section):
    """One complete run of the pipeline."""

    seed: Annotated[int, Field(ge=0, lt=2**63)]
    tasks: Annotated[dict[TaskName, TaskSettings], Field(min_length=1)]
    network: MLP
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
            if task.dataset not in DATASETS_OF_TASK[name]:
                yield (
                    f"tasks.{name}.dataset",
                    f"{task.dataset} does not feed {name}; use {' or '.join(DATASETS_OF_TASK[name])}",
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
