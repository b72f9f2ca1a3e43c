"""The members that a store lacks, computed here or on the workers of a cluster, chunk by chunk into the store."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.member_store import Digests, Member, MemberStore
from replication.finite_width.runs import Run, with_data
from replication.settings.training import Execution

OnProgress = Callable[[Run, int], object]


class Chunk(NamedTuple):
    """Members of the ensemble of a run that are computed together, and its data."""

    run: Run
    key: str
    members: range
    data: Data

    @property
    def ensemble(self) -> Ensemble:
        """What is computed."""
        return self.run.ensemble

    def split(self, size: int) -> Iterator["Chunk"]:
        """The same members in chunks of `size`."""
        for start in range(0, len(self.members), size):
            yield self._replace(members=self.members[start : start + size])


def complete(
    runs: list[Run],
    store: MemberStore,
    execution: Execution,
    on_progress: OnProgress = lambda run, member_steps: None,
) -> Iterator[list[Member]]:
    """The members of every run, in their order; what the store lacks is computed first.

    Data are made one run after another, and held no longer than they are needed. `on_progress` is told how many
    member-steps of a run were done since it was told last, those that the store had among them. A kill costs the chunk
    in progress. ReplicationError if training diverges or the scheduler cannot be reached.
    """
    keys: list[str] = []
    lacking = _lacking(runs, store, on_progress, keys)
    if execution.scheduler:
        from replication.finite_width.cluster import compute

        compute(lacking, store, execution, on_progress)
    else:
        _compute(lacking, store, execution, on_progress)
    for run, key in zip(runs, keys, strict=True):
        stored = store.load(key)
        yield [stored[member] for member in range(run.members)]


def _lacking(runs: Iterable[Run], store: MemberStore, on_progress: OnProgress, keys: list[str]) -> Iterator[Chunk]:
    """What is to be computed, run by run; `keys` receives the key of every run on the way."""
    digests, asked = Digests(), dict[str, int]()
    for run, data in with_data(runs):
        key = store.key(run.ensemble, data, digests)
        keys.append(key)
        # members that an earlier run of the same ensemble asked for are computed once
        before = min(asked.get(key, 0), run.members)
        stored = store.load(key) if before < run.members else {}
        missing = [member for member in range(before, run.members) if member not in stored]
        asked[key] = max(asked.get(key, 0), run.members)
        on_progress(run, (run.members - len(missing)) * run.ensemble.training.steps)
        for members in _consecutive(missing):
            yield Chunk(run, key, members, data)


def _consecutive(numbers: list[int]) -> Iterator[range]:
    """Numbers as ranges of those that follow one another."""
    start = 0
    for index in range(1, len(numbers) + 1):
        if index == len(numbers) or numbers[index] != numbers[index - 1] + 1:
            yield range(numbers[start], numbers[index - 1] + 1)
            start = index


def _compute(lacking: Iterator[Chunk], store: MemberStore, execution: Execution, on_progress: OnProgress) -> None:
    """On this machine. TensorFlow, which takes seconds to import, is not needed where nothing is lacking."""
    for missing in lacking:
        from replication.finite_width.members import chunk_size, member_losses

        for chunk in missing.split(chunk_size(missing.ensemble, missing.data, execution.device)):
            losses, device = member_losses(
                chunk.ensemble, chunk.members, chunk.data, execution.device,
                partial(on_progress, chunk.run), execution.tensor_float_32,
            )  # fmt: skip
            store.save(chunk.key, chunk.members, losses, device)
