"""Trained networks in the four regimes of arXiv 2102.06701.

Every function yields one row (a dict) for each size; `loss` follows the law of its regime, `standard_error` is that of
the mean over `draws`.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import Data
from replication.finite_width.linearised import linearise
from replication.finite_width.training import train
from replication.network import Weights, initial_weights
from replication.seeds import generator
from replication.settings.network import MLP
from replication.settings.training import Training


def draw_weights(spec: MLP, width: int, data: Data, members: int, seed: int, name: str) -> list[Weights]:
    """Initial weights of the members, each from a stream of its own."""
    inputs, outputs = data.x.shape[1], data.y.shape[1]
    streams = [generator(seed, name, "initial weights", width, member) for member in range(members)]
    return [initial_weights(spec, inputs, width, outputs, stream) for stream in streams]


def variance_limited_in_width(
    spec: MLP, training: Training, data: Data, rate: float, widths: Sequence[int], members: int, seed: int,
    placement: Placement,
) -> Iterator[dict]:  # fmt: skip
    """Test loss of trained networks minus that of the linearised ones from the same weights, mean over members: ~ 1/w.

    At fixed data the network of infinite width is its linearisation, and the loss a smooth function of averages over
    neurons. `loss` is the size of the mean difference, `sign` its sign.
    """
    for width in widths:
        weights = draw_weights(spec, width, data, members, seed, "variance-limited in width")
        arguments = spec, training, weights, data, rate, placement
        trained, linearised = (how(*arguments).test_loss.astype(float) for how in (train, linearise))
        yield _row(width, trained - linearised)


def variance_limited_in_data(
    spec: MLP, training: Training, population: Data, rate: float, width: int, sizes: Sequence[int], draws: int,
    members: int, seed: int, placement: Placement,
) -> Iterator[dict]:  # fmt: skip
    """Population loss of a small network trained on D points, minus that of training on the population: ~ 1/D.

    The population is the finite set (x, y) of `population`: its points are drawn with replacement, and its own loss
    is what is measured, without a test set's noise. From the same initial weights; mean over draws of the points.
    """
    weights = draw_weights(spec, width, population, members, seed, "variance-limited in data")
    limit = train(spec, training, weights, population, rate, placement).test_loss.astype(float)
    for size in sizes:
        excess = []
        for draw in range(draws):
            stream = generator(seed, "variance-limited in data", "points", size, draw)
            points = stream.integers(0, len(population.x), size)
            drawn = Data(population.x[points], population.y[points], population.test_x, population.test_y)
            excess.append(np.mean(train(spec, training, weights, drawn, rate, placement).test_loss - limit))
        yield _row(size, np.array(excess))


def resolution_limited_in_width(
    spec: MLP, training: Training, population: Data, rate: float, widths: Sequence[int], members: int, seed: int,
    placement: Placement,
) -> Iterator[dict]:  # fmt: skip
    """Population loss of networks trained on the whole population, which stands for infinitely many points: ~ w^-alpha.

    On batches of `training.batch_size` if the population is larger. `rate` is that of Adam at width one, over the
    square root of the width.
    """
    batches = _batches(training, len(population.x), seed, "resolution-limited in width")
    for width in widths:
        weights = draw_weights(spec, width, population, members, seed, "resolution-limited in width")
        losses = train(spec, training, weights, population, rate / np.sqrt(width), placement, batches).test_loss
        yield _row(width, losses.astype(float))


def resolution_limited_in_data(
    spec: MLP, training: Training, data: Data, rate: float, width: int, sizes: Sequence[int], members: int,
    seed: int, placement: Placement,
) -> Iterator[np.ndarray]:  # fmt: skip
    """Test losses of members trained on the first D points of `data`, for each D: ~ D^-alpha at large width.

    On batches of `training.batch_size` where D is larger. `rate` as for resolution_limited_in_width.
    """
    name = "resolution-limited in data"
    for size in sizes:
        weights = draw_weights(spec, width, data, members, seed, f"{name}, {size}")
        drawn, batches = data._replace(x=data.x[:size], y=data.y[:size]), _batches(training, size, seed, name)
        yield train(spec, training, weights, drawn, rate / np.sqrt(width), placement, batches).test_loss.astype(float)


def _batches(training: Training, points: int, seed: int, name: str) -> np.ndarray | None:
    """Indices (steps, batch size) of every step's points, or None where one batch holds them all."""
    if points <= training.batch_size:
        return None
    return generator(seed, name, "batches", points).integers(0, points, (training.steps, training.batch_size))


def _row(size: int, values: np.ndarray) -> dict:
    mean, error = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    return {"size": size, "loss": abs(mean), "standard_error": error, "sign": np.sign(mean), "draws": len(values)}
