"""What of a profile's training is done: chunks of members in the scratch folder, counted without training anything."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from replication.errors import ReplicationError
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.member_store import MemberStore
from replication.settings.profile import Profile
from replication.stages.planning import nested_data, planned_ensembles
from replication.stages.run_paths import RunPaths
from replication.stages.vary_training import planned_variations


class Progress(NamedTuple):
    """Of one ensemble: its key in the store, members asked for, those that are stored, the chunks that hold them."""

    ensemble: Ensemble
    key: str
    members: int
    done: int
    chunks: list[range]


class StageProgress(NamedTuple):
    """Of a stage: whether its table is written, its ensembles, and why these are not known if they are not."""

    stage: str
    written: bool
    ensembles: list[Progress]
    unknown: str = ""


class TaskProgress(NamedTuple):
    """Of a task: its stages, the damaged files of its scratch folder, and how many are of other settings or code."""

    task: str
    stages: list[StageProgress]
    damaged: list[Path]
    others: int


class Trainer(NamedTuple):
    """A stage that trains: how its ensembles are planned, the section that sizes them, where its table lies."""

    stage: str
    plan: Callable[..., list[Ensemble]]
    section: str
    table: str


def _variations(*arguments) -> list[Ensemble]:
    """Each once, though the profile's own stands under every property."""
    planned = {repr(ensemble): ensemble for _, ensemble in planned_variations(*arguments)}
    return list(planned.values())


TRAINERS = (
    Trainer("train_ensembles", planned_ensembles, "finite_width", "members"),
    Trainer("vary_training", _variations, "training_variations", "training_variations"),
)


def progress(name: str, profile: Profile) -> Iterator[TaskProgress]:
    """Of every task of a profile, the stages that keep their members."""
    for task in profile.tasks:
        paths, damaged = RunPaths(name, task), []
        store = MemberStore(paths.scratch, profile.execution.tensor_float_32, damaged.append)
        stages = [_stage(paths, profile, trainer, store) for trainer in TRAINERS]
        known = {own.key for stage in stages for own in stage.ensembles}
        yield TaskProgress(task, stages, damaged, store.others(known))


def _stage(paths: RunPaths, profile: Profile, trainer: Trainer, store: MemberStore) -> StageProgress:
    written = paths.results(trainer.table, f"{paths.task}.csv").exists()
    own, source = getattr(profile, trainer.section), profile.tasks[paths.task]
    try:
        data = nested_data(paths, profile.seed, source, own.training_sizes[-1])
        planned = trainer.plan(paths, profile.seed, source, profile.network, profile.training, own)
    except ReplicationError as error:
        return StageProgress(trainer.stage, written, [], error.problem)
    except LookupError:
        return StageProgress(trainer.stage, written, [], "the learning rates at hand are for other settings")
    return StageProgress(trainer.stage, written, [_ensemble(store, one, data, own.members) for one in planned])


def _ensemble(store: MemberStore, ensemble: Ensemble, data: Data, members: int) -> Progress:
    key = store.key(ensemble, data.first(ensemble.training_size))
    stored = store.load(key)
    return Progress(ensemble, key, members, sum(member in stored for member in range(members)), store.chunks(key))
