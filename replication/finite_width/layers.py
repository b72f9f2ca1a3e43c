"""The multilayer perceptron in NTK parametrisation, for a stack of members evaluated side by side.

A member's arrays are W (fan_in, units) and b (units,) of every layer; stacked they carry a leading member axis. What
the sizes of the layers make of the network enters as numbers, `Factors`, so that one compiled program serves every
width, training size and number of members.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from keras import ops

from replication.finite_width.parametrisation import layer_rates, output_factor
from replication.settings.network import MLP
from replication.settings.training import Parametrisation

Tensor = Any  # an array of the backend
T = TypeVar("T")

ACTIVATIONS = {"relu": ops.relu, "erf": ops.erf}
SLOPES = {
    "relu": lambda z: ops.cast(z > 0, z.dtype),
    "erf": lambda z: 2 / math.sqrt(math.pi) * ops.exp(-ops.square(z)),
}


class Factors(NamedTuple):
    """What the sizes of the layers make of a network, numbers or float32 scalars of the backend.

    weights: sqrt(C_W / fan_in) of every layer; output: by which the outputs are multiplied.
    """

    weights: list[Tensor]
    output: Tensor

    def tensors(self) -> "Factors":
        """As inputs of a compiled program, which then serves all sizes; numbers are constants of a program."""
        return Factors([scalar(factor) for factor in self.weights], scalar(self.output))


def trained_arrays(network: MLP, layers: Iterable[Sequence[T]]) -> list[T]:
    """Of pairs (of W, of b), layer by layer, a flat list; at C_b = 0 biases neither act nor learn, and are left out."""
    return [part for layer in layers for part in layer[: _arrays_of_a_layer(network)]]


def factors_of(network: MLP, parametrisation: Parametrisation, inputs: int, width: int) -> Factors:
    """The factors of a network of this input dimension and width, as numbers."""
    fan_ins = [inputs, *[width] * network.depth]
    weights = [math.sqrt(network.weight_variance / fan_in) for fan_in in fan_ins]
    return Factors(weights, float(network.output_scale) * output_factor(parametrisation, width))


def learning_rates(
    network: MLP, parametrisation: Parametrisation, inputs: int, width: int, dual: bool, learning_rate: float
) -> list[Tensor]:
    """The learning rate of every trained array; `dual` as in `outputs`."""
    factors = trained_arrays(network, layer_rates(network, parametrisation, inputs, width))
    if dual:
        factors[: _arrays_of_a_layer(network)] = [1.0]  # those of the first layer are in its kernel
    return [scalar(learning_rate) * factor for factor in factors]


def dense(network: MLP, factor: Tensor, layer: Sequence[Tensor], h: Tensor) -> Tensor:
    """z = sqrt(C_W / fan_in) h W + sqrt(C_b) b, (members, points, units), with the factor of W; layer: W, and b if any.

    h is (members, points, fan_in), or (points, fan_in) where all members see the same.
    """
    # the factor goes to the weights, which are fewer than the preactivations
    z = ops.matmul(h, factor * layer[0])
    return z + math.sqrt(network.bias_variance) * ops.expand_dims(layer[1], 1) if network.bias_variance else z


def dual_dense(coefficients: Tensor, kernel: Tensor, start: Tensor) -> Tensor:
    """The first layer while it is trained on inputs X (N, d), in dual variables: z = z0 + K A.

    Gradient descent moves W and b along the training inputs only: W = W0 + sqrt(C_W / d) X^T A and
    b = b0 + sqrt(C_b) sum_a A_a, where a step of size eta takes A (members, N, units), zero at first, to A - eta dL/dz.
    So the layer needs no X, just the kernel K = C_W X' X^T / d + C_b of the points X' it is evaluated at, (points, N),
    and the preactivations z0 there at initialisation, (members, points, units). The gradient declared for A is dL/dz:
    plain gradient descent on A is then gradient descent on W and b, at one product a step instead of two with X.
    """

    @ops.custom_gradient
    def preactivations(coefficients: Tensor) -> tuple[Tensor, Any]:
        # true on the training set, the only place where a gradient is taken
        return start + ops.matmul(kernel, coefficients), lambda upstream: upstream

    return preactivations(coefficients)


def outputs(network: MLP, factors: Factors, state: list[Tensor], inputs: Any, dual: bool) -> Tensor:
    """Outputs (members, points, C): the last `preactivations` times their factor."""
    return factors.output * preactivations(network, factors, state, inputs, dual)[-1]


def preactivations(network: MLP, factors: Factors, state: list[Tensor], inputs: Any, dual: bool) -> list[Tensor]:
    """z^l = sqrt(C_W / n) phi(z^(l-1)) W^l + sqrt(C_b) b^l of every layer, (members, points, units).

    state: the `trained_arrays`, with the coefficients A in place of the first layer's if it is `dual`. inputs: the
    points (points, d), or the pair (K, z0) of `dual_dense`.
    """
    size = _arrays_of_a_layer(network)
    first = 1 if dual else size
    z = [dual_dense(state[0], *inputs) if dual else dense(network, factors.weights[0], state[:first], inputs)]
    later_layers = [state[start : start + size] for start in range(first, len(state), size)]
    for factor, layer in zip(factors.weights[1:], later_layers, strict=True):
        z.append(dense(network, factor, layer, ACTIVATIONS[network.activation](z[-1])))
    return z


def _arrays_of_a_layer(network: MLP) -> int:
    return 2 if network.bias_variance else 1


def scalar(value: float) -> Tensor:
    """A number as a float32 array without axes."""
    return ops.convert_to_tensor(value, "float32")
