"""Stage: teachers and students on inputs of several dimensions, the student an infinitely wide converged network."""

import pandas as pd
from tqdm import tqdm

from replication.datasets.teacher_student import teacher_student_data
from replication.experiments import dimension as fits
from replication.infinite_width.learning_curve import Regularisation
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.regimes import Dimension
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def vary_dimension(
    paths: RunPaths, seed: int, infinite_width: InfiniteWidth, dimension: Dimension, statistics: Statistics
) -> None:
    """Measure the learning curves of infinitely wide students of finite random teachers, for every dimension."""
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    own = dimension
    rows = []
    for d in tqdm(own.dimensions, desc="dimensions", unit="dimension", disable=None):
        for draw in range(own.draws):
            data = teacher_student_data(
                own.spec, d, own.training_sizes[-1], own.test_size, own.teachers, own.teacher_width, seed, draw
            )
            for row in fits.infinitely_wide_student(own.spec, data, own.training_sizes, regularisation):
                rows.append({"route": "infinite_width", "dimension": d, "draw": draw} | row)
    losses = pd.DataFrame(rows)
    files.write_table(paths.results("dimension", "infinite_width.csv"), losses[fits.COLUMNS])
    exponents = fits.exponents(losses, own.window, statistics.confidence)
    files.write_table(paths.results("dimension", "exponents.csv"), exponents)


if __name__ == "__main__":
    run(vary_dimension)
