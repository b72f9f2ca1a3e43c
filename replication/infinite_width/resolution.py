"""Test loss of converged networks of infinite width where the training set limits it: labels, and random teachers.

A converged network's mean output is Theta_* Theta^-1 Y; its loss is that of the network of infinite width whose
initialisation is subtracted, or of an ensemble average. The spread of the initialisation is left out.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.utils.extmath import randomized_svd

from replication.infinite_width import predictions
from replication.infinite_width.closed_form import Kernels
from replication.infinite_width.learning_curve import UNREGULARISED, Regularisation
from replication.infinite_width.predictions import Problem

ITERATIONS = 6  # of the block power method, for which eigenvalues that fall as a power law are separated well enough


class Targets(NamedTuple):
    """Targets of one task on the training inputs (N, C) and on the test inputs (N_T, C)."""

    training: np.ndarray
    test: np.ndarray


def resolution_limited(
    ntk: np.ndarray,
    cross: np.ndarray,
    test: np.ndarray,
    targets: dict[str, Targets],
    sizes: Sequence[int],
    regularisation: Regularisation = UNREGULARISED,
) -> Iterator[dict]:
    """A row for every size and target: training_size, target, loss = 1/(2 N_T) sum (Theta_* Theta^-1 Y - Y_*)^2.

    ntk Theta (N, N), cross (N, N_T), test (N_T, N_T): one kernel serves all targets. The target "teacher" is added: a
    function drawn from the Gaussian process of covariance Theta, whose expected loss for each output is exactly
      L(D) = 1/2 E_x[Theta(x, x) - theta(x)' Theta^-1 theta(x)],
    arXiv 2102.06701. That is half the posterior variance of Bayesian inference under the prior Theta, and the
    posterior mean is the converged network: one inference gives both.
    """
    columns = np.cumsum([0, *(one.training.shape[1] for one in targets.values())])
    stacked = np.hstack([one.training for one in targets.values()])
    problem = Problem(Kernels(ntk, ntk), Kernels(cross, cross), test, stacked)
    for size, prediction in zip(sizes, predictions.bayes(problem, sizes, *regularisation), strict=True):
        for (name, target), first in zip(targets.items(), columns, strict=False):
            error = prediction.mean[:, first : first + target.test.shape[1]] - target.test
            yield {"training_size": size, "target": name, "loss": np.sum(error**2) / (2 * len(error))}
        yield {"training_size": size, "target": "teacher", "loss": np.diag(prediction.covariance).mean() / 2}


def leading_eigenvalues(ntk: np.ndarray, number: int) -> np.ndarray:
    """The `number` largest eigenvalues of Theta / P in falling order, from the kernel of P points (P, P).

    By a block power method on twice as many vectors, right to 1e-3 where the spectrum falls like i^-1 or faster.
    They estimate those of the population for ranks far below P: rank i comes out too large by about the share
    P^-(1+alpha) i^(1+alpha) / alpha for eigenvalues i^-(1+alpha), as the modes beyond P have to go somewhere.
    """
    values = randomized_svd(ntk, number, n_oversamples=number, n_iter=ITERATIONS, random_state=0)[1]
    return values / len(ntk)
