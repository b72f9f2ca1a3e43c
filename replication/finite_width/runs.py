"""What is asked of an experiment that trains: members of ensembles, each with data of its own. Needs no TensorFlow."""

import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from replication.finite_width.ensemble import Data, Ensemble
from replication.schema import BASELINE

LINEARISED_WORK = 0.3  # of training the same member
CONVERGED_WORK = 3000  # of a step, at its one step
OVERHEAD = 20_000  # of a step, in units of points times neurons


class Labels(NamedTuple):
    """What the losses of an ensemble are of, in the columns of every table."""

    experiment: str
    task: str
    dataset: str
    varied: str = BASELINE
    value: object = None
    draw: int = 0


class Run(NamedTuple):
    """Members 0 ... `members` - 1 of an ensemble, how their data are made, and what they are of.

    `data` is called when the data are needed. The training set is the first `training_size` of its points, so that runs
    on nested sets share one function: of runs that follow one another it is called once.
    """

    ensemble: Ensemble
    members: int
    data: Callable[[], Data]
    labels: Labels

    @property
    def work_per_step(self) -> float:
        """What a step of one member costs, about, in units that all runs share."""
        ensemble, training = self.ensemble, self.ensemble.training
        points = min(ensemble.training_size, training.batch_size) if training.in_batches else ensemble.training_size
        work = OVERHEAD + points * ensemble.width
        if training.algorithm == "convergence":
            return CONVERGED_WORK * work
        return LINEARISED_WORK * work if ensemble.method == "linearised" else work


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


def with_data(runs: Iterable[Run]) -> Iterator[tuple[Run, Data]]:
    """Every run and its data, of which those of one run are held at a time."""
    source, data = None, None
    for run in runs:
        if data is None or run.data is not source:
            source, data = run.data, run.data()  # the former go when their successors are there, which may share parts
        yield run, data.first(run.ensemble.training_size)


class Shared:
    """Data that many runs share: made when they are asked for, and again if everybody has let go of them."""

    def __init__(self, make: Callable[[], Data]) -> None:
        self.make = make
        self.arrays: list[weakref.ref[np.ndarray]] = []

    def __call__(self) -> Data:
        """The data that are held somewhere, or new ones."""
        held = [array for array in (reference() for reference in self.arrays) if array is not None]
        data = Data(*held) if len(held) == len(Data._fields) else self.make()
        self.arrays = [weakref.ref(array) for array in data]
        return data
