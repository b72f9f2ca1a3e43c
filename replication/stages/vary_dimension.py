"""Stage: teachers and students on inputs of several dimensions, the student an infinitely wide converged network."""

from tqdm import tqdm

from replication.experiments.dimension import infinitely_wide_students
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
    with tqdm(total=len(dimension.dimensions) * dimension.draws, desc="students", unit="draw", disable=None) as bar:
        tables = infinitely_wide_students(dimension, infinite_width, statistics, seed, bar.update)
    files.write_tables(paths.results("dimension"), tables)


if __name__ == "__main__":
    run(vary_dimension)
