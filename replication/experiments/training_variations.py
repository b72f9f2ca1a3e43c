"""Ways of training that differ from the profile's in one property, and what infinite width says of each."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.parametrisation import kernel_rates
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.predictions import KernelMatrices, descend
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.network import MLP
from replication.settings.training import Training, TrainingVariations

# of gradient descent and its momentum, in parametrisations whose kernel stays where it is at infinite width
WITH_THEORY = {"algorithm": ("gradient_descent", "momentum"), "parametrisation": ("ntk", "standard")}


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


def variants(network: MLP, training: Training, variations: TrainingVariations) -> Iterator[Variant]:
    """Every value of every property, the profile's own among them."""
    for varied in ("algorithm", "parametrisation", "activation", "depth"):
        of_training = varied in Training.model_fields
        base = training if of_training else network
        for value in dict.fromkeys((getattr(base, varied), *getattr(variations, varied))):
            changed = base.model_copy(update={varied: value})
            yield Variant(varied, str(value), *((network, changed) if of_training else (changed, training)))


def expectations(variant: Variant, width: int, data: Data, sizes: tuple[int, ...], fraction: float):
    """Yield an Expectation for the first n points of `data`, for every n of `sizes`.

    The kernel is that of infinite width with every layer's share at the rate that the parametrisation gives it at this
    width. The learning rate is `fraction` of the largest stable one of gradient descent; momentum takes the same.
    """
    network, training = variant.network, variant.training
    rates = kernel_rates(network, training.parametrisation, data.x.shape[1], width)
    parts = kernels(network, data.x, None, rates), kernels(network, data.x, data.test_x, rates)
    problem = KernelMatrices(*parts, kernels(network, data.test_x).nngp, data.y)
    momentum = training.momentum if training.algorithm == "momentum" else 0.0
    for size in sizes:
        descent = descend(problem, size, fraction, training.steps, momentum)
        rate, largest = descent.learning_rate, descent.learning_rate / fraction * (1 + momentum)
        if training.algorithm == "adam":
            rate, largest = training.adam_learning_rate / np.sqrt(width), np.nan
        moments = [np.nan] * 3
        if variant.has_theory:
            moments = gaussian_moments(descent.prediction.mean, descent.prediction.covariance, data.test_y)
        yield Expectation(float(rate), float(largest), *moments)


def ensemble_of(variant: Variant, seed: int, task: str, width: int, size: int, rates: Expectation) -> Ensemble:
    """The ensemble of a variant: trained, from the same initial weights as every other of this width and size."""
    network, training = variant.network, variant.training
    return Ensemble(
        "trained", seed, task, network, training, width, size,
        float(rates.learning_rate), float(rates.largest_learning_rate),
    )  # fmt: skip
