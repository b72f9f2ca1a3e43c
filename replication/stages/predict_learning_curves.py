"""Stage: learning curves at infinite width predicted from the kernel's spectrum and the target's coefficients."""

import pandas as pd

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.infinite_width.closed_form import kernels
from replication.settings.infinite_width import LearningCurveTheory
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths
from replication.theory.kernel_regression import predict, spectrum_of

SAMPLE = -1  # a draw of its own, so that the sample is none of the training sets


def predict_learning_curves(
    paths: RunPaths, seed: int, task: TaskSettings, network: MLP, learning_curve_theory: LearningCurveTheory
) -> None:
    """Predict mu_L, sigma_L and eps_L of converged networks without a training set."""
    dataset = prepared.read(paths.prepared)
    order = training_order(task.pool_size, learning_curve_theory.sample_size, seed, paths.task, SAMPLE)
    x, y = Preprocessing.of(dataset).training(dataset, order)
    nngp, ntk = kernels(network, x)
    tables = []
    for method, kernel in (("gradient_descent", ntk), ("bayes", nngp)):
        predicted = predict(
            spectrum_of(nngp, kernel, y), learning_curve_theory.training_sizes, test_points=task.test_size
        )
        key = {"task": paths.task, "dataset": task.dataset, "method": method}
        tables.append(predicted.assign(**key)[[*key, *predicted]])
    files.write_table(paths.results("learning_curve_theory", f"{paths.task}.csv"), pd.concat(tables))


if __name__ == "__main__":
    run(predict_learning_curves)
