"""Stage: learning curves of converged networks on labels and random teachers as images, classes and noise vary."""

import numpy as np
import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.training_sets import training_order
from replication.experiments import changed_data
from replication.experiments import data_variations as fits
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.learning_curve import Regularisation
from replication.infinite_width.resolution import predicted, resolution_limited
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP
from replication.settings.regimes import DataVariations
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

RANKS = 100  # of the spectrum that are written, at most


def vary_data(
    paths: RunPaths,
    seed: int,
    task: TaskSettings,
    network: MLP,
    infinite_width: InfiniteWidth,
    data_variations: DataVariations,
    statistics: Statistics,
) -> None:
    """Measure and predict converged networks' learning curves on the task's data and on the same data changed."""
    own, confidence = data_variations, statistics.confidence
    cases = list(changed_data.cases(prepared.read(paths.prepared), own.sides.get(paths.task, ()), own.noise))
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    ranks = np.unique(np.geomspace(1, own.sample_size // 2, RANKS).astype(int))
    losses, spectra = [], []
    with tqdm(total=len(cases) * own.draws, desc=f"data of {paths.task}", disable=None) as progress:
        for case in cases:
            key = {"task": paths.task, "dataset": task.dataset, "varied": case.varied, "value": case.value}
            for draw in range(own.draws):
                rows, eigenvalues = _curves(case, paths.task, draw, seed, network, regularisation, own)
                losses.append(rows.assign(**key, draw=draw))
                if eigenvalues is not None:
                    spectrum = pd.DataFrame({"rank": ranks, "eigenvalue": eigenvalues[ranks - 1]})
                    spectra.append(spectrum.assign(**key, draw=draw))
                progress.update()
    losses = pd.concat(losses, ignore_index=True)[[*fits.CASE, "draw", "training_size", "loss", "theory"]]
    spectra = pd.concat(spectra, ignore_index=True)[[*fits.CASE[:-1], "draw", "rank", "eigenvalue"]]
    exponents = [
        fits.exponents(losses, own.window, confidence, own.theory_window),
        fits.spectrum_exponents(spectra, own.ranks, confidence),
    ]
    tables = {
        "": losses,
        "_spectra": spectra,
        "_exponents": pd.concat(exponents, ignore_index=True),
        "_differences": fits.exponent_differences(losses, own.window, confidence),
    }
    for kind, table in tables.items():
        files.write_table(paths.results("data_variations", f"{paths.task}{kind}.csv"), table)
    files.write_table(paths.results("regimes", f"infinite_width-{paths.task}.csv"), fits.regime_table(losses))


def _curves(
    case: changed_data.DataVariation,
    task: str,
    draw: int,
    seed: int,
    network: MLP,
    regularisation: Regularisation,
    own: DataVariations,
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Losses with their theory, and the eigenvalues of the draw's sample; of noisy inputs the losses alone."""
    sizes, with_theory = own.training_sizes, not case.noise
    points = max(sizes[-1], own.sample_size if with_theory else 0)
    order = training_order(len(case.dataset.inputs), points, seed, task, draw)
    x, test_x = changed_data.inputs(case, order, seed, task, draw)
    targets = dict(changed_data.targets(case, order, own.superclasses))
    theta, cross, test = (kernels(network, *pair).ntk for pair in ((x,), (x[: sizes[-1]], test_x), (test_x,)))
    losses = pd.DataFrame(resolution_limited(theta, cross, test, targets, sizes, regularisation))
    if not with_theory:
        return losses.assign(theory=np.nan), None
    sample = slice(own.sample_size)
    samples = {name: target.training[sample] for name, target in targets.items()}
    eigenvalues, theory = predicted(theta[sample, sample], samples, own.theory_sizes)
    return losses.merge(pd.DataFrame(theory), on=["training_size", "target"], how="left"), eigenvalues


if __name__ == "__main__":
    run(vary_data)
