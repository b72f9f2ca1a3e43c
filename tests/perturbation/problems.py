"""Small problems, and the moments of linearised members with the scatter of the initial function taken off."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.datasets.mnist import read_idx
from replication.finite_width.converged import Ensemble
from replication.perturbation.control_variates import Known, known_moments
from replication.perturbation.limit import Inputs, Limit
from replication.settings.network import MLP

RELU = MLP(depth=1, activation="relu", weight_variance=1.7, bias_variance=0.0)
RELU_WITH_BIASES = MLP(depth=1, activation="relu", weight_variance=1.7, bias_variance=0.5)
ERF = MLP(depth=1, activation="erf", weight_variance=1.7, bias_variance=0.3)


def scaled(network: MLP, output_scale: float) -> MLP:
    """The network with another output scale."""
    return network.model_copy(update={"output_scale": output_scale})


def centred(network: MLP) -> MLP:
    """The network less its initial function."""
    return network.model_copy(update={"centred": True})


NETWORKS = {"relu": RELU, "relu_with_biases": RELU_WITH_BIASES, "erf": ERF}


class Data(NamedTuple):
    x: np.ndarray
    y: np.ndarray
    test_x: np.ndarray
    test_y: np.ndarray


def gaussian_data(points=8, tests=30, inputs=10, outputs=3, seed=0) -> Data:
    rng = np.random.default_rng(seed)
    x, test_x = (rng.standard_normal((count, inputs)) for count in (points, tests))
    teacher = rng.standard_normal((inputs, outputs)) / 3
    return Data(x, np.tanh(x @ teacher), test_x, np.tanh(test_x @ teacher))


def digits(points: int, tests: int, seed=0) -> Data:
    """MNIST from the folder that REPLICATION_DATA_MIRROR names: standardised pixels, one-hot minus 0.1."""
    folder, rng, arrays = Path(os.environ["REPLICATION_DATA_MIRROR"], "mnist"), np.random.default_rng(seed), []
    images = [read_idx(folder / f"{kind}-images-idx3-ubyte.gz", 3) for kind in ("train", "t10k")]
    labels = [read_idx(folder / f"{kind}-labels-idx1-ubyte.gz", 1) for kind in ("train", "t10k")]
    for pixels, digit, count in zip(images, labels, (points, tests), strict=True):
        chosen = rng.permutation(len(pixels))[:count]
        x = (pixels[chosen].reshape(count, -1) - images[0].mean()) / images[0].std()
        arrays += [x, np.eye(10)[digit[chosen]] - 0.1]
    return Data(*arrays)


def limit_of(spec: MLP, data: Data) -> Limit:
    return Limit.of(Inputs.of(spec, data.x, data.test_x), data.y, data.test_y)


class Measured(NamedTuple):
    """Mean and squared eps_L of members, with standard errors."""

    mean: float
    mean_error: float
    square: float
    square_error: float


def measured(limit: Limit, ensemble: Ensemble, width: int, output_scale: float, place: int = 0) -> Measured:
    """With C, each member's infinite-width loss: Var L = Var C + 2 Cov(C, L - C) + Var(L - C), Var C being known."""
    known: Known = known_moments(limit, width, output_scale)
    losses, controls = (polynomial.at(output_scale)[place] for polynomial in ensemble)
    change, swing = losses - controls, controls - known.mean
    mean = known.mean + change.mean()
    values = known.variance + 2 * (change - change.mean()) * swing + (change - change.mean()) ** 2
    square = values.mean() / mean**2
    influence = values / mean**2 - 2 * square * change / mean
    root = np.sqrt(len(losses))
    return Measured(mean, change.std() / root, square, influence.std() / root)
