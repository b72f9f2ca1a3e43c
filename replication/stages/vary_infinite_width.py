"""Stage: infinitely wide networks as the network, the target and the data are varied, one property at a time."""

from tqdm import tqdm

from replication.datasets import prepared
from replication.experiments.data_variations import data_variations as varied_data
from replication.experiments.network_variations import network_variations
from replication.experiments.networks import network_on
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth, Variations
from replication.settings.network import MLP
from replication.settings.regimes import DataVariations
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def vary_infinite_width(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    infinite_width: InfiniteWidth,
    variations: Variations,
    data_variations: DataVariations,
    statistics: Statistics,
) -> None:
    """Predict converged networks of other depths, variances and target scales, and on changed data."""
    dataset = prepared.read(paths.prepared)
    data = dataset, paths.task, task, network_on(dataset, network), infinite_width
    with tqdm(desc=f"variations, {paths.task}", unit=" curves", disable=None) as bar:
        networks = network_variations(*data, variations, seed, bar.update)
        changed = varied_data(*data, data_variations, statistics, seed, bar.update)
    files.write_tables(paths.results("infinite_width_variations", paths.task), {"network": networks, **changed})


if __name__ == "__main__":
    run(vary_infinite_width)
