"""Stage: random features in the four regimes of arXiv 2102.06701, simulated, beside their theory."""

from tqdm import tqdm

from replication.datasets import prepared
from replication.experiments.random_features import random_features as experiment
from replication.settings.analysis import Statistics
from replication.settings.random_features import RandomFeatures
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def simulate_random_features(
    paths: RunPaths, seed: int, tasks: dict[str, TaskSettings], random_features: RandomFeatures, statistics: Statistics
) -> None:
    """Simulate random features with power-law spectra and those of ReLU networks, and fit their exponents."""
    relu, power_law = random_features.relu, random_features.power_law
    dataset = prepared.read(paths._replace(task=relu.task).prepared)
    draws = len(power_law.exponents) * power_law.draws + len(relu.sides) * relu.draws
    with tqdm(total=draws, desc="random features", unit="draw", disable=None) as bar:
        tables = experiment({relu.task: dataset}, tasks, random_features, statistics, seed, bar.update)
    files.write_tables(paths.results("random_features"), tables)


if __name__ == "__main__":
    run(simulate_random_features)
