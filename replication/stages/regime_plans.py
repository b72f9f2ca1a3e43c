"""The experiments of arXiv 2102.06701 that train."""

import functools
from collections.abc import Callable

from replication import schema
from replication.datasets import prepared
from replication.datasets.dataset import Dataset
from replication.experiments import trained_regimes as regimes
from replication.experiments.trained_curves import trained_students
from replication.experiments.trained_curves import trained_variations as changed_data
from replication.finite_width.runs import Run
from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training
from replication.stages.plan import Plan
from replication.stages.run_paths import RunPaths

REGIMES = "trained_regimes"  # the folder of the members, and of the table, of arXiv 2102.06701


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
    """The experiments of arXiv 2102.06701. Making runs raises ReplicationError where prepared data are not there."""

    @functools.cache
    def dataset(task: str) -> Dataset:
        return prepared.read(RunPaths(paths.profile, task).prepared)

    def on_task(
        make: Callable[..., list[Run]], settings: TrainedRegimes | TrainedVariations
    ) -> Callable[[], list[Run]]:
        def runs() -> list[Run]:
            data = dataset(settings.task)
            return make(data, tasks[settings.task], network.unscaled, training, settings, seed)

        return runs

    runs = {
        schema.VARIANCE_LIMITED_WIDTH: on_task(regimes.variance_limited_width, trained_regimes),
        schema.VARIANCE_LIMITED_DATA: on_task(regimes.variance_limited_data, trained_regimes),
        schema.RESOLUTION_LIMITED_WIDTH: on_task(regimes.resolution_limited_width, trained_regimes),
        schema.TEACHER_STUDENT: lambda: trained_students(training, dimension, seed),
        schema.DATA_VARIATION: on_task(changed_data, trained_variations),
    }
    return [Plan(experiment, paths.results(REGIMES, "members.csv"), make) for experiment, make in runs.items()]
