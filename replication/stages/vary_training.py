"""Stage: ensembles of one width that are trained, parametrised or built otherwise, one property at a time."""

import pandas as pd

from replication.settings import Execution, MLPSpec, Task, Training, TrainingVariations
from replication.stages import files
from replication.stages.command import run
from replication.stages.members import losses_tables
from replication.stages.places import Place
from replication.stages.planning import nested_data
from replication.training_variants import ensemble_of, expectations, variants


def vary_training(
    place: Place,
    seed: int,
    source: Task,
    network: MLPSpec,
    training: Training,
    training_variations: TrainingVariations,
    execution: Execution,
) -> None:
    """Train ensembles with other algorithms, parametrisations, activations and depths."""
    asked = training_variations
    data = nested_data(place, seed, source, asked.training_sizes[-1])
    labels, rates, ensembles = [], [], []
    for variant in variants(network, training, asked):
        expected = expectations(variant, asked.width, data, asked.training_sizes, source.learning_rate_fraction)
        for size, rate in zip(asked.training_sizes, expected, strict=True):
            labels.append({"varied": variant.varied, "value": variant.value})
            rates.append({"task": place.task, "source": source.source, **labels[-1], "training_size": size})
            rates[-1] |= {"training_time": training.steps, **rate._asdict()}
            ensembles.append(ensemble_of(variant, seed, place.task, asked.width, size, rate))
    # a variant that is the profile's own stands under every property; the scratch folder has it trained once
    tables = losses_tables(place, "variations", ensembles, asked.members, data, execution, source.source)
    labelled = [table.assign(**label) for table, label in zip(tables, labels, strict=True)]
    files.write_table(place.results("training_variations", f"{place.task}_expected.csv"), pd.DataFrame(rates))
    files.write_table(place.results("training_variations", f"{place.task}.csv"), pd.concat(labelled))


if __name__ == "__main__":
    run(vary_training)
