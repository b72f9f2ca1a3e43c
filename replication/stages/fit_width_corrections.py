"""Stage: how fast finite width approaches infinite width in 1 / n, and from which N_D on it does not."""

import pandas as pd

from replication import seeds
from replication.scaling_laws import width_corrections as fits
from replication.settings.analysis import Claims, Statistics
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def fit_width_corrections(
    paths: RunPaths, seed: int, tasks: dict[str, TaskSettings], statistics: Statistics, claims: Claims
) -> None:
    """Fit mu_L, sigma_L and eps_L of trained and linearised networks in 1 / n, and find where they leave the limit."""
    losses = files.read_table(paths.results("test_loss.csv"))
    members = files.read_tables(paths.results("members"), list(tasks))
    ratios = pd.concat([fits.width_ratios(losses), fits.paired_differences(members, losses)], ignore_index=True)
    rng = seeds.generator(seed, "crossover_training_size of the dependence on width")
    files.write_table(paths.results("width_ratios.csv"), ratios)
    files.write_table(paths.results("width_corrections.csv"), fits.fit_corrections(ratios, statistics.confidence))
    crossovers = fits.crossovers(ratios, claims.width_departure, statistics.confidence, rng)
    files.write_table(paths.results("width_crossovers.csv"), crossovers)


if __name__ == "__main__":
    run(fit_width_corrections)
