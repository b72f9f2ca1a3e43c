"""Learning curves at infinite width predicted from the kernel's spectrum and the target's coefficients."""

import numpy as np
import pandas as pd

from replication import schema
from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.infinite_width.closed_form import kernels
from replication.settings.infinite_width import LearningCurveTheory
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.theory.kernel_regression import predict, spectrum_of

SAMPLE = -1  # a draw of its own, so that the sample is none of the training sets


def theory_curves(
    dataset: Dataset,
    task_name: str,
    task: TaskSettings,
    network: MLP,
    learning_curve_theory: LearningCurveTheory,
    seed: int,
) -> pd.DataFrame:
    """mu_L, sigma_L and eps_L of converged networks without a training set, a row for each method and training size.

    Columns are those of `kernel_regression.predict` after the keys; `draw` is that of the sample whose kernel gives the
    spectrum.
    """
    points = learning_curve_theory.sample_size
    order = training_order(len(dataset.inputs), points, seed, task_name, SAMPLE)
    x, y = Preprocessing.of(dataset).training(dataset, order)
    nngp, ntk = kernels(network, x)
    tables = [
        predict(spectrum_of(nngp, kernel, y), learning_curve_theory.training_sizes, test_points=task.test_size).assign(
            method=method
        )
        for method, kernel in ((schema.GRADIENT_DESCENT, ntk), (schema.BAYES, nngp))
    ]
    subject = {"experiment": schema.LEARNING_CURVE, "task": task_name, "dataset": task.dataset}
    run = {"width": np.inf, "draw": SAMPLE, "training_time": np.inf}
    table = pd.concat(tables, ignore_index=True).assign(**subject, **run)
    return table[[*schema.KEYS, *table.columns.difference(schema.KEYS, sort=False)]]
