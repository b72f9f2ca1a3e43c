"""What a prediction at infinite width is made from, and what it is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from replication.infinite_width.closed_form import Kernels
from replication.validation.arrays import check_finite, check_shapes
from replication.validation.numbers import check_sizes


class KernelMatrices(NamedTuple):
    """Everything a prediction needs: kernels between N training and N_T test points, and the targets.

    training: Kernels (N, N); cross: Kernels (N, N_T); test_nngp: (N_T, N_T); y: (N, C) targets.
    The training set of size n is the first n points.
    """

    training: Kernels
    cross: Kernels
    test_nngp: np.ndarray
    y: np.ndarray

    def checked_sizes(self, training_sizes: Sequence[int]) -> tuple[int, ...]:
        """The training sizes in the order given.

        ReplicationError unless the matrices fit one another and are finite, and the sizes are different whole numbers
        from 1 to N.
        """
        check_shapes(
            y=(self.y, "N C"),
            training_nngp=(self.training.nngp, "N N"),
            training_ntk=(self.training.ntk, "N N"),
            cross_nngp=(self.cross.nngp, "N N_T"),
            cross_ntk=(self.cross.ntk, "N N_T"),
            test_nngp=(self.test_nngp, "N_T N_T"),
        )
        check_finite(y=self.y, cross_nngp=self.cross.nngp, cross_ntk=self.cross.ntk, test_nngp=self.test_nngp)
        return check_sizes(training_sizes, len(self.y))


class Prediction(NamedTuple):
    """Outputs on the test inputs: mean (N_T, C), and the covariance (N_T, N_T) that every output shares.

    condition_number: of the inverted kernel; diag_reg: what was added to its diagonal, relative to the mean of it.
    """

    mean: np.ndarray
    covariance: np.ndarray
    condition_number: float
    diag_reg: float
