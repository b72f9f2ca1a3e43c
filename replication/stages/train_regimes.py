"""Stage: the trained networks of arXiv 2102.06701, in all four of its regimes."""

from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.members import train
from replication.stages.regime_plans import REGIMES, plan_regimes
from replication.stages.run_paths import RunPaths


def train_regimes(
    paths: RunPaths, seed: int, tasks: dict[str, TaskSettings], network: MLP, training: Training,
    trained_regimes: TrainedRegimes, trained_variations: TrainedVariations, dimension: Dimension, execution: Execution,
) -> None:  # fmt: skip
    """Train networks whose loss the variance or the resolution of width or data limits, students and changed data too.

    Members are taken from where a killed run left them.
    """
    sections = network, training, trained_regimes, trained_variations, dimension
    plans = plan_regimes(paths, seed, tasks, *sections)
    members = train(paths._replace(task=REGIMES).scratch, "trained regimes", plans, execution)
    files.write_table(paths.results(REGIMES, "members.csv"), members)


if __name__ == "__main__":
    run(train_regimes)
