"""The test loss of infinitely wide networks against the training-set size, as rows of a table."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from replication.infinite_width import predictions
from replication.infinite_width.kernels import evaluate_kernels
from replication.infinite_width.predictions import KernelMatrices, Prediction
from replication.loss_distribution.generalised_chi_square import GeneralisedChiSquare
from replication.loss_distribution.moments import (
    INFINITE_TEST_SET,
    coefficient_of_variation_infinite_test_set,
    gaussian_sources,
    moments_of,
)
from replication.settings.network import MLP


class Regularisation(NamedTuple):
    """Relative to the mean of a kernel's diagonal: what is always added to it, and what where it is singular."""

    diag_reg: float = 0.0
    singular_diag_reg: float = 0.0


UNREGULARISED = Regularisation()


class GradientDescent(NamedTuple):
    """A finite training time: steps of gradient descent, at this fraction of the largest stable learning rate."""

    steps: int
    learning_rate_fraction: float


def compute_kernels(spec: MLP, engine: str, x: np.ndarray, y: np.ndarray, test_x: np.ndarray) -> KernelMatrices:
    """The kernels of the network `spec` between training inputs x (N, d) and test inputs (N_T, d), with targets y."""
    training, cross = (evaluate_kernels(spec, engine, x, other) for other in (None, test_x))
    return KernelMatrices(training, cross, evaluate_kernels(spec, engine, test_x).nngp, y)


def learning_curve(
    problem: KernelMatrices,
    test_y: np.ndarray,
    sizes: Sequence[int],
    regularisation: Regularisation = UNREGULARISED,
    confidence: float | None = None,
    descending: GradientDescent | None = None,
) -> Iterator[dict]:
    """A row for every method and size: exact Bayes, gradient descent converged and, if asked for, after some steps.

    Columns: method, training_size, training_time; the moments and the sources of the test loss on targets test_y
    (N_T, C), and eps_L of an infinitely large test set; with `confidence` the median of the loss and the ends of its
    central credible interval, loss_lower and loss_upper; condition_number and diag_reg of the kernel that was inverted;
    of gradient descent its mean training_loss and, if it took steps, its learning_rate.
    """
    for size, prediction in zip(sizes, predictions.bayes(problem, sizes, *regularisation), strict=True):
        yield _row("bayes", size, np.inf, prediction, test_y, confidence)
    for size, prediction in zip(sizes, predictions.converged(problem, sizes, *regularisation), strict=True):
        yield _row("gradient_descent", size, np.inf, prediction, test_y, confidence) | {"training_loss": 0.0}
    for size in sizes if descending else ():
        descent = predictions.descend(problem, size, descending.learning_rate_fraction, descending.steps)
        row = _row("gradient_descent", size, descending.steps, descent.prediction, test_y, confidence)
        yield row | {"training_loss": descent.training_loss, "learning_rate": descent.learning_rate}


def _row(method, size, training_time, prediction: Prediction, test_y, confidence) -> dict:
    mean, covariance, condition_number, diag_reg = prediction
    row = {"method": method, "training_size": size, "training_time": training_time}
    sources = gaussian_sources(mean, covariance, test_y)
    row |= moments_of(sources)._asdict()
    row |= {INFINITE_TEST_SET: coefficient_of_variation_infinite_test_set(sources, len(test_y)), **sources._asdict()}
    if confidence is not None:
        law = GeneralisedChiSquare.of_gaussian_errors(mean - test_y, covariance)
        ends = law.ppf(np.array([(1 - confidence) / 2, 0.5, (1 + confidence) / 2]))
        row |= dict(zip(("loss_lower", "loss_median", "loss_upper"), ends.tolist(), strict=True))
    return row | {"condition_number": condition_number, "diag_reg": diag_reg}
