"""Verdicts on what of a profile is done, computed from its tables while the rest is still running; writes nothing."""

from collections.abc import Iterable, Sequence

import pandas as pd

from replication.claims.papers import explaining, uncertainty
from replication.errors import ReplicationError
from replication.experiments.laws import laws_of_ensembles, laws_of_regimes, laws_of_variants
from replication.settings.profile import Profile
from replication.stages.law_tables import TABLES, tables_of
from replication.stages.run_paths import RunPaths

# the tables that each paper's laws need
OF_ENSEMBLES = (
    "exact", "members", "expansion_members", "expansion_theory", "expansion_moments", "variants", "expected",
)  # fmt: skip
OF_REGIMES = tuple(name for name in TABLES if name not in OF_ENSEMBLES)


def verdicts_so_far(name: str, profile: Profile) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tests and verdicts (`claims.papers`) on the tasks whose ensembles are trained, and on regimes if these are.

    Other tasks, and the second paper where its experiments lack, have no rows. ReplicationError if nothing is done.
    """
    paths, found = RunPaths(name), []
    if tasks := _done(paths, OF_ENSEMBLES, profile.tasks):
        found.append(_of_ensembles(paths, tasks, profile))
    if tasks := _done(paths, OF_REGIMES, profile.tasks):
        found.append(_of_regimes(paths, tasks, profile))
    if not found:
        problem = f"no task of {name} has its tables at infinite width and of trained ensembles yet"
        raise ReplicationError(problem, f"`replication status {name}` says what is done")
    tests, verdicts = (pd.concat(parts, ignore_index=True) for parts in zip(*found, strict=True))
    return tests, verdicts


def _done(paths: RunPaths, names: Sequence[str], tasks: Iterable[str]) -> list[str]:
    """The tasks that have all of these tables."""

    def lacking(task: str) -> bool:
        places = (TABLES[name].replace("*", task) for name in names)
        return any(not paths.results(f"{place}.csv").exists() for place in places)

    return [str(task) for task in tasks if not lacking(str(task))]


def _of_ensembles(paths: RunPaths, tasks: list[str], profile: Profile) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables, statistics, claims = tables_of(paths, OF_ENSEMBLES, tasks), profile.statistics, profile.claims
    laws = laws_of_ensembles(tables, profile.seed, profile.training, statistics, profile.scaling_laws, claims)
    laws |= laws_of_variants(tables, profile.seed, profile.network, profile.training, statistics)
    return uncertainty(laws, claims, statistics.confidence)


def _of_regimes(paths: RunPaths, tasks: list[str], profile: Profile) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables = tables_of(paths, OF_REGIMES, tasks)
    sections = profile.trained_regimes, profile.trained_variations, profile.dimension, profile.statistics
    return explaining(laws_of_regimes(tables, *sections), profile.claims)
