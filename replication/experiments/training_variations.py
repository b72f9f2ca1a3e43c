"""Ways of training that differ from the profile's in one property, and what infinite width says of each."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.datasets.dataset import Dataset
from replication.errors import ReplicationError
from replication.experiments.ensembles import DRAW, nested_data
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.parametrisation import kernel_rates
from replication.finite_width.runs import Labels, Run, Shared
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.finite_time import momentum_after
from replication.infinite_width.predictions import KernelMatrices, gradient_descent
from replication.loss_distribution.moments import gaussian_moments
from replication.schema import GRADIENT_DESCENT, STATISTICS, TRAINING_VARIATION
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import LINEAR, Training, TrainingVariations

# of gradient descent and its momentum, in parametrisations whose kernel stays where it is at infinite width
WITH_THEORY = {"algorithm": LINEAR, "parametrisation": ("ntk", "standard")}


class Variant(NamedTuple):
    """What is varied, its value, and the network and training that follow."""

    varied: str
    value: str
    network: MLP
    training: Training

    @property
    def has_theory(self) -> bool:
        """Whether the law of the test loss at infinite width is known after a finite number of steps."""
        known = all(getattr(self.training, name) in values for name, values in WITH_THEORY.items())
        return known and self.training.schedule == "constant"


class Expectation(NamedTuple):
    """Learning rate of an ensemble, the largest stable one (NaN for Adam), moments at infinite width or NaN."""

    learning_rate: float
    largest_learning_rate: float
    mean: float
    std: float
    coefficient_of_variation: float


def training_variations(
    dataset: Dataset,
    task_name: str,
    task: TaskSettings,
    network: MLP,
    training: Training,
    training_variations: TrainingVariations,
    seed: int,
    expected: pd.DataFrame,
) -> list[Run]:
    """Runs of every variant and training size, at the learning rates of `expected_of_variations`.

    A variant that is the profile's own stands under every property: one ensemble, computed once. Members of all
    variants start from the same streams. ReplicationError if `expected` lacks a variant.
    """
    settings = training_variations
    rates = expected.astype({"value": str}).set_index(["varied", "value", "training_size"])
    data = Shared(partial(nested_data, dataset, task_name, settings.training_sizes[-1], seed))
    runs = []
    for variant in variants(network, training, settings):
        labels = Labels(TRAINING_VARIATION, task_name, task.dataset, variant.varied, variant.value, DRAW)
        for size in settings.training_sizes:
            rate, largest = _rates(rates, variant, size)
            ensemble = Ensemble(
                "trained", seed, task_name, variant.network, variant.training, settings.width, size, rate, largest
            )
            runs.append(Run(ensemble, settings.members, data, labels))
    return runs


def expected_of_variations(
    dataset: Dataset,
    task_name: str,
    task: TaskSettings,
    network: MLP,
    training: Training,
    training_variations: TrainingVariations,
    seed: int,
) -> pd.DataFrame:
    """A row for every variant and training size: what infinite width says, and the learning rate of its members.

    Columns: the key columns of every table, varied, value, learning_rate, largest_learning_rate (NaN for Adam), and
    mean, std and coefficient_of_variation of the test loss at infinite width, NaN where they are not known.
    """
    settings = training_variations
    data = nested_data(dataset, task_name, settings.training_sizes[-1], seed)
    key = {"experiment": TRAINING_VARIATION, "task": task_name, "dataset": task.dataset}
    rows = []
    for variant in variants(network, training, settings):
        label = key | {"varied": variant.varied, "value": variant.value, "method": GRADIENT_DESCENT, "width": np.inf}
        found = expectations(variant, settings.width, data, settings.training_sizes, task.learning_rate_fraction)
        for size, expectation in zip(settings.training_sizes, found, strict=True):
            when = {"training_size": size, "draw": DRAW, "training_time": variant.training.steps}
            rows.append(label | when | expectation._asdict())
    return pd.DataFrame(rows)


def variants(network: MLP, training: Training, variations: TrainingVariations) -> Iterator[Variant]:
    """Every value of every property, the profile's own among them."""
    for varied in ("algorithm", "parametrisation", "activation", "depth"):
        of_training = varied in Training.model_fields
        base = training if of_training else network
        for value in dict.fromkeys((getattr(base, varied), *getattr(variations, varied))):
            changed = {varied: value}
            yield Variant(
                varied, str(value),
                network if of_training else network.model_copy(update=changed),
                training.model_copy(update=changed) if of_training else training,
            )  # fmt: skip


def expectations(
    variant: Variant, width: int, data: Data, training_sizes: Sequence[int], learning_rate_fraction: float
) -> Iterator[Expectation]:
    """Yield an Expectation for the first n points of `data`, for every n of `training_sizes`.

    The kernel is that of infinite width with every layer's share at the rate that the parametrisation gives it at this
    width. The learning rate is `learning_rate_fraction` of the largest stable one of gradient descent; momentum takes
    the same.
    """
    network, training = variant.network, variant.training
    rates = kernel_rates(network, training.parametrisation, data.x.shape[1], width)
    parts = kernels(network, data.x, None, rates), kernels(network, data.x, data.test_x, rates)
    matrices = KernelMatrices(*parts, kernels(network, data.test_x).nngp, data.y)
    for size in training_sizes:
        descent = gradient_descent(matrices, size, learning_rate_fraction, training.steps, training.momenta)
        rate = descent.learning_rate
        largest = rate / learning_rate_fraction * (1 + momentum_after(training.momenta, 0))
        if training.adaptive:
            rate, largest = training.adam_learning_rate / np.sqrt(width), np.nan
        moments = dict.fromkeys(STATISTICS, np.nan)
        if variant.has_theory:
            mean, covariance = descent.prediction.mean, descent.prediction.covariance
            moments = gaussian_moments(mean, covariance, data.test_y)._asdict()
        yield Expectation(float(rate), float(largest), **moments)


def _rates(rates: pd.DataFrame, variant: Variant, training_size: int) -> tuple[float, float]:
    try:
        row = rates.loc[(variant.varied, variant.value, training_size)]
    except KeyError:
        problem = f"no learning rate for {variant.varied} {variant.value} on {training_size} points"
        raise ReplicationError(problem, "it is for other settings; train the ensembles again") from None
    return float(row["learning_rate"]), float(row["largest_learning_rate"])
