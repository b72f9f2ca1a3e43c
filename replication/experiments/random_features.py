"""Random features in the four regimes of arXiv 2102.06701, simulated, beside their theory."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.datasets.variations import pooled
from replication.random_features.regimes import Sample, gaussian, of_pool, simulated
from replication.random_features.relu import relu_features, spectrum, spectrum_exponent
from replication.random_features.simulation import power_law_spectrum
from replication.scaling_laws import random_features as fits
from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.exponents import mean_curve
from replication.schema import (
    EXPONENT,
    GAUSSIAN,
    POINT,
    POWER_LAW,
    RANDOM_FEATURES,
    SIDE,
    TEACHER,
    subject_name,
)
from replication.seeds import generator
from replication.settings.analysis import Statistics
from replication.settings.random_features import Curves, PowerLawFeatures, RandomFeatures, ReLUFeatures
from replication.settings.tasks import TaskSettings

RANKS = 100  # of a spectrum that are fitted, at most
Progress = Callable[[], object]


def random_features(
    datasets: Mapping[str, Dataset],
    tasks: Mapping[str, TaskSettings],
    random_features: RandomFeatures,
    statistics: Statistics,
    seed: int,
    progress: Progress = lambda: None,
) -> dict[str, pd.DataFrame]:
    """Simulate random features with power-law spectra and those of ReLU networks, and fit their exponents.

    datasets: of the tasks, by name; the one that the settings name is needed. Tables by name: curves (means over
    draws), exponents, duality (alpha_K, alpha_D and alpha_P of every spectrum). `progress` is called after every draw.
    """
    relu, power_law = random_features.relu, random_features.power_law
    dataset, source = datasets[relu.task], tasks[relu.task].dataset
    parts = [
        (power_law, *_power_laws(power_law, seed, progress)),
        (relu, *_relu_networks(relu, dataset, source, seed, progress)),
    ]
    confidence = statistics.confidence
    tables = {
        "curves": [mean_curve(losses, POINT, confidence) for _, losses, _ in parts],
        "exponents": [fits.exponents(losses, sizes, alphas, confidence) for sizes, losses, alphas in parts],
        "duality": [fits.duality(losses, sizes, alphas, confidence) for sizes, losses, alphas in parts],
    }
    return {name: pd.concat(both, ignore_index=True) for name, both in tables.items()}


def _power_laws(settings: PowerLawFeatures, seed: int, progress: Progress) -> tuple[pd.DataFrame, fits.Spectra]:
    """Losses of every draw, and alpha_K of every spectrum."""
    losses: list[dict] = []
    alphas: dict[float, Estimate] = {}
    for alpha in settings.exponents:
        sample = gaussian(power_law_spectrum(alpha, settings.dimension))
        label = {"task": POWER_LAW, "dataset": GAUSSIAN, "varied": EXPONENT, "value": alpha}
        alphas[alpha] = Estimate(alpha, 0.0)
        for draw in range(settings.draws):
            losses += labelled(sample, settings, seed, label, f"power law, {alpha:g}", draw)
            progress()
    return pd.DataFrame(losses), alphas


def _relu_networks(
    settings: ReLUFeatures, dataset: Dataset, source: str, seed: int, progress: Progress
) -> tuple[pd.DataFrame, fits.Spectra]:
    """The same for networks and pools that are drawn anew in every draw."""
    ranks = np.unique(np.geomspace(settings.ranks.smallest, settings.ranks.largest, RANKS).astype(int))
    losses: list[dict] = []
    alphas: dict[float, Estimate] = {}
    for side in settings.sides:
        coarse, spectra = pooled(dataset, side), []
        label = {"task": settings.task, "dataset": source, "varied": SIDE, "value": float(side)}
        stream = f"{subject_name(settings.task, source)}, {side} x {side} pixels"
        for draw in range(settings.draws):
            order = training_order(len(coarse.inputs), settings.pool_size, seed, settings.task, draw)
            x, _ = Preprocessing.of(coarse).training(coarse, order)
            weights = generator(seed, "random features", "network", settings.task, side, draw)
            features = relu_features(settings.spec, x, settings.neurons, weights)
            eigenvalues = spectrum(features)
            spectra.append(pd.DataFrame({"draw": draw, "rank": ranks, "eigenvalue": eigenvalues[ranks - 1]}))
            losses += labelled(of_pool(features, eigenvalues), settings, seed, label, stream, draw)
            progress()
        alphas[float(side)] = spectrum_exponent(pd.concat(spectra), settings.ranks)
    return pd.DataFrame(losses), alphas


def labelled(sample: Sample, sizes: Curves, seed: int, label: dict[str, Any], name: str, draw: int) -> Iterator[dict]:
    """Rows of one draw of a spectrum, with what they are of; `name` is that of its random streams."""

    def stream(part: str) -> np.random.Generator:
        return generator(seed, "random features", part, name, draw)

    kind = {"target": TEACHER, "method": RANDOM_FEATURES, "draw": draw, "training_time": np.inf}
    for row in simulated(sample, sizes, stream):
        yield label | kind | row
