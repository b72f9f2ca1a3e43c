"""Stage: every law that is fitted, of both papers."""

from replication.experiments.laws import laws_of_ensembles, laws_of_regimes, laws_of_variants
from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.law_tables import TABLES, tables_of
from replication.stages.run_paths import RunPaths


def fit_laws(
    paths: RunPaths, seed: int, tasks: dict[str, TaskSettings], network: MLP, training: Training,
    trained_regimes: TrainedRegimes, trained_variations: TrainedVariations, dimension: Dimension,
    statistics: Statistics, scaling_laws: ScalingLaws, claims: Claims,
) -> None:  # fmt: skip
    """Fit the laws of ensembles, of variants of them, and of the regimes."""
    tables = tables_of(paths, TABLES, tasks)
    laws = laws_of_ensembles(tables, seed, training, statistics, scaling_laws, claims)
    laws |= laws_of_variants(tables, seed, network, training, statistics)
    laws |= laws_of_regimes(tables, trained_regimes, trained_variations, dimension, statistics)
    files.write_tables(paths.results("laws"), laws)


if __name__ == "__main__":
    run(fit_laws)
