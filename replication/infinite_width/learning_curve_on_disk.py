"""Rows of `learning_curve` for training sets whose kernels do not fit into memory."""

from collections.abc import Iterator, Sequence

import numpy as np

from replication.errors import ReplicationError
from replication.infinite_width.learning_curve import Row, row_of
from replication.infinite_width.nested_sets import in_asked_order
from replication.infinite_width.out_of_core import OutOfCore
from replication.infinite_width.training_time import GradientDescent
from replication.schema import BAYES, GRADIENT_DESCENT
from replication.validation.arrays import check_finite, check_shapes


def learning_curve_on_disk(
    curve: OutOfCore,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    confidence: float | None = None,
    descent: GradientDescent | None = None,
) -> Iterator[Row]:
    """The rows of `learning_curve` for the sizes of `curve`, in the order of `training_sizes`.

    Unlike there the condition number is a lower bound, and of a finite number of steps neither it nor the training loss
    is known (NaN). So steps cannot be counted by a ratio of losses and are one number for all sizes, or it is a
    ReplicationError.
    """
    check_shapes(y=(curve.y, "N C"), test_x=(curve.test_x, "N_T d"), test_y=(test_y, "N_T C"))
    check_finite(test_y=test_y)
    if descent is not None and (descent.training_loss_ratio is not None or not isinstance(descent.steps, int)):
        problem = "a ratio of training losses, or steps of every size, with kernels on disk"
        raise ReplicationError(problem, "name one number of steps")
    return _rows(curve, test_y, training_sizes, confidence, descent)


def _rows(
    curve: OutOfCore,
    test_y: np.ndarray,
    sizes: Sequence[int],
    confidence: float | None,
    descent: GradientDescent | None,
) -> Iterator[Row]:
    if not curve.network.centred:  # which have no prior
        made = zip(curve.sizes, curve.bayes(), strict=True)
        yield from in_asked_order(sizes, (row_of(BAYES, *pair, np.inf, test_y, confidence) for pair in made))
    made = zip(curve.sizes, curve.gradient_descent_to_convergence(), strict=True)
    rows = (row_of(GRADIENT_DESCENT, *pair, np.inf, test_y, confidence) for pair in made)
    yield from (row | {"training_loss": 0.0} for row in in_asked_order(sizes, rows))
    if descent is None:
        return
    steps = descent.steps_at(curve.sizes[-1])
    trained = zip(
        curve.sizes, curve.gradient_descent(descent.learning_rate_fraction, steps, descent.momenta), strict=True
    )
    rows = (
        row_of(GRADIENT_DESCENT, size, one.prediction, steps, test_y, confidence)
        | {"training_loss": one.training_loss, "learning_rate": one.learning_rate}
        for size, one in trained
    )
    yield from in_asked_order(sizes, rows)
