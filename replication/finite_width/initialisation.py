"""Initial weights of one member."""

from itertools import pairwise

import numpy as np

from replication.settings import MLPSpec

Weights = list[tuple[np.ndarray, np.ndarray]]


def initial_weights(spec: MLPSpec, inputs: int, width: int, outputs: int, generator: np.random.Generator) -> Weights:
    """Weights and biases of one member: one pair (W, b) a layer, from the input to the read-out.

    W has shape (fan_in, units) and b (units,), float32. Every entry is N(0, 1): in the NTK parametrisation the
    variances C_W / fan_in and C_b are factors of the network, not of the weights.
    """
    sizes = [inputs, *[width] * spec.depth, outputs]
    return [
        (generator.standard_normal((fan_in, units), np.float32), generator.standard_normal(units, np.float32))
        for fan_in, units in pairwise(sizes)
    ]
