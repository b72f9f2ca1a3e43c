"""Stage: the plateau of eps_L of networks that are trained, parametrised or built otherwise."""

import pandas as pd

from replication.scaling_laws import plateaus as fits
from replication.settings.analysis import Statistics
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training, TrainingVariations
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def fit_training_variations(
    paths: RunPaths,
    seed: int,
    tasks: dict[str, TaskSettings],
    training: Training,
    training_variations: TrainingVariations,
    statistics: Statistics,
) -> None:
    """Ask of every variant whether its eps_L stops depending on N_D, and at which value."""
    names = list(tasks)
    members = files.read_tables(paths.results("training_variations"), names)
    expected = files.read_tables(paths.results("training_variations"), [f"{name}_expected" for name in names])
    exact = files.read_tables(paths.results("infinite_width"), names)
    infinite = exact[(exact["method"] == "gradient_descent") & (exact["training_time"] == training.steps)]
    curves = fits.moments(members, statistics, seed)
    plateaus = fits.plateaus(curves, expected, infinite, statistics.confidence)
    sizes = training_variations.training_sizes
    slopes = [fits.at_infinite_width(infinite, name, task.dataset, sizes) for name, task in tasks.items()]
    files.write_table(paths.results("training_variations.csv"), curves)
    files.write_table(paths.results("training_plateaus.csv"), pd.concat([plateaus, pd.DataFrame(slopes)]))


if __name__ == "__main__":
    run(fit_training_variations)
