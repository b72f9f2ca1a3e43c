"""The multilayer perceptron in NumPy: its description, the initial weights of a member, its outputs."""

from itertools import pairwise

import numpy as np
from scipy.special import erf

from replication.settings.network import MLP

__all__ = ["MLP", "Weights", "forward", "initial_weights", "stacked"]

Weights = list[tuple[np.ndarray, np.ndarray]]
ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "erf": erf}


def initial_weights(network: MLP, inputs: int, width: int, outputs: int, generator: np.random.Generator) -> Weights:
    """Weights and biases of one member: one pair (W, b) a layer, from the input to the read-out.

    W has shape (fan_in, units) and b (units,), float32. Every entry is N(0, 1): in the NTK parametrisation the
    variances C_W / fan_in and C_b are factors of the network, not of the weights.
    """
    sizes = [inputs, *[width] * network.depth, outputs]
    return [
        (generator.standard_normal((fan_in, units), np.float32), generator.standard_normal(units, np.float32))
        for fan_in, units in pairwise(sizes)
    ]


def stacked(members: list[Weights]) -> Weights:
    """The members' pairs (W, b), layer by layer, stacked along a leading axis."""
    return [
        (np.stack([weight for weight, _ in layer]), np.stack([bias for _, bias in layer]))
        for layer in zip(*members, strict=True)
    ]


def forward(network: MLP, weights: Weights, x: np.ndarray) -> np.ndarray:
    """Outputs (n, C) in float64 of the network with these weights, in NTK parametrisation, at inputs x (n, d).

    Of the first l pairs of the weights alone they are the preactivations z^l. The output scale multiplies the outputs;
    what a centred network subtracts is in them.
    """
    h = x
    for layer, (weight, bias) in enumerate(weights):
        if layer:
            h = ACTIVATIONS[network.activation](h)
        h = np.sqrt(network.weight_variance / len(weight)) * (h @ weight.astype(float))
        h += np.sqrt(network.bias_variance) * bias
    return h if len(weights) <= network.depth else float(network.output_scale) * h
