"""The experiments of arXiv 2503.05938 that train."""

import functools
from pathlib import Path

from replication import schema
from replication.datasets import prepared
from replication.experiments import training_variations as variations
from replication.experiments import width_expansion as expansion
from replication.experiments.ensembles import Case, Subject, case_of, ensembles
from replication.finite_width.runs import Run
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training, TrainingVariations, WidthExpansion
from replication.stages import files
from replication.stages.plan import Plan
from replication.stages.run_paths import RunPaths


def plan_ensembles(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    training: Training,
    finite_width: FiniteWidth,
    training_variations: TrainingVariations,
    width_expansion: WidthExpansion,
) -> list[Plan]:
    """The experiments of arXiv 2503.05938 on one task, and that of its open problem, at rates that earlier tables hold.

    Making the runs raises ReplicationError where data or tables are not there, or are for other settings.
    """

    @functools.cache
    def subject() -> Subject:
        return subject_of(paths, task, network, seed)

    def runs(cases: list[Case]) -> list[Run]:
        return ensembles(
            subject(), cases, training, finite_width, files.read_table(ensemble_table(paths, "training_times"))
        )

    def of_variations() -> list[Run]:
        expected = files.read_table(ensemble_table(paths, "expected"))
        return variations.training_variations(subject(), training, training_variations, expected)

    return [
        Plan(schema.LEARNING_CURVE, ensemble_table(paths, "members"), lambda: runs([case_of(subject())])),
        Plan(
            schema.WIDTH_EXPANSION,
            ensemble_table(paths, "width_expansion"),
            lambda: runs(expansion.cases(subject(), width_expansion)),
        ),
        Plan(schema.TRAINING_VARIATION, ensemble_table(paths, "training_variations"), of_variations),
    ]


def subject_of(paths: RunPaths, task: TaskSettings, network: MLP, seed: int) -> Subject:
    """The data of a task, and the network on them."""
    return Subject(prepared.read(paths.prepared), str(paths.task), task, network, seed)


def ensemble_table(paths: RunPaths, stem: str) -> Path:
    """A table of the ensembles of a task."""
    return paths.results("ensembles", str(paths.task), f"{stem}.csv")
