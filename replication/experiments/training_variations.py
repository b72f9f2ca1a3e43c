"""Ways of training that differ from the profile's in one property, and what infinite width says of each."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.errors import ReplicationError
from replication.experiments.ensembles import DRAW, Subject
from replication.experiments.networks import network_on, rounded
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.parametrisation import kernel_rates
from replication.finite_width.runs import Run, Shared
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.finite_time import momentum_after
from replication.infinite_width.predictions import KernelMatrices, gradient_descent
from replication.infinite_width.training_time import GradientDescent
from replication.loss_distribution.moments import gaussian_moments
from replication.schema import GRADIENT_DESCENT, STATISTICS, TRAINING_VARIATION
from replication.settings.network import MLP
from replication.settings.training import LINEAR, Training, TrainingVariations

# of gradient descent and its momentum, in parametrisations whose kernel stays where it is at infinite width
WITH_THEORY = {"algorithm": LINEAR, "parametrisation": ("ntk", "standard")}
LEARNING_FEATURES = 0.5  # of the rate, in mup: kernels grow while features are learnt (at the whole a member diverged)


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
    """Steps, learning rate, the largest stable one (NaN for Adam), and moments at infinite width, or NaN."""

    training_time: int
    learning_rate: float
    largest_learning_rate: float
    mean: float
    std: float
    coefficient_of_variation: float


def training_variations(
    subject: Subject, training: Training, training_variations: TrainingVariations, expected: pd.DataFrame
) -> list[Run]:
    """Runs of every variant and training size, at the learning rates of `expected_of_variations`.

    A variant that is the profile's own stands under every property: one ensemble, computed once. Members of all
    variants start from the same streams. ReplicationError if `expected` lacks a variant.
    """
    settings = training_variations
    times = expected.astype({"value": str}).set_index(["varied", "value", "training_size"])
    data = Shared(partial(subject.data, settings.training_sizes))
    runs = []
    for variant in variants(subject, training, settings):
        labels = subject.labels()._replace(experiment=TRAINING_VARIATION, varied=variant.varied, value=variant.value)
        for size in settings.training_sizes:
            steps, rate, largest = _time(times, variant, size)
            how = variant.training.model_copy(update={"steps": steps})
            ensemble = Ensemble(
                "trained", subject.seed, subject.task_name, variant.network, how, settings.width, size, rate, largest
            )
            runs.append(Run(ensemble, settings.members, data, labels))
    return runs


def expected_of_variations(
    subject: Subject, training: Training, training_variations: TrainingVariations
) -> pd.DataFrame:
    """A row for every variant and training size: what infinite width says, and the learning rate of its members.

    Columns: the key columns of every table, varied, value, learning_rate, largest_learning_rate (NaN for Adam), and
    mean, std and coefficient_of_variation of the test loss at infinite width, NaN where they are not known.
    """
    settings = training_variations
    data = subject.data(settings.training_sizes)
    key = {"experiment": TRAINING_VARIATION, "task": subject.task_name, "dataset": subject.task.dataset}
    rows = []
    for variant in variants(subject, training, settings):
        label = key | {"varied": variant.varied, "value": variant.value, "method": GRADIENT_DESCENT, "width": np.inf}
        found = expectations(
            variant, settings.width, data, settings.training_sizes, subject.task.learning_rate_fraction
        )
        for size, expectation in zip(settings.training_sizes, found, strict=True):
            rows.append(label | {"training_size": size, "draw": DRAW} | expectation._asdict())
    return pd.DataFrame(rows)


def variants(subject: Subject, training: Training, variations: TrainingVariations) -> Iterator[Variant]:
    """Every value of every property, the profile's own among them.

    Where infinite width cannot say how many steps reach the ratio of losses that `training` asks for, there are
    `variations.steps`. The output scale of a network that is built otherwise is matched anew.
    """
    own = network_on(subject.dataset, subject.network)
    for varied in ("algorithm", "parametrisation", "activation", "depth"):
        of_training = varied in Training.model_fields
        base = training if of_training else subject.network
        for value in dict.fromkeys((getattr(base, varied), *getattr(variations, varied))):
            changed = {varied: value}
            built = own if of_training else network_on(subject.dataset, subject.network.model_copy(update=changed))
            how = training.model_copy(update=changed) if of_training else training
            variant = Variant(varied, str(value), built, how)
            if training.training_loss_ratio is not None and not variant.has_theory:
                steps = {"steps": variations.steps, "training_loss_ratio": None}
                variant = variant._replace(training=how.model_copy(update=steps))
            yield variant


def expectations(
    variant: Variant, width: int, data: Data, training_sizes: Sequence[int], learning_rate_fraction: float
) -> Iterator[Expectation]:
    """Yield an Expectation for the first n points of `data`, for every n of `training_sizes`.

    The kernel is that of infinite width with every layer's share at the rate that the parametrisation gives it at this
    width. The learning rate is `learning_rate_fraction` of the largest stable one of gradient descent, momentum takes
    the same, and mup LEARNING_FEATURES of it.
    """
    network, training = variant.network, variant.training
    rates = kernel_rates(network, training.parametrisation, data.x.shape[1], width)
    parts = kernels(network, data.x, None, rates), kernels(network, data.x, data.test_x, rates)
    matrices = KernelMatrices(*parts, kernels(network, data.test_x).nngp, data.y)
    fraction = learning_rate_fraction * (LEARNING_FEATURES if training.parametrisation == "mup" else 1.0)
    times = GradientDescent.of(training, fraction).timed(matrices, data.test_y, training_sizes)
    for size in training_sizes:
        steps = times.steps_at(size)
        descent = gradient_descent(matrices, size, fraction, steps, training.momenta)
        rate = descent.learning_rate
        largest = rate / fraction * (1 + momentum_after(training.momenta, 0))
        if training.adaptive:
            rate, largest = training.adam_learning_rate / np.sqrt(width), np.nan
        moments = dict.fromkeys(STATISTICS, np.nan)
        if variant.has_theory:
            mean, covariance = descent.prediction.mean, descent.prediction.covariance
            moments = gaussian_moments(mean, covariance, data.test_y)._asdict()
        yield Expectation(steps, rounded(float(rate)), rounded(float(largest)), **moments)


def _time(times: pd.DataFrame, variant: Variant, training_size: int) -> tuple[int, float, float]:
    """Steps, learning rate and the largest stable one."""
    try:
        row = times.loc[(variant.varied, variant.value, training_size)]
    except KeyError:
        problem = f"no learning rate for {variant.varied} {variant.value} on {training_size} points"
        raise ReplicationError(problem, "it is for other settings; train the ensembles again") from None
    return int(row["training_time"]), float(row["learning_rate"]), float(row["largest_learning_rate"])
