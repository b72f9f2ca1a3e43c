"""Stage: trained students of random teachers on inputs of several dimensions, beside the infinitely wide ones."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from replication.datasets.teacher_student import teacher_student_data
from replication.experiments import dimension as fits
from replication.seeds import generator
from replication.settings.regimes import Dimension
from replication.settings.training import Execution, Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

if TYPE_CHECKING:
    from replication.finite_width.devices import Placement


def train_students(paths: RunPaths, seed: int, training: Training, dimension: Dimension, execution: Execution) -> None:
    """Train students of finite width on the outputs of random teachers, for every dimension of the inputs."""
    # TensorFlow takes seconds to import: not before the settings are known to be valid
    from replication.finite_width import devices

    placement = devices.place(execution.device, execution.tensor_float_32)
    own = dimension.trained
    rows = []
    total = len(own.dimensions) * own.draws * len(own.training_sizes)
    with tqdm(total=total, desc="trained students", unit="training set", disable=None) as progress:
        for d in own.dimensions:
            for draw in range(own.draws):
                label = {"route": "trained", "dimension": d, "teacher": 0, "draw": draw}
                losses = students(seed, training, dimension, placement, d, draw)
                for size, loss in zip(own.training_sizes, losses, strict=True):
                    rows.append(label | {"training_size": size, "loss": loss.mean(), "theory": np.nan})
                    progress.update()
    files.write_table(paths.results("dimension", "trained.csv"), pd.DataFrame(rows)[fits.COLUMNS])


def students(
    seed: int, training: Training, dimension: Dimension, placement: "Placement", d: int, draw: int
) -> Iterator[np.ndarray]:
    """Test losses L = 1/(2 N_T) sum (f - f_teacher)^2 of the members of one draw, (members,) for each training size."""
    from replication.experiments.trained_regimes import resolution_limited_in_data
    from replication.finite_width.ensemble import Data

    own, spec = dimension.trained, dimension.spec
    data = teacher_student_data(
        spec, d, own.training_sizes[-1], dimension.test_size, 1, dimension.teacher_width, seed, draw
    )
    # students and batches of every draw are its own
    own_seed = int(generator(seed, "trained students", d, draw).integers(2**63))
    return resolution_limited_in_data(
        spec,
        training.model_copy(update=own.algorithm),
        Data(*data),
        own.adam_learning_rate,
        own.width,
        own.training_sizes,
        own.members,
        own_seed,
        placement,
    )


if __name__ == "__main__":
    run(train_students)
