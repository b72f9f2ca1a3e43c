"""Verdicts on what of a profile is done, computed from its tables while the rest is still running; writes nothing."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import pandas as pd

from replication.claims.papers import explaining, uncertainty
from replication.errors import ReplicationError
from replication.experiments.laws import laws_of_ensembles, laws_of_regimes, laws_of_variants
from replication.report import findings
from replication.settings.profile import Profile
from replication.stages.law_tables import TABLES, tables_of
from replication.stages.run_paths import RunPaths

# the tables that each paper's laws need
OF_ENSEMBLES = (
    "exact", "members", "expansion_members", "expansion_theory", "expansion_moments", "variants", "expected",
)  # fmt: skip
OF_REGIMES = tuple(name for name in TABLES if name not in OF_ENSEMBLES)


class SoFar(NamedTuple):
    """Tests and verdicts as of `claims.papers`, and what was found, in sentences."""

    tests: pd.DataFrame
    verdicts: pd.DataFrame
    findings: list[str]


def verdicts_so_far(name: str, profile: Profile) -> SoFar:
    """On the tasks whose ensembles are trained, and on regimes if these are.

    Of other tasks, and of the second paper where its experiments lack, nothing. ReplicationError if nothing is done.
    """
    paths, parts = RunPaths(name), []
    if tasks := _done(paths, OF_ENSEMBLES, profile.tasks):
        parts.append(_of_ensembles(paths, tasks, profile))
    if tasks := _done(paths, OF_REGIMES, profile.tasks):
        parts.append(_of_regimes(paths, tasks, profile))
    if not parts:
        problem = f"no task of {name} has its tables at infinite width and of trained ensembles yet"
        raise ReplicationError(problem, f"`replication status {name}` says what is done")
    tests, verdicts, sentences = zip(*parts, strict=True)
    tests, verdicts = (pd.concat(tables, ignore_index=True) for tables in (tests, verdicts))
    return SoFar(tests, verdicts, [*chain(*sentences)])


def _done(paths: RunPaths, names: Sequence[str], tasks: Iterable[str]) -> list[str]:
    """The tasks that have all of these tables."""

    def lacking(task: str) -> bool:
        places = (TABLES[name].replace("*", task) for name in names)
        return any(not paths.results(f"{place}.csv").exists() for place in places)

    return [str(task) for task in tasks if not lacking(str(task))]


def _of_ensembles(paths: RunPaths, tasks: list[str], profile: Profile) -> SoFar:
    tables, statistics, claims = tables_of(paths, OF_ENSEMBLES, tasks), profile.statistics, profile.claims
    laws = laws_of_ensembles(tables, profile.seed, profile.training, statistics, profile.scaling_laws, claims)
    laws |= laws_of_variants(tables, profile.seed, profile.network, profile.training, statistics)
    return SoFar(*uncertainty(laws, claims, statistics.confidence), findings.of_ensembles(laws, statistics.confidence))


def _of_regimes(paths: RunPaths, tasks: list[str], profile: Profile) -> SoFar:
    tables = tables_of(paths, OF_REGIMES, tasks)
    sections = profile.trained_regimes, profile.trained_variations, profile.dimension, profile.statistics
    laws = laws_of_regimes(tables, *sections)
    return SoFar(*explaining(laws, profile.claims), findings.of_regimes(laws))
