"""Stage: learning curves of trained networks as classes are merged and inputs made noisy, beside those of vary_data."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from replication.datasets import prepared
from replication.datasets.training_sets import training_order
from replication.experiments import changed_data
from replication.experiments import data_variations as fits
from replication.seeds import generator
from replication.settings.network import MLP
from replication.settings.regimes import TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

if TYPE_CHECKING:
    from replication.finite_width.devices import Placement


def train_variations(
    paths: RunPaths,
    seed: int,
    tasks: dict[str, TaskSettings],
    network: MLP,
    training: Training,
    trained_variations: TrainedVariations,
    execution: Execution,
) -> None:
    """Train networks on the task's data and on the same data changed; members, batches and draws are the same."""
    # TensorFlow takes seconds to import: not before the settings are known to be valid
    from replication.finite_width import devices

    own = trained_variations
    placement = devices.place(execution.device, execution.tensor_float_32)
    dataset = prepared.read(RunPaths(paths.profile, own.task).prepared)
    spec = network.model_copy(update={"depth": own.depth})
    learning = training.model_copy(update=own.algorithm | {"parametrisation": "mup"})
    cases = list(changed_data.cases(dataset, (), own.noise))
    rows = []
    with tqdm(total=len(cases) * own.draws, desc=f"trained on {own.task} changed", disable=None) as progress:
        for case in cases:
            key = {"task": own.task, "dataset": tasks[own.task].dataset, "varied": case.varied, "value": case.value}
            for draw in range(own.draws):
                losses = _losses(case, own, spec, learning, seed, placement, draw)
                rows += [key | {"draw": draw, "theory": np.nan} | row for row in losses]
                progress.update()
    columns = [*fits.CASE, "draw", "training_size", "loss", "theory"]
    files.write_table(paths.results("data_variations", "trained.csv"), pd.DataFrame(rows)[columns])


def _losses(
    case: changed_data.DataVariation,
    own: TrainedVariations,
    spec: MLP,
    training: Training,
    seed: int,
    placement: "Placement",
    draw: int,
) -> Iterator[dict]:
    """Rows of target, training_size and loss, the mean over members, of one draw."""
    from replication.experiments.trained_regimes import resolution_limited_in_data
    from replication.finite_width.ensemble import Data

    order = training_order(len(case.dataset.inputs), own.training_sizes[-1], seed, own.task, draw)
    x, test_x = changed_data.inputs(case, order, seed, own.task, draw)
    own_seed = int(generator(seed, "trained variations", own.task, draw).integers(2**63))
    for name, (y, test_y) in changed_data.targets(case, order, own.superclasses):
        data, curve = Data(x, y, test_x, test_y), (own.width, own.training_sizes, own.members)
        arguments = spec, training, data, own.adam_learning_rate, *curve, own_seed, placement
        for size, losses in zip(own.training_sizes, resolution_limited_in_data(*arguments), strict=True):
            yield {"target": name, "training_size": size, "loss": losses.mean()}


if __name__ == "__main__":
    run(train_variations)
