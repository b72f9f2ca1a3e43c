"""Learning curves of converged networks on labels and random teachers as images, classes and noise vary."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.datasets.dataset import Dataset
from replication.datasets.training_sets import training_order
from replication.datasets.variations import Targets
from replication.experiments import changed_data
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.learning_curve import Regularisation
from replication.infinite_width.resolution import predicted, resolution_limited
from replication.scaling_laws.data_variations import exponent_differences, exponents, spectrum_exponents
from replication.schema import CURVE, DATA_VARIATION, GRADIENT_DESCENT, RUN, TEACHER
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP
from replication.settings.regimes import DataVariations
from replication.settings.tasks import TaskSettings

RANKS = 100  # of the spectrum that are in its table, at most


class Draw(NamedTuple):
    """Of one draw of changed data: losses, rows of target, training_size, mean, theory, and the sample's eigenvalues.

    Of noisy inputs theory is not asked: NaN, and no eigenvalues.
    """

    losses: pd.DataFrame
    eigenvalues: np.ndarray | None


def data_variations(
    dataset: Dataset,
    task_name: str,
    task: TaskSettings,
    network: MLP,
    infinite_width: InfiniteWidth,
    data_variations: DataVariations,
    statistics: Statistics,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> dict[str, pd.DataFrame]:
    """Losses of the mean output on the task's data and on the same data changed, their theory, and the exponents.

    Tables by name: data (`mean` and `theory` of every curve and draw), spectra (eigenvalues of the kernel of a sample),
    data_exponents (alpha_D, and alpha_K), data_differences (alpha_D less that of the unvaried data, on the same draws).
    `progress` is called after every draw of every variation.
    """
    settings, confidence = data_variations, statistics.confidence
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    ranks = np.unique(np.geomspace(1, settings.sample_size // 2, RANKS).astype(int))
    label = {"experiment": DATA_VARIATION, "task": task_name, "dataset": task.dataset, "method": GRADIENT_DESCENT}
    sides = {str(name): asked for name, asked in settings.sides.items()}.get(task_name, ())
    parts, spectra = [], []
    for case in changed_data.cases(dataset, sides, settings.noise):
        for draw in range(settings.draws):
            subject = case, task_name, draw, seed, network
            rows, eigenvalues = curves_of_draw(*subject, regularisation, settings, infinite_width.linear_algebra)
            parts.append(_described(rows, case).assign(**label, draw=draw))
            if eigenvalues is not None:
                spectrum = pd.DataFrame({"target": TEACHER, "rank": ranks, "eigenvalue": eigenvalues[ranks - 1]})
                spectra.append(_described(spectrum, case).assign(**label, draw=draw))
            progress()
    losses = pd.concat(parts, ignore_index=True).assign(width=np.inf, training_time=np.inf)
    spectrum = pd.concat(spectra, ignore_index=True)
    fitted = [
        exponents(losses, settings.window, confidence, settings.theory_window),
        spectrum_exponents(spectrum, settings.ranks, confidence),
    ]
    return {
        "data": losses[[*CURVE, "width", *RUN, "mean", "theory"]],
        "spectra": spectrum[[*CURVE, "draw", "rank", "eigenvalue"]],
        "data_exponents": pd.concat(fitted, ignore_index=True),
        "data_differences": exponent_differences(losses, settings.window, confidence),
    }


def curves_of_draw(
    case: changed_data.DataVariation, task: str, draw: int, seed: int, network: MLP, regularisation: Regularisation,
    settings: DataVariations, algebra: str = "scipy",
) -> Draw:  # fmt: skip
    """One draw of the training set: every target from one kernel; the theory's spectrum is by SciPy."""
    sizes, with_theory = settings.training_sizes, not case.noise
    largest = slice(sizes[-1])
    points = max(sizes[-1], settings.sample_size if with_theory else 0)
    order = training_order(len(case.dataset.inputs), points, seed, task, draw)
    x, test_x = changed_data.inputs(case, order, seed, task, draw)
    targets = dict(changed_data.targets(case, order, settings.superclasses))
    theta, cross, test = (kernels(network, *pair).ntk for pair in ((x,), (x[largest], test_x), (test_x,)))
    nested = {name: Targets(target.training[largest], target.test) for name, target in targets.items()}
    matrices = theta[largest, largest], cross, test
    losses = pd.DataFrame(resolution_limited(*matrices, nested, sizes, regularisation, algebra))
    if not with_theory:
        return Draw(losses.assign(theory=np.nan), None)
    sample = slice(settings.sample_size)
    samples = {name: target.training[sample] for name, target in targets.items()}
    eigenvalues, theory = predicted(theta[sample, sample], samples, settings.theory_sizes)
    return Draw(losses.merge(pd.DataFrame(theory), on=["training_size", "target"], how="left"), eigenvalues)


def _described(rows: pd.DataFrame, case: changed_data.DataVariation) -> pd.DataFrame:
    """With the columns varied, value and target in place of the target's name."""
    columns = pd.DataFrame([changed_data.variation_of(case, name) for name in rows["target"]])
    return rows.reset_index(drop=True).assign(**columns)
