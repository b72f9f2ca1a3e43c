"""Test loss of converged networks of infinite width where the training set limits it, of labels and of random teachers.

The loss is that of the mean output of all initialisations, Theta_* Theta^-1 Y: what training takes away from the spread
of the outputs at initialisation is left out, as in arXiv 2102.06701.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from replication.datasets.variations import Targets
from replication.infinite_width import predictions
from replication.infinite_width.closed_form import Kernels
from replication.infinite_width.learning_curve import UNREGULARISED, Regularisation
from replication.infinite_width.predictions import KernelMatrices
from replication.schema import TEACHER
from replication.theory.kernel_regression import Spectrum, predict, spectrum_of


def resolution_limited(
    ntk: np.ndarray,
    cross: np.ndarray,
    test: np.ndarray,
    targets: dict[str, Targets],
    sizes: Sequence[int],
    regularisation: Regularisation = UNREGULARISED,
    algebra: str = "scipy",
) -> Iterator[dict]:
    """A row for every size and target: training_size, target, mean = 1/(2 N_T) sum (Theta_* Theta^-1 Y - Y_*)^2.

    ntk Theta (N, N), cross (N, N_T) and test (N_T, N_T): one kernel serves all targets. Added to them is TEACHER, a
    function drawn from the Gaussian process of covariance Theta, whose expected loss is exactly
      L(D) = 1/2 E_x[Theta(x, x) - theta(x)' Theta^-1 theta(x)]
    (arXiv 2102.06701). It is half the posterior variance of Bayesian inference under the prior Theta, whose posterior
    mean is the converged network's: one inference gives both, by the linear algebra "scipy" or "jax".
    """
    y, columns = _stacked({name: target.training for name, target in targets.items()})
    points = len(cross)  # of a sample that may go on beyond the training set
    training = ntk[:points, :points]
    problem = KernelMatrices(Kernels(training, training), Kernels(cross, cross), test, y[:points])
    for size, prediction in zip(sizes, predictions.bayes(problem, sizes, *regularisation, algebra), strict=True):
        for name, chosen in columns.items():
            error = prediction.mean[:, chosen] - targets[name].test
            yield {"training_size": size, "target": name, "mean": np.sum(error**2) / (2 * len(error))}
        yield {"training_size": size, "target": TEACHER, "mean": np.diag(prediction.covariance).mean() / 2}


def predicted(ntk: np.ndarray, targets: dict[str, np.ndarray], sizes: Sequence[int]) -> tuple[np.ndarray, list[dict]]:
    """Eigenvalues of Theta / P in falling order, and learning-curve theory of the losses of `resolution_limited`.

    From P sample points, their kernel Theta (P, P) and targets (P, C): rows of training_size, target, theory. With the
    prior Theta the theory's variance is the loss of the teacher, n kappa / 2 for each output, and its squared bias
    that of the targets. For eigenvalues i^-(1+alpha) kappa falls as n^-(1+alpha), so the teacher's curve is the
    spectrum of the population as n points resolve it. The eigenvalues themselves lie above the population's, by about
    tr(Theta) / P^2 of what lies below them, which flattens a slowly falling spectrum.
    """
    y, columns = _stacked(targets)
    spectrum = spectrum_of(ntk, ntk, y)
    rows = []
    for name, chosen in columns.items():
        losses = predict(spectrum._replace(target=spectrum.target[:, chosen]), sizes)["squared_bias"]
        rows += _rows(sizes, name, losses)
    teacher = Spectrum(spectrum.eigenvalues, spectrum.target[:, :1], spectrum.prior, spectrum.points)
    rows += _rows(sizes, TEACHER, predict(teacher, sizes)["variance"])
    return spectrum.eigenvalues[::-1], rows


def _rows(sizes: Sequence[int], name: str, losses: pd.Series) -> list[dict]:
    return [{"training_size": size, "target": name, "theory": loss} for size, loss in zip(sizes, losses, strict=True)]


def _stacked(targets: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, slice]]:
    """Targets side by side, and the columns of each."""
    ends = np.cumsum([y.shape[1] for y in targets.values()]).tolist()
    columns = map(slice, [0, *ends[:-1]], ends)
    return np.hstack(list(targets.values())), dict(zip(targets, columns, strict=True))
