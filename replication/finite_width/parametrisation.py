"""Parametrisations of the same network, as learning rates of its layers and a factor of its outputs.

In the NTK parametrisation z = sqrt(C_W / fan_in) h W + sqrt(C_b) b with W, b ~ N(0, 1), gradient descent on a weight w
of another parametrisation, w = s W, is gradient descent on W with the learning rate multiplied by 1 / s^2:

- standard: w ~ N(0, C_W / fan_in) and b ~ N(0, C_b) themselves are trained: layers learn at fan_in / C_W and 1 / C_b;
- mu-parametrisation: outputs over sqrt(width), all rates times the width (Yang and Hu, arXiv 2011.14522): the kernel at
  initialisation is the same, the outputs there vanish, and features move by as much at any width.
"""

import math
from typing import NamedTuple

from replication.settings.network import MLP
from replication.settings.training import Parametrisation


class Rates(NamedTuple):
    """Factors of the learning rate of one layer's weights and biases."""

    weight: float
    bias: float


def layer_rates(spec: MLP, parametrisation: Parametrisation, inputs: int, width: int) -> list[Rates]:
    """Factors of the learning rate in NTK parametrisation, from the first layer to the read-out.

    A bias of variance zero does not act, in any parametrisation.
    """
    if parametrisation == "standard":
        bias = 1 / spec.bias_variance if spec.bias_variance else 1.0
        return [Rates(fan_in / spec.weight_variance, bias) for fan_in in (inputs, *[width] * spec.depth)]
    return [Rates(*[float(width) if parametrisation == "mup" else 1.0] * 2)] * (spec.depth + 1)


def output_factor(parametrisation: Parametrisation, width: int) -> float:
    """Factor of the outputs, beside the network's own output scale."""
    return 1 / math.sqrt(width) if parametrisation == "mup" else 1.0


def kernel_rates(spec: MLP, parametrisation: Parametrisation, inputs: int, width: int) -> list[Rates]:
    """Factors of each layer's share of the neural tangent kernel: its rate times the `output_factor` squared."""
    scale = output_factor(parametrisation, width) ** 2
    return [Rates(scale * weight, scale * bias) for weight, bias in layer_rates(spec, parametrisation, inputs, width)]
