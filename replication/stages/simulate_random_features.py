"""Stage: random features in the four regimes of arXiv 2102.06701, simulated, beside their theory."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.datasets.variations import pooled
from replication.experiments import random_features as regimes
from replication.random_features.relu import relu_features, spectrum, spectrum_exponent
from replication.random_features.simulation import power_law_spectrum
from replication.scaling_laws.fits import Estimate
from replication.seeds import generator
from replication.settings.analysis import Statistics
from replication.settings.random_features import Curves, PowerLawFeatures, RandomFeatures, ReLUFeatures
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

RANKS = 100  # of a spectrum that are fitted, at most


def simulate_random_features(
    paths: RunPaths, seed: int, tasks: dict[str, TaskSettings], random_features: RandomFeatures, statistics: Statistics
) -> None:
    """Simulate random features with power-law spectra and those of ReLU networks, and fit their exponents."""
    own, confidence = random_features, statistics.confidence
    parts = [
        (own.power_law, *_power_laws(own.power_law, seed)),
        (own.relu, *_relu_networks(own.relu, paths, tasks, seed)),
    ]
    tables = {
        "curves": [regimes.curve_table(losses) for _, losses, _ in parts],
        "exponents": [regimes.exponents(losses, sizes, alphas, confidence) for sizes, losses, alphas in parts],
        "duality": [regimes.duality(losses, sizes, alphas, confidence) for sizes, losses, alphas in parts],
    }
    for name, both in tables.items():
        files.write_table(paths.results("random_features", f"{name}.csv"), pd.concat(both, ignore_index=True))


def _power_laws(own: PowerLawFeatures, seed: int) -> tuple[pd.DataFrame, dict[str, Estimate]]:
    """Losses of every draw, and alpha_K of every series."""
    losses, alphas = [], {}
    for alpha in tqdm(own.exponents, desc="power laws", disable=None):
        sample = regimes.gaussian(power_law_spectrum(alpha, own.dimension))
        series = f"power law, {alpha:g}"
        alphas[series] = Estimate(alpha, 0.0)
        for draw in range(own.draws):
            losses += _labelled(sample, own, seed, series, "power law", draw)
    return pd.DataFrame(losses), alphas


def _relu_networks(
    own: ReLUFeatures, paths: RunPaths, tasks: dict[str, TaskSettings], seed: int
) -> tuple[pd.DataFrame, dict[str, Estimate]]:
    """The same for networks and pools that are drawn anew in every draw."""
    dataset = prepared.read(paths._replace(task=own.task).prepared)
    name = f"{own.task} ({tasks[own.task].dataset})"
    ranks = np.unique(np.geomspace(own.ranks.smallest, own.ranks.largest, RANKS).astype(int))
    losses, alphas = [], {}
    for side in tqdm(own.sides, desc=f"ReLU features of {own.task}", disable=None):
        coarse = pooled(dataset, side)
        series, spectra = f"{name}, {side} x {side} pixels", []
        for draw in range(own.draws):
            order = training_order(len(coarse.inputs), own.pool_size, seed, own.task, draw)
            x, _ = Preprocessing.of(coarse).training(coarse, order)
            stream = generator(seed, "random features", "network", own.task, side, draw)
            features = relu_features(own.spec, x, own.neurons, stream)
            eigenvalues = spectrum(features)
            spectra.append(pd.DataFrame({"draw": draw, "rank": ranks, "eigenvalue": eigenvalues[ranks - 1]}))
            losses += _labelled(regimes.of_pool(features, eigenvalues), own, seed, series, series, draw)
        alphas[series] = spectrum_exponent(pd.concat(spectra), own.ranks)
    return pd.DataFrame(losses), alphas


def _labelled(sample: regimes.Sample, own: Curves, seed: int, series: str, pool: str, draw: int) -> Iterator[dict]:
    def stream(name):
        return generator(seed, "random features", name, series, draw)

    for row in regimes.simulated(sample, own, stream):
        yield {"series": series, "pool": pool, "draw": draw} | row


if __name__ == "__main__":
    run(simulate_random_features)
