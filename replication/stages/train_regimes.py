"""Stage: trained networks where the variance of width or data, or the resolution of the width, limits the loss."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.infinite_width.closed_form import kernels
from replication.settings.network import MLP
from replication.settings.regimes import TrainedRegimes
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

DRAW = 0


def train_regimes(
    paths: RunPaths,
    seed: int,
    tasks: dict[str, TaskSettings],
    network: MLP,
    training: Training,
    trained_regimes: TrainedRegimes,
    execution: Execution,
) -> None:
    """Train networks in the variance-limited regimes of arXiv 2102.06701 and where width limits the resolution."""
    # TensorFlow takes seconds to import: not before the settings are known to be valid
    from replication.finite_width import devices

    task, regimes = trained_regimes.task, trained_regimes
    dataset = prepared.read(RunPaths(paths.profile, task).prepared)
    preprocessing = Preprocessing.of(dataset)
    largest = max(regimes.population, regimes.resolution_width.population)
    points = preprocessing.training(dataset, training_order(tasks[task].pool_size, largest, seed, task, DRAW))
    x, y = (array[: regimes.population] for array in points)
    test_x, test_y = preprocessing.test(dataset)
    placement = devices.place(execution.device, execution.tensor_float_32)
    series = f"{task} ({tasks[task].dataset})"
    jobs = {
        ("variance_width", "width"): _variance_width(regimes, network, training, x, y, test_x, test_y, seed, placement),
        ("variance_data", "training_size"): _variance_data(regimes, network, training, x, y, seed, placement),
        ("resolution_width", "width"): _resolution_width(regimes, network, training, *points, seed, placement),
    }
    total = sum(map(len, (regimes.variance_width.widths, regimes.variance_data.training_sizes)))
    rows = []
    with tqdm(total=total + len(regimes.resolution_width.widths), desc="trained regimes", disable=None) as progress:
        for (regime, variable), sizes in jobs.items():
            for row in sizes:
                label = {"route": "trained", "regime": regime, "series": series, "variable": variable}
                rows.append(label | row | {"theory": np.nan})
                progress.update()
    files.write_table(paths.results("regimes", "trained.csv"), pd.DataFrame(rows))


def _variance_width(regimes, network, training, x, y, test_x, test_y, seed, placement) -> Iterator[dict]:
    from replication.experiments.trained_regimes import variance_limited_in_width
    from replication.finite_width.ensemble import Data

    own = regimes.variance_width
    spec = network.model_copy(update={"depth": own.depth, "activation": own.activation})
    descent = training.model_copy(update={"steps": own.steps, "algorithm": "gradient_descent"})
    data = Data(x[: own.training_size], y[: own.training_size], test_x, test_y)
    rate = _learning_rate(spec, data.x, own.learning_rate_fraction)
    return variance_limited_in_width(spec, descent, data, rate, own.widths, own.members, seed, placement)


def _variance_data(regimes, network, training, x, y, seed, placement) -> Iterator[dict]:
    from replication.experiments.trained_regimes import variance_limited_in_data
    from replication.finite_width.ensemble import Data

    own = regimes.variance_data
    spec = network.model_copy(update={"depth": 1, "activation": own.activation})
    descent = training.model_copy(update={"steps": own.steps, "algorithm": "gradient_descent"})
    # the largest eigenvalue is that of a collective mode, which a few hundred points show
    rate = _learning_rate(spec, x[:1024], own.learning_rate_fraction)
    sizes = own.training_sizes, own.draws, own.members
    return variance_limited_in_data(spec, descent, Data(x, y, x, y), rate, own.width, *sizes, seed, placement)


def _resolution_width(regimes, network, training, x, y, seed, placement) -> Iterator[dict]:
    from replication.experiments.trained_regimes import resolution_limited_in_width
    from replication.finite_width.ensemble import Data

    own = regimes.resolution_width
    spec = network.model_copy(update={"depth": 1})
    how = {"steps": own.steps, "batch_size": own.batch_size, "algorithm": "adam", "schedule": "cosine"}
    adam = training.model_copy(update=how | {"parametrisation": "mup"})
    x, y = x[: own.population], y[: own.population]
    sizes = own.widths, own.members
    return resolution_limited_in_width(spec, adam, Data(x, y, x, y), own.adam_learning_rate, *sizes, seed, placement)


def _learning_rate(spec: MLP, x: np.ndarray, fraction: float) -> float:
    """A fraction of the largest stable step of the infinitely wide network, 2 / lambda_max(Theta / N)."""
    return fraction * 2 * len(x) / np.linalg.eigvalsh(kernels(spec, x).ntk)[-1]


if __name__ == "__main__":
    run(train_regimes)
