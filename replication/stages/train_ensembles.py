"""Stage: the finite-width ensembles, their members trained or taken from where a killed run left them."""

import pandas as pd

from replication.settings import Execution, FiniteWidth, MLPSpec, Task, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.members import losses_tables
from replication.stages.places import Place
from replication.stages.planning import nested_data, planned_ensembles


def train_ensembles(
    place: Place,
    seed: int,
    source: Task,
    network: MLPSpec,
    training: Training,
    finite_width: FiniteWidth,
    execution: Execution,
) -> None:
    """Train ensembles at finite width, and linearise them, with the learning rates of the infinite-width prediction."""
    ensembles = planned_ensembles(place, seed, source, network, training, finite_width)
    data = nested_data(place, seed, source, finite_width.training_sizes[-1])
    tables = losses_tables(place, "training", ensembles, finite_width.members, data, execution, source.source)
    files.write_table(place.results("members", f"{place.task}.csv"), pd.concat(tables))


if __name__ == "__main__":
    run(train_ensembles)
