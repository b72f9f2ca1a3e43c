"""Stage: ensembles of one width that are trained, parametrised or built otherwise, one property at a time."""

import pandas as pd

from replication.experiments.training_variations import Variant, ensemble_of, expectations, variants
from replication.finite_width.ensemble import Ensemble
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, Training, TrainingVariations
from replication.stages import files
from replication.stages.command import run
from replication.stages.members import losses_tables
from replication.stages.planning import nested_data
from replication.stages.run_paths import RunPaths


def vary_training(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    training: Training,
    training_variations: TrainingVariations,
    execution: Execution,
) -> None:
    """Train ensembles with other algorithms, parametrisations, activations and depths."""
    asked = training_variations
    data = nested_data(paths, seed, task, asked.training_sizes[-1])
    rows = []
    for variant in variants(network, training, asked):
        label = {"task": paths.task, "dataset": task.dataset, "varied": variant.varied, "value": variant.value}
        expected = expectations(variant, asked.width, data, asked.training_sizes, task.learning_rate_fraction)
        for size, expectation in zip(asked.training_sizes, expected, strict=True):
            rows.append(label | {"training_size": size, "training_time": training.steps} | expectation._asdict())
    # first, and read back: while members are trained `python -m replication status` learns from it what is planned
    files.write_table(paths.results("training_variations", f"{paths.task}_expected.csv"), pd.DataFrame(rows))
    planned = planned_variations(paths, seed, task, network, training, training_variations)
    # a variant that is the profile's own stands under every property; the scratch folder has it trained once
    ensembles = [ensemble for _, ensemble in planned]
    tables = losses_tables(paths, "variations", ensembles, asked.members, data, execution, task.dataset)
    labelled = [
        table.assign(varied=variant.varied, value=variant.value)
        for table, (variant, _) in zip(tables, planned, strict=True)
    ]
    files.write_table(paths.results("training_variations", f"{paths.task}.csv"), pd.concat(labelled))


def planned_variations(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    training: Training,
    training_variations: TrainingVariations,
) -> list[tuple[Variant, Ensemble]]:
    """Variants and their ensembles of every training size, at the learning rates written down beforehand."""
    expected = files.read_table(paths.results("training_variations", f"{paths.task}_expected.csv"))
    rates = expected.astype({"value": str}).set_index(["varied", "value", "training_size"])
    width, sizes = training_variations.width, training_variations.training_sizes
    return [
        (variant, ensemble_of(variant, seed, paths.task, width, size, rates.loc[(*variant[:2], size)]))
        for variant in variants(network, training, training_variations)
        for size in sizes
    ]


if __name__ == "__main__":
    run(vary_training)
