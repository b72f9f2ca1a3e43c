"""A profile, a set of sections each validated by a model of its own, and all profiles of params.yaml."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from replication.settings import consistency
from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.infinite_width import InfiniteWidth, LearningCurveTheory, PublishedNumbers, Variations
from replication.settings.network import MLP
from replication.settings.random_features import RandomFeatures
from replication.settings.regimes import DataVariations, Dimension, TrainedRegimes, TrainedVariations
from replication.settings.sections import ProfileName, Section
from replication.settings.tasks import TaskName, TaskSettings
from replication.settings.training import Execution, FiniteWidth, Training, TrainingVariations, WidthExpansion

# sections that can contradict themselves
PARTS_WITH_PROBLEMS = (
    "finite_width", "data_variations", "trained_variations", "dimension", "trained_regimes", "random_features",
)  # fmt: skip


class Profile(Section):
    """One complete run of the pipeline: its values in place of the defaults that it does not share."""

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
    width_expansion: WidthExpansion
    execution: Execution
    trained_regimes: TrainedRegimes
    data_variations: DataVariations
    trained_variations: TrainedVariations
    dimension: Dimension
    random_features: RandomFeatures
    statistics: Statistics
    scaling_laws: ScalingLaws
    claims: Claims

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (dotted key, message) for every contradiction, within a section and between sections."""
        for part in PARTS_WITH_PROBLEMS:
            yield from ((f"{part}.{key}", message) for key, message in getattr(self, part).problems())
        yield from consistency.problems(self)


class Settings(Section):
    """All profiles of params.yaml, each complete with the defaults."""

    profiles: Annotated[dict[ProfileName, Profile], Field(min_length=1)]

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yield (dotted key, message) for every contradiction."""
        for name, profile in self.profiles.items():
            yield from ((f"profiles.{name}.{key}", message) for key, message in profile.problems())
