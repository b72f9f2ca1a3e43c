"""Stage: the finite-width ensembles, their members trained or taken from where a killed run left them."""

import pandas as pd

from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, FiniteWidth, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.members import losses_tables
from replication.stages.planning import nested_data, planned_ensembles
from replication.stages.run_paths import RunPaths


def train_ensembles(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    training: Training,
    finite_width: FiniteWidth,
    execution: Execution,
) -> None:
    """Train ensembles at finite width, and linearise them, with the learning rates of the infinite-width prediction."""
    ensembles = planned_ensembles(paths, seed, task, network, training, finite_width)
    data = nested_data(paths, seed, task, finite_width.training_sizes[-1])
    tables = losses_tables(paths, "training", ensembles, finite_width.members, data, execution, task.dataset)
    files.write_table(paths.results("members", f"{paths.task}.csv"), pd.concat(tables))


if __name__ == "__main__":
    run(train_ensembles)
