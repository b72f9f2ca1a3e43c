"""Stage: the training pool and the test set of a task, as integers."""

import os

from replication.datasets import prepared, sources
from replication.datasets.registry import read_registry
from replication.settings.tasks import TaskSettings
from replication.stages.command import run
from replication.stages.run_paths import DOWNLOADS, REGISTRY, RunPaths


def prepare_data(paths: RunPaths, seed: int, task: TaskSettings) -> None:
    """Load, download or simulate a task's data and split them into training pool and test set."""
    mirror = os.environ.get("REPLICATION_DATA_MIRROR")
    registry = read_registry(REGISTRY)
    dataset = sources.load(task.dataset, task.pool_size, task.test_size, seed, DOWNLOADS, registry, mirror)
    prepared.write(dataset._replace(transform=task.transform, centre=task.centre), paths.prepared)


if __name__ == "__main__":
    run(prepare_data)
