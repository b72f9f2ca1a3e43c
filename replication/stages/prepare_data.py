"""Stage: the files that a task's data come from, and its training pool and test set as integers."""

from replication.datasets import prepared
from replication.settings.tasks import TaskSettings
from replication.stages import raw_data
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def prepare_data(paths: RunPaths, seed: int, task: TaskSettings) -> None:
    """Load, download or simulate a task's data and split them into training pool and test set."""
    prepared.write(raw_data.load(paths, task, seed), paths.prepared)


if __name__ == "__main__":
    run(prepare_data)
