"""The test loss of infinitely wide networks against the training-set size, as rows of a table."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, cast

import numpy as np

from replication.errors import ReplicationError
from replication.infinite_width import predictions
from replication.infinite_width.kernels import evaluate_kernels
from replication.infinite_width.nested_sets import in_asked_order
from replication.infinite_width.predictions import KernelMatrices, Prediction
from replication.infinite_width.training_time import GradientDescent
from replication.loss_distribution.generalised_chi_square import GeneralisedChiSquare
from replication.loss_distribution.moments import (
    coefficient_of_variation_infinite_test_set,
    gaussian_sources,
    moments_of,
)
from replication.schema import BAYES, GRADIENT_DESCENT, INFINITE_TEST_SET
from replication.settings.network import MLP
from replication.validation.arrays import check_finite, check_shapes
from replication.validation.numbers import check_share

Row = dict[str, object]


class Regularisation(NamedTuple):
    """Relative to the mean of a kernel's diagonal: what is always added to it, and what where it is singular."""

    diag_reg: float = 0.0
    singular_diag_reg: float = 0.0


UNREGULARISED = Regularisation()


def compute_kernels(network: MLP, engine: str, x: np.ndarray, y: np.ndarray, test_x: np.ndarray) -> KernelMatrices:
    """The kernels of the network between training inputs x (N, d) and test inputs (N_T, d), with targets y (N, C).

    ReplicationError for shapes that do not match, values that are not finite and other engines than those of
    `evaluate_kernels`.
    """
    check_shapes(x=(x, "N d"), y=(y, "N C"), test_x=(test_x, "N_T d"))
    check_finite(y=y)
    training, cross = (evaluate_kernels(network, engine, x, other) for other in (None, test_x))
    return KernelMatrices(training, cross, evaluate_kernels(network, engine, test_x).nngp, y)


def learning_curve(
    kernels: KernelMatrices,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    regularisation: Regularisation = UNREGULARISED,
    confidence: float | None = None,
    descent: GradientDescent | None = None,
    algebra: str = "scipy",
) -> Iterator[Row]:
    """A row for every method and size: exact Bayes, gradient descent converged and, where `descent` knows, after steps.

    Columns: method, training_size, training_time; the moments and the sources of the test loss on targets test_y
    (N_T, C), and eps_L of an infinitely large test set; with `confidence` the median of the loss and the ends of its
    central credible interval, loss_lower and loss_upper; condition_number and diag_reg of the kernel that was inverted;
    of gradient descent its mean training_loss and, if it took steps, its learning_rate and, where `descent` names a
    ratio of training to test loss, whether that was `reached`. Networks that start from zero have no Bayes rows, and a
    loss that is one number.

    Within a method the rows are in the order of `training_sizes`, whatever it is. `algebra` is the linear algebra that
    computes them, "scipy" or "jax", which uses a GPU if there is one. ReplicationError for shapes that do
    not match, values that are not finite, sizes that are not different whole numbers from 1 to N, a confidence outside
    (0, 1), and singular kernels.
    """
    sizes = kernels.checked_sizes(training_sizes)
    check_shapes(y=(kernels.y, "N C"), test_nngp=(kernels.test_nngp, "N_T N_T"), test_y=(test_y, "N_T C"))
    check_finite(test_y=test_y)
    if confidence is not None:
        confidence = check_share("confidence", confidence)
    return _rows(kernels, test_y, sizes, regularisation, confidence, descent, algebra)


def _rows(
    kernels: KernelMatrices,
    test_y: np.ndarray,
    sizes: tuple[int, ...],
    regularisation: Regularisation,
    confidence: float | None,
    descent: GradientDescent | None,
    algebra: str,
) -> Iterator[Row]:
    ascending, goals, prior = sorted(sizes), [], float(np.trace(kernels.test_nngp))
    # rows wait for their turn, which are small, and not predictions
    if np.any(kernels.test_nngp):  # the prior, which centred networks lack
        made = predictions.bayes(kernels, ascending, *regularisation, algebra)
        rows = (row_of(BAYES, *pair, np.inf, test_y, confidence, prior) for pair in zip(ascending, made, strict=True))
        yield from in_asked_order(sizes, rows)
    made = predictions.gradient_descent_to_convergence(kernels, ascending, *regularisation, algebra)
    rows = (
        row_of(GRADIENT_DESCENT, *pair, np.inf, test_y, confidence, prior) for pair in zip(ascending, made, strict=True)
    )
    for row in in_asked_order(sizes, rows):
        goals.append(cast(float, row["mean"]))
        yield row | {"training_loss": 0.0}
    if descent is None:
        return
    for size, converged_loss in zip(sizes, goals, strict=True):
        if not descent.known_at(size):
            continue
        steps, ratio = descent.steps_at(size), descent.training_loss_ratio
        trained = predictions.gradient_descent(
            kernels, size, descent.learning_rate_fraction, steps, descent.momenta, algebra
        )
        row = row_of(GRADIENT_DESCENT, size, trained.prediction, steps, test_y, confidence, prior)
        row |= {"training_loss": trained.training_loss, "learning_rate": trained.learning_rate}
        reached = ratio is not None and trained.training_loss <= ratio * converged_loss
        yield row if ratio is None else row | {"reached": reached}


def row_of(
    method: str,
    size: int,
    prediction: Prediction,
    training_time: float,
    test_y: np.ndarray,
    confidence: float | None,
    prior_trace: float = 0.0,
) -> Row:
    """The row of one prediction; `learning_curve` says what stands in it.

    The interval is NaN where the law of the loss cannot be inverted: the moments are known all the same.
    """
    mean, covariance, condition_number, diag_reg = prediction
    row: Row = {"method": method, "training_size": size, "training_time": training_time}
    sources = gaussian_sources(mean, covariance, test_y)
    row |= moments_of(sources)._asdict()
    row |= {INFINITE_TEST_SET: coefficient_of_variation_infinite_test_set(sources, len(test_y)), **sources._asdict()}
    if confidence is not None:
        law = GeneralisedChiSquare.of_gaussian_errors(mean - test_y, covariance, prior_trace)
        try:
            ends = law.ppf(np.array([(1 - confidence) / 2, 0.5, (1 + confidence) / 2]))
        except ReplicationError:
            ends = np.full(3, np.nan)
        row |= dict(zip(("loss_lower", "loss_median", "loss_upper"), ends.tolist(), strict=True))
    return row | {"condition_number": condition_number, "diag_reg": diag_reg}
