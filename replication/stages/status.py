"""What of a profile's training is done: chunks of members in the scratch folder, counted without training anything."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from replication.errors import ReplicationError
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.member_store import Digests, MemberStore
from replication.finite_width.runs import Run, with_data
from replication.settings.profile import Profile
from replication.stages.command import sections
from replication.stages.ensemble_plans import plan_ensembles
from replication.stages.plan import Plan
from replication.stages.regime_plans import REGIMES, plan_regimes
from replication.stages.run_paths import RunPaths


class Progress(NamedTuple):
    """Of one ensemble: its key in the store, members asked for, those that are stored, the chunks that hold them."""

    ensemble: Ensemble
    key: str
    members: int
    done: int
    chunks: list[range]


class ExperimentProgress(NamedTuple):
    """Of an experiment: whether its table is written, its ensembles, and why these are not known if they are not."""

    experiment: str
    written: bool
    ensembles: list[Progress]
    unknown: str = ""


class FolderProgress(NamedTuple):
    """Of a scratch folder: its experiments, damaged files, and how many chunks are of other settings, data or code."""

    name: str
    experiments: list[ExperimentProgress]
    damaged: list[Path]
    others: int


def progress(name: str, profile: Profile) -> Iterator[FolderProgress]:
    """Of every task of a profile its ensembles, then the experiments of the second paper."""
    for task in profile.tasks:
        yield _folder(RunPaths(name, task), profile, plan_ensembles, task)
    yield _folder(RunPaths(name, REGIMES), profile, plan_regimes, "")


def lines(name: str, profile: Profile, with_chunks: bool = False) -> Iterator[str]:
    """The progress of a profile in words: a line for each experiment, with every ensemble and its chunks if asked."""
    for folder in progress(name, profile):
        for experiment in folder.experiments:
            yield f"  {f'{experiment.experiment} {folder.name}':<40} {_in_words(experiment)}"
            for one in experiment.ensembles if with_chunks else ():
                held = ", ".join(f"{chunk.start}-{chunk.stop - 1}" for chunk in one.chunks) or "none"
                yield f"    {_ensemble_in_words(one.ensemble):<70} {one.done:>4} of {one.members}: {held}"
        for path in folder.damaged:
            yield f"  {path} is damaged: its members will be trained again"
        if folder.others:
            yield f"  {folder.others} more chunks of {folder.name} are of other settings, data or code"


def _folder(paths: RunPaths, profile: Profile, plan: Callable[..., list[Plan]], task: str) -> FolderProgress:
    damaged: list[Path] = []
    store = MemberStore(paths.scratch, profile.execution.tensor_float_32, damaged.append)
    plans = plan(paths, **sections(plan, profile, task))
    experiments = [_experiment(one, store) for one in plans]
    known = {one.key for experiment in experiments for one in experiment.ensembles}
    return FolderProgress(str(paths.task), experiments, list(dict.fromkeys(damaged)), store.others(known))


def _experiment(plan: Plan, store: MemberStore) -> ExperimentProgress:
    written = plan.table.exists()
    try:
        return ExperimentProgress(plan.experiment, written, _ensembles(plan.runs(), store))
    except ReplicationError as error:
        return ExperimentProgress(plan.experiment, written, [], error.problem)


def _ensembles(runs: list[Run], store: MemberStore) -> list[Progress]:
    """Each once, though some stand under several variations."""
    digests, found = Digests(), dict[str, Progress]()
    for run, data in with_data(runs):
        key = store.key(run.ensemble, data, digests)
        if key not in found:
            stored = store.load(key)
            done = sum(member in stored for member in range(run.members))
            found[key] = Progress(run.ensemble, key, run.members, done, store.chunks(key))
    return list(found.values())


def _in_words(experiment: ExperimentProgress) -> str:
    table = "table written" if experiment.written else "no table yet"
    if experiment.unknown:
        return f"{table}; members not counted: {experiment.unknown}"
    done, asked = (sum(getattr(one, name) for one in experiment.ensembles) for name in ("done", "members"))
    chunks = sum(len(one.chunks) for one in experiment.ensembles)
    return f"{table}; {done:,} of {asked:,} members in {chunks} chunks of {len(experiment.ensembles)} ensembles"


def _ensemble_in_words(ensemble: Ensemble) -> str:
    network, training = ensemble.network, ensemble.training
    return (
        f"{ensemble.method}, width {ensemble.width}, N_D {ensemble.training_size}, depth {network.depth}, "
        f"{network.activation}, {training.algorithm}, {training.parametrisation}"
    )
