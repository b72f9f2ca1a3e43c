"""Control variates of ensembles: the infinite-width loss of each member's own initial function, and its moments."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from replication.finite_width.ensemble import Data, initial_weights_of
from replication.network import forward
from replication.perturbation.control_variates import Known, control, fourth_cumulant, known_moments
from replication.perturbation.limit import Inputs, Limit
from replication.seeds import generator
from replication.settings.network import MLP


class Controls(NamedTuple):
    """Of one width, training size and output scale: C of every member, (members,), and its mean and variance."""

    width: int
    training_size: int
    output_scale: float
    values: np.ndarray
    known: Known


def controls(
    network: MLP,
    data: Data,
    training_sizes: Sequence[int],
    members: dict[int, int],
    output_scales: Sequence[float],
    seed: int,
    task: str,
) -> Iterator[Controls]:
    """Of members 0 ... of every width, `members` of it; their weights are those of the ensembles of (seed, task).

    network: one hidden layer. The functions at initialisation are evaluated in float64, once for all sizes and scales.
    """
    network, sizes = network.unscaled, sorted(training_sizes)
    x, y, test_x, test_y = (np.asarray(array, np.float64) for array in data.first(sizes[-1]))
    inputs = Inputs.of(network, x, test_x)
    limits = [Limit.of(inputs.leading(size), y[:size], test_y) for size in sizes]
    cumulants = [fourth_cumulant(limit, generator(seed, "fourth cumulant")) for limit in limits]
    for width, count in members.items():
        values = np.empty((len(limits), len(output_scales), count))
        for member in range(count):
            weights = initial_weights_of(network, width, x.shape[1], y.shape[1], seed, task, member)
            at_training, at_test = (forward(network, weights, points)[None] for points in (x, test_x))
            for place, limit in enumerate(limits):
                start = at_training[:, : len(limit.y)]
                values[place, :, member] = [control(limit, start, at_test, g).item() for g in output_scales]
        for limit, cumulant, of_limit in zip(limits, cumulants, values, strict=True):
            for scale, of_scale in zip(output_scales, of_limit, strict=True):
                known = known_moments(limit, width, scale, cumulant=cumulant)
                yield Controls(width, len(limit.y), scale, of_scale, known)
