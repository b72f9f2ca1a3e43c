"""Chunks of members as tasks of a Dask cluster; a worker that dies has its tasks done by another."""

import os
from collections.abc import Iterator
from concurrent.futures import CancelledError
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from replication.errors import ReplicationError
from replication.finite_width.ensemble import Data, Ensemble, EnsembleLosses
from replication.finite_width.member_store import MemberStore, code_digest
from replication.finite_width.runs import Chunk, OnProgress
from replication.settings.training import Execution

if TYPE_CHECKING:
    from distributed import Client, Future

CHUNK = 8  # members of a chunk sent to a worker, whose memory is not known here
AHEAD = 64  # chunks under way, and so data on the cluster, at most; two for each thread of the workers if that is more
SECONDS_TO_CONNECT = 10


def compute(lacking: Iterator[Chunk], store: MemberStore, execution: Execution, on_progress: OnProgress) -> None:
    """Compute these chunks on the workers and store their losses; without any chunk no scheduler is needed.

    ReplicationError if the scheduler does not answer or is lost, if workers die of a chunk again and again, if one has
    other code, and if training diverges.
    """
    first = next(lacking, None)
    if first is None:
        return
    from distributed import as_completed

    chunks = (chunk for missing in chain([first], lacking) for chunk in missing.split(CHUNK))
    with _client(str(execution.scheduler)) as client:
        sent: dict[Future, Chunk] = {}
        data, done = _DataOnCluster(client), as_completed(loop=client.loop)

        def send() -> bool:
            chunk = next(chunks, None)
            if chunk is not None:
                arguments = chunk.ensemble, chunk.members, execution.device, execution.tensor_float_32
                future = client.submit(_on_worker, store.common["code"], *arguments, *data.held(chunk.data), pure=False)
                sent[future] = chunk
                done.add(future)
            return chunk is not None

        while len(sent) < AHEAD and send():
            pass
        for future in done:
            chunk = sent.pop(future)
            losses, device = _result(future, str(execution.scheduler))
            store.save(chunk.key, chunk.members, losses, device)
            on_progress(chunk.run, len(chunk.members) * chunk.ensemble.training.steps)
            while len(sent) < max(AHEAD, 2 * sum(client.nthreads().values())) and send():
                pass


class _DataOnCluster:
    """The arrays of the run that was sent last, each sent once however many tasks need it."""

    def __init__(self, client: "Client") -> None:
        self.client = client
        self.arrays: list[tuple[np.ndarray, Future]] = []

    def held(self, data: Data) -> list["Future"]:
        self.arrays = [(array, self._sent(array)) for array in data]
        return [future for _, future in self.arrays]

    def _sent(self, array: np.ndarray) -> "Future":
        for other, future in self.arrays:
            if other is array:
                return future
        # a task, not scattered: what a dead worker held is made anew
        return self.client.submit(_itself, array, pure=False)


def _client(scheduler: str) -> "Client":
    from distributed import Client

    try:
        return Client(scheduler, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except OSError:
        problem = f"no Dask scheduler answers at {scheduler}"
        raise ReplicationError(problem, "start one with `python -m dask scheduler`, or leave it out") from None


def _result(future: "Future", scheduler: str) -> Any:
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


def _itself(array: np.ndarray) -> np.ndarray:
    return array


def _on_worker(
    code: str, ensemble: Ensemble, members: range, device: str, tensor_float_32: bool, *arrays: np.ndarray
) -> tuple[EnsembleLosses, str]:
    """Runs on a worker, in the top folder of the same version of the project, as the digest `code` tells."""
    if code_digest() != code:  # losses would be stored as those of a code that they are not of
        problem = "a worker has other code, other versions of libraries or another KERAS_BACKEND than this process"
        raise ReplicationError(problem, "start the workers in the same version of the project and its environment")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from replication.finite_width.members import member_losses

    losses, name = member_losses(ensemble, members, Data(*arrays), device, tensor_float_32=tensor_float_32)
    return EnsembleLosses(*losses), name
