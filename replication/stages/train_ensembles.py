"""Stage: ensembles at finite width, ensembles that are trained or built otherwise, and those that test order 1/n."""

from replication.experiments import width_expansion as expansion
from replication.experiments.ensembles import case_of, training_times
from replication.experiments.training import of_experiment
from replication.experiments.training_variations import expected_of_variations
from replication.schema import WIDTH_EXPANSION
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
    """Write how to train, which `status` reads, then train ensembles and variants; a killed run goes on."""
    cases = [case_of(subject := subject_of(paths, task, network, seed)), *expansion.cases(subject, width_expansion)]
    theory = expansion.expansion(subject, width_expansion, finite_width)
    times = training_times(subject, cases, training, finite_width.training_sizes)
    expected = expected_of_variations(subject, training, training_variations)
    for name, table in (("training_times", times), ("expected", expected), ("width_expansion_theory", theory)):
        files.write_table(ensemble_table(paths, name), table)
    sections = seed, task, network, training, finite_width, training_variations, width_expansion
    members = train(paths.scratch, f"training, {paths.task}", plans := plan_ensembles(paths, *sections), execution)
    for plan in plans:
        files.write_table(plan.table, of_experiment(members, plan.experiment))
    expanded = expansion.moments(subject, finite_width, theory, of_experiment(members, WIDTH_EXPANSION), statistics)
    files.write_table(ensemble_table(paths, "width_expansion_moments"), expanded)


if __name__ == "__main__":
    run(train_ensembles)
