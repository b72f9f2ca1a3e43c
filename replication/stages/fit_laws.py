"""Stage: every law that is fitted, of both papers."""

from collections.abc import Iterable

import pandas as pd

from replication.experiments.laws import laws_of_ensembles, laws_of_regimes, laws_of_variants
from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

VARIED, ENSEMBLES = "infinite_width_variations/*", "ensembles/*"
TABLES = {  # where each lies; * stands for every task
    "exact": "infinite_width/*/learning_curves", "members": f"{ENSEMBLES}/members",
    "expansion_members": f"{ENSEMBLES}/width_expansion", "expansion_theory": f"{ENSEMBLES}/width_expansion_theory",
    "expansion_moments": f"{ENSEMBLES}/width_expansion_moments", "variants": f"{ENSEMBLES}/training_variations",
    "expected": f"{ENSEMBLES}/expected", "regime_members": "trained_regimes/members",
    "students": "dimension/exponents", "data": f"{VARIED}/data", "data_exponents": f"{VARIED}/data_exponents",
    "data_differences": f"{VARIED}/data_differences", "features": "random_features/curves",
    "features_exponents": "random_features/exponents", "duality": "random_features/duality",
}  # fmt: skip


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


def tables_of(paths: RunPaths, names: Iterable[str], tasks: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Of the TABLES those that are named, each of all these tasks."""
    tasks = list(tasks)
    places = {name: dict.fromkeys(TABLES[name].replace("*", task) for task in tasks) for name in names}
    return {name: files.read_tables(paths.results(), found) for name, found in places.items()}


if __name__ == "__main__":
    run(fit_laws)
