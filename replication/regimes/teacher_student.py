"""Teachers of arXiv 2102.06701: random finite networks on inputs that are uniform in a cube of d dimensions."""

import numpy as np
from scipy.special import erf

from replication.finite_width.initialisation import Weights
from replication.settings import MLPSpec

ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "erf": erf}


def cube(points: int, dimension: int, stream: np.random.Generator) -> np.ndarray:
    """Inputs (points, dimension) uniform in [-1, 1]^d; the first n are the same whatever the number of points."""
    return stream.uniform(-1, 1, (points, dimension))


def outputs(spec: MLPSpec, weights: Weights, x: np.ndarray) -> np.ndarray:
    """Outputs (n, C) in float64 of the network with these weights, in NTK parametrisation, at inputs x (n, d)."""
    h = x
    for layer, (weight, bias) in enumerate(weights):
        if layer:
            h = ACTIVATIONS[spec.activation](h)
        h = np.sqrt(spec.weight_variance / len(weight)) * (h @ weight.astype(float))
        h += np.sqrt(spec.bias_variance) * bias
    return h
