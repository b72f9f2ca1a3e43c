"""The members that a store lacks, computed here or on the workers of a cluster, chunk by chunk into the store."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import NamedTuple

from replication.errors import ReplicationError
from replication.finite_width.ensemble import Data, Ensemble, EnsembleLosses
from replication.finite_width.member_store import Member, MemberStore, code_digest
from replication.settings.training import Execution

CLUSTER_CHUNK = 8  # members of a chunk sent to a worker, whose memory is not known here
SECONDS_TO_CONNECT = 10


class Chunk(NamedTuple):
    """Members of an ensemble that are computed together."""

    ensemble: Ensemble
    key: str
    members: range


def complete(
    ensembles: list[Ensemble],
    members: range,
    data: Data,
    store: MemberStore,
    execution: Execution,
    on_progress: Callable[[Ensemble, int], object] = lambda ensemble, member_steps: None,
) -> Iterator[dict[int, Member]]:
    """Losses of these members of every ensemble, in their order; what the store lacks is computed first.

    The training set of every ensemble is the first `training_size` points of `data`. `on_progress` is told how many
    member-steps of an ensemble were done since it was told last, those that the store had among them. A kill costs the
    chunk in progress. Raises ReplicationError if training diverges or the scheduler cannot be reached.
    """
    keys = [store.key(ensemble, data.first(ensemble.training_size)) for ensemble in ensembles]
    lacking, seen = [], set()
    for ensemble, key in zip(ensembles, keys, strict=True):
        missing = []
        if key not in seen:  # an ensemble that is asked for twice is computed once
            stored = store.load(key)
            missing = [member for member in members if member not in stored]
        seen.add(key)
        on_progress(ensemble, (len(members) - len(missing)) * ensemble.training.steps)
        lacking += [Chunk(ensemble, key, run) for run in _runs(missing)]
    if lacking:
        compute = _on_cluster if execution.scheduler else _here
        compute(lacking, data, store, execution, on_progress)
    for key in keys:
        stored = store.load(key)
        yield {member: stored[member] for member in members}


def _runs(numbers: list[int]) -> Iterator[range]:
    """Consecutive numbers as ranges."""
    start = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            yield range(numbers[start], numbers[place - 1] + 1)
            start = place


def _split(chunk: Chunk, size: int) -> Iterator[Chunk]:
    for start in range(0, len(chunk.members), size):
        yield chunk._replace(members=chunk.members[start : start + size])


def _here(lacking: list[Chunk], data: Data, store: MemberStore, execution: Execution, on_progress) -> None:
    from replication.finite_width.members import chunk_size, member_losses

    for run in lacking:
        own = data.first(run.ensemble.training_size)
        for chunk in _split(run, chunk_size(run.ensemble, own, execution.device)):
            ensemble = chunk.ensemble
            losses, device = member_losses(
                ensemble, chunk.members, own, execution.device,
                lambda steps, ensemble=ensemble: on_progress(ensemble, steps), execution.tensor_float_32,
            )  # fmt: skip
            store.save(chunk.key, chunk.members, losses, device)


def _on_cluster(lacking: list[Chunk], data: Data, store: MemberStore, execution: Execution, on_progress) -> None:
    """Chunks as tasks of a Dask cluster; a worker that dies has its tasks done by another."""
    from distributed import Client, as_completed

    chunks = [chunk for run in lacking for chunk in _split(run, CLUSTER_CHUNK)]
    try:
        client = Client(execution.scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except OSError:
        problem = f"no Dask scheduler answers at {execution.scheduler}"
        raise ReplicationError(problem, "start one with `python -m dask scheduler`, or leave it out") from None
    with client:
        # a task, not scattered: what a dead worker held is made anew
        held = client.submit(_held, data, pure=False)
        sent = {}
        for chunk in chunks:
            arguments = chunk.ensemble, chunk.members, held, execution.device, execution.tensor_float_32
            sent[client.submit(_on_worker, store.common["code"], *arguments, pure=False)] = chunk
        for future in as_completed(sent, loop=client.loop):
            chunk = sent.pop(future)
            losses, device = _result(future, execution.scheduler)
            store.save(chunk.key, chunk.members, losses, device)
            on_progress(chunk.ensemble, len(chunk.members) * chunk.ensemble.training.steps)


def _result(future, scheduler: str):
    from distributed import KilledWorker

    again = "run it again: finished members are kept"
    try:
        return future.result()
    except KilledWorker:
        problem = "workers of the Dask cluster died of the same members again and again"
        raise ReplicationError(problem, f"give them more memory, and {again}") from None
    except (CancelledError, OSError):
        problem = f"the Dask scheduler at {scheduler} was lost"
        raise ReplicationError(problem, f"start it and its workers, and {again}") from None


def _held(data: Data) -> Data:
    return data


def _on_worker(code: str, ensemble: Ensemble, members: range, data: Data, device: str, tensor_float_32: bool):
    """Runs on a worker, in the top folder of the same version of the project, as the digest `code` tells."""
    if code_digest() != code:  # losses would be stored as those of a code that they are not of
        problem = "a worker has other code, other versions of libraries or another KERAS_BACKEND than this process"
        raise ReplicationError(problem, "start the workers in the same version of the project and its environment")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from replication.finite_width.members import member_losses

    own = data.first(ensemble.training_size)
    losses, name = member_losses(ensemble, members, own, device, tensor_float_32=tensor_float_32)
    return EnsembleLosses(*losses), name
