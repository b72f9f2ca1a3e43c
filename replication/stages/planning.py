"""The runs of every experiment that trains: shared by the stages that train and by the command that counts members."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from replication import schema
from replication.datasets import prepared
from replication.datasets.dataset import Dataset
from replication.experiments import trained_regimes as regimes
from replication.experiments import training_variations as variations
from replication.experiments.ensembles import ensembles
from replication.experiments.trained_curves import trained_students
from replication.experiments.trained_curves import trained_variations as changed_data
from replication.finite_width.runs import Run
from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training, TrainingVariations
from replication.stages import files
from replication.stages.run_paths import RunPaths

REGIMES = "trained_regimes"  # the folder of the members, and of the table, of arXiv 2102.06701


class Plan(NamedTuple):
    """Of an experiment that trains: the table that it ends in, and what makes its runs."""

    experiment: str
    table: Path
    runs: Callable[[], list[Run]]


def plan_ensembles(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    training: Training,
    finite_width: FiniteWidth,
    training_variations: TrainingVariations,
) -> list[Plan]:
    """The experiments of arXiv 2503.05938 on one task, at learning rates that earlier tables hold.

    Making the runs raises ReplicationError where data or tables are not there, or are for other settings.
    """

    def of_learning_curve() -> list[Run]:
        exact = files.read_table(paths.results("infinite_width", str(paths.task), "learning_curves.csv"))
        return ensembles(*_subject(paths, task), network, training, finite_width, seed, exact)

    def of_variations() -> list[Run]:
        expected = files.read_table(ensemble_table(paths, "expected"))
        return variations.training_variations(
            *_subject(paths, task), network, training, training_variations, seed, expected
        )

    return [
        Plan(schema.LEARNING_CURVE, ensemble_table(paths, "members"), of_learning_curve),
        Plan(schema.TRAINING_VARIATION, ensemble_table(paths, "training_variations"), of_variations),
    ]


def plan_regimes(
    paths: RunPaths,
    seed: int,
    tasks: dict[str, TaskSettings],
    network: MLP,
    training: Training,
    trained_regimes: TrainedRegimes,
    trained_variations: TrainedVariations,
    dimension: Dimension,
) -> list[Plan]:
    """The experiments of arXiv 2102.06701. Making the runs raises ReplicationError where prepared data are not there."""

    @functools.cache
    def dataset(task: str) -> Dataset:
        return prepared.read(RunPaths(paths.profile, task).prepared)

    def on_task(make: Callable[..., list[Run]], settings: TrainedRegimes | TrainedVariations) -> Callable[[], list[Run]]:
        return lambda: make(dataset(settings.task), tasks[settings.task], network, training, settings, seed)

    runs = {
        schema.VARIANCE_LIMITED_WIDTH: on_task(regimes.variance_limited_width, trained_regimes),
        schema.VARIANCE_LIMITED_DATA: on_task(regimes.variance_limited_data, trained_regimes),
        schema.RESOLUTION_LIMITED_WIDTH: on_task(regimes.resolution_limited_width, trained_regimes),
        schema.TEACHER_STUDENT: lambda: trained_students(training, dimension, seed),
        schema.DATA_VARIATION: on_task(changed_data, trained_variations),
    }
    return [Plan(experiment, paths.results(REGIMES, "members.csv"), make) for experiment, make in runs.items()]


def ensemble_table(paths: RunPaths, stem: str) -> Path:
    """A table of the ensembles of a task."""
    return paths.results("ensembles", str(paths.task), f"{stem}.csv")


def _subject(paths: RunPaths, task: TaskSettings) -> tuple[Dataset, str, TaskSettings]:
    return prepared.read(paths.prepared), str(paths.task), task
