"""The tables that laws are fitted to, and where their stages put them."""

from collections.abc import Iterable

import pandas as pd

from replication.stages import files
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


def tables_of(paths: RunPaths, names: Iterable[str], tasks: Iterable[str]) -> dict[str, pd.DataFrame]:
    """Of the TABLES those that are named, each of all these tasks."""
    tasks = list(tasks)
    places = {name: dict.fromkeys(TABLES[name].replace("*", task) for task in tasks) for name in names}
    return {name: files.read_tables(paths.results(), found) for name, found in places.items()}
