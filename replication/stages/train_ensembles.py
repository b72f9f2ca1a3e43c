"""Stage: ensembles at finite width, ensembles that are trained or built otherwise, and those that test order 1/n."""

from replication.experiments import width_expansion as expansion
from replication.experiments.training import of_experiment
from replication.experiments.training_variations import expected_of_variations
from replication.settings.analysis import Statistics
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, FiniteWidth, Training, TrainingVariations, WidthExpansion
from replication.stages import files
from replication.stages.command import run
from replication.stages.ensemble_plans import ensemble_table, plan_ensembles, subject_of
from replication.stages.members import train
from replication.stages.run_paths import RunPaths


def train_ensembles(
    paths: RunPaths, seed: int, task: TaskSettings, network: MLP, training: Training, finite_width: FiniteWidth,
    training_variations: TrainingVariations, width_expansion: WidthExpansion, statistics: Statistics,
    execution: Execution,
) -> None:  # fmt: skip
    """Train ensembles, linearised ones, variants, and those of order 1/n; a killed run goes on where it stopped."""
    subject = subject_of(paths, task, network, seed)
    expected = expected_of_variations(*subject[:4], training, training_variations, seed)
    theory = expansion.expansion(subject, width_expansion)
    # first, and read back: while members are trained `python -m replication status` learns from it what is planned
    files.write_table(ensemble_table(paths, "expected"), expected)
    files.write_table(ensemble_table(paths, "width_expansion_theory"), theory)
    sections = seed, task, network, training, finite_width, training_variations, width_expansion
    members = train(paths.scratch, f"training, {paths.task}", plans := plan_ensembles(paths, *sections), execution)
    for plan in plans:
        files.write_table(plan.table, of_plan := of_experiment(members, plan.experiment))
    found = expansion.moments(subject, width_expansion, theory, of_plan, statistics)
    files.write_table(ensemble_table(paths, "width_expansion_moments"), found)


if __name__ == "__main__":
    run(train_ensembles)
