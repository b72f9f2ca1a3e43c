"""Stage: ensembles at finite width, ensembles that are trained or built otherwise, and those that test order 1/n."""

from replication.experiments import width_expansion as expansion
from replication.experiments.ensembles import Subject, case_of, training_times
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
    """Train ensembles, linearised ones, those of order 1/n, and variants; a killed run goes on where it stopped."""
    subject: Subject = subject_of(paths, task, network, seed)
    cases = [case_of(subject), *expansion.cases(subject, width_expansion)]
    theory = expansion.expansion(subject, width_expansion, finite_width)
    # first, and read back: while members are trained `python -m replication status` learns from it what is planned
    first = {"training_times": training_times(subject, cases, training, finite_width.training_sizes)}
    first |= {"expected": expected_of_variations(subject, training, training_variations)}
    for name, table in (first | {"width_expansion_theory": theory}).items():
        files.write_table(ensemble_table(paths, name), table)
    sections = seed, task, network, training, finite_width, training_variations, width_expansion
    members = train(paths.scratch, f"training, {paths.task}", plans := plan_ensembles(paths, *sections), execution)
    tables = {plan.experiment: of_experiment(members, plan.experiment) for plan in plans}
    for plan in plans:
        files.write_table(plan.table, tables[plan.experiment])
    found = expansion.moments(subject, finite_width, theory, tables["width_expansion"], statistics)
    files.write_table(ensemble_table(paths, "width_expansion_moments"), found)


if __name__ == "__main__":
    run(train_ensembles)
