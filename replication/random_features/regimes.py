"""One draw of random features in the four regimes of arXiv 2102.06701."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from replication.random_features import simulation
from replication.schema import (
    RESOLUTION_LIMITED_DATA,
    RESOLUTION_LIMITED_WIDTH,
    SIZE,
    VARIANCE_LIMITED_DATA,
    VARIANCE_LIMITED_WIDTH,
)
from replication.settings.random_features import Curves
from replication.theory import random_features as theory

OTHER = {"training_size": "width", "width": "training_size"}
Stream = Callable[[str], np.random.Generator]


class Sample(NamedTuple):
    """One draw of a spectrum: Phi (N, S), eigenvalues of C (M,), and how points are chosen.

    choose(number, stream, again) gives R (number, N); `again`: a point may come a second time.
    """

    features: simulation.Matrix
    eigenvalues: np.ndarray
    choose: Callable[[int, np.random.Generator, bool], simulation.Matrix]


def gaussian(eigenvalues: np.ndarray) -> Sample:
    """Gaussian features with this covariance spectrum (S,), and infinitely many different points."""

    def choose(number: int, stream: np.random.Generator, again: bool) -> simulation.Matrix:
        return stream.standard_normal((number, len(eigenvalues)))

    return Sample(simulation.population(eigenvalues), eigenvalues, choose)


def of_pool(features: np.ndarray, eigenvalues: np.ndarray) -> Sample:
    """Features (N, S) of a pool that stands for all inputs: the loss is that on all of the pool."""

    def choose(number: int, stream: np.random.Generator, again: bool) -> simulation.Matrix:
        return simulation.selection(stream.choice(len(features), number, replace=again), len(features))

    return Sample(features, eigenvalues, choose)


def simulated(sample: Sample, sizes: Curves, stream: Stream) -> Iterator[dict]:
    """Rows of experiment, width, training_size, mean and theory of one draw; `stream(name)` opens a random stream.

    The side that does not limit is infinite, or `sizes.small` where the variance of the other is measured. Features are
    projected by Gaussian Q: coordinates in a random rotation, but for their lengths and small overlaps. theory:
    `theory.loss` for the sample's own spectrum, which takes the features for Gaussian.
    """
    yield from _variance_limited(sample, sizes, stream)
    yield from _resolution_limited(sample, sizes, stream)


def _variance_limited(sample: Sample, sizes: Curves, stream: Stream) -> Iterator[dict]:
    features, eigenvalues, choose = sample
    dimension, small, many = features.shape[1], sizes.small, sizes.large_sizes
    limit = theory.best_fit_loss(eigenvalues, small, dimension)
    # by the duality the theory knows no difference between data and features
    excess = [theory.loss(eigenvalues, eigenvalues / dimension, size, small) - limit for size in many]
    fixed = stream("few features").standard_normal((small, dimension))
    growing = choose(many[-1], stream("many points"), True)
    losses = simulation.excess_losses(features, growing, fixed, many)
    yield from _rows(VARIANCE_LIMITED_DATA, many, small, losses, excess)
    fixed = choose(small, stream("few points"), False)
    growing = stream("many features").standard_normal((many[-1], dimension))
    losses = simulation.excess_losses(features.T, growing, fixed, many)
    yield from _rows(VARIANCE_LIMITED_WIDTH, many, small, losses, excess)


def _resolution_limited(sample: Sample, sizes: Curves, stream: Stream) -> Iterator[dict]:
    features, eigenvalues, choose = sample
    dimension, most = features.shape[1], sizes.sizes[-1]
    best = [theory.best_fit_loss(eigenvalues, size, dimension) for size in sizes.sizes]
    points = choose(most, stream("points"), False)
    losses = simulation.projected_loss(simulation.covariance(features.T), points, sizes.sizes)
    yield from _rows(RESOLUTION_LIMITED_DATA, sizes.sizes, np.inf, losses, best)
    projection = stream("features").standard_normal((most, dimension))
    losses = simulation.projected_loss(simulation.covariance(features), projection, sizes.sizes)
    yield from _rows(RESOLUTION_LIMITED_WIDTH, sizes.sizes, np.inf, losses, best)


def _rows(
    experiment: str, sizes: Sequence[int], other: float, losses: Sequence[float], expected: Sequence[float]
) -> Iterator[dict]:
    """`other` is the number of points where the sizes are of features, and the other way round."""
    size = SIZE[experiment]
    for at, loss, exact in zip(sizes, losses, expected, strict=True):
        yield {"experiment": experiment, size: at, OTHER[size]: other, "mean": loss, "theory": exact}
