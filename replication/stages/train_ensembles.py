"""Stage: ensembles at finite width, and ensembles that are trained or built otherwise, one property at a time."""

from replication.datasets import prepared
from replication.experiments.training_variations import expected_of_variations
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, FiniteWidth, Training, TrainingVariations
from replication.stages import files
from replication.stages.command import run
from replication.stages.ensemble_plans import ensemble_table, plan_ensembles
from replication.stages.members import train
from replication.stages.run_paths import RunPaths


def train_ensembles(
    paths: RunPaths, seed: int, task: TaskSettings, network: MLP, training: Training, finite_width: FiniteWidth,
    training_variations: TrainingVariations, execution: Execution,
) -> None:  # fmt: skip
    """Train ensembles at finite width, linearise them, and train with other algorithms, parametrisations and networks.

    Members are taken from where a killed run left them.
    """
    subject = prepared.read(paths.prepared), str(paths.task), task, network, training
    expected = expected_of_variations(*subject, training_variations, seed)
    # first, and read back: while members are trained `python -m replication status` learns from it what is planned
    files.write_table(ensemble_table(paths, "expected"), expected)
    plans = plan_ensembles(paths, seed, task, network, training, finite_width, training_variations)
    members = train(paths.scratch, f"training, {paths.task}", plans, execution)
    for plan in plans:
        files.write_table(plan.table, members[members["experiment"] == plan.experiment])


if __name__ == "__main__":
    run(train_ensembles)
