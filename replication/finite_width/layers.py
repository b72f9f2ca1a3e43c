"""The multilayer perceptron in NTK parametrisation as Keras layers, for a stack of members trained side by side."""

import math
from typing import NamedTuple

import keras
from keras import ops

from replication.settings.network import MLP

ACTIVATIONS = {"relu": ops.relu, "erf": ops.erf}
SLOPES = {
    "relu": lambda z: ops.cast(z > 0, z.dtype),
    "erf": lambda z: 2 / math.sqrt(math.pi) * ops.exp(-ops.square(z)),
}


class Shape(NamedTuple):
    """Sizes of a stack: how many members, their input dimension, the width of their hidden layers, their outputs."""

    members: int
    inputs: int
    width: int
    outputs: int


class StackedDense(keras.layers.Layer):
    """z = sqrt(C_W / fan_in) h W + sqrt(C_b) b for every member.

    W is (members, fan_in, units) and b (members, units). h is (members, points, fan_in), or (points, fan_in) where all
    members see the same; z is (members, points, units).
    """

    def __init__(self, spec: MLP, members: int, fan_in: int, units: int):
        super().__init__()
        self.weight_scale = math.sqrt(spec.weight_variance / fan_in)
        self.bias_scale = math.sqrt(spec.bias_variance)
        self.weight = self.add_weight(shape=(members, fan_in, units), initializer="zeros", name="weight")
        self.bias = self.add_weight(shape=(members, units), initializer="zeros", name="bias")
        self.built = True  # every variable exists by now

    def call(self, h):
        """Preactivations z."""
        # the scale goes to the weights, which are fewer than the preactivations
        z = ops.matmul(h, self.weight_scale * self.weight)
        # at C_b = 0 the bias neither acts nor learns: spare the passes over z
        return z + self.bias_scale * ops.expand_dims(self.bias, 1) if self.bias_scale else z


class StackedDualDense(keras.layers.Layer):
    """The first layer while it is trained on inputs X (N, d), in dual variables: z = z0 + K A.

    Gradient descent moves W and b along the training inputs only: W = W0 + sqrt(C_W / d) X^T A and
    b = b0 + sqrt(C_b) sum_a A_a, where a step of size eta takes A (members, N, units), zero at first, to A - eta dL/dz.
    So the layer needs no X, just the kernel K = C_W X' X^T / d + C_b of the points X' it is evaluated at, (points, N),
    and the preactivations z0 there at initialisation, (members, points, units). The gradient declared for A is dL/dz:
    plain gradient descent on A is then gradient descent on W and b, at one product a step instead of two with X.
    """

    def __init__(self, members: int, training_size: int, units: int):
        super().__init__()
        self.coefficients = self.add_weight(
            shape=(members, training_size, units), initializer="zeros", name="coefficients"
        )

    def call(self, kernel_and_start):
        """Preactivations z from the pair (K, z0)."""
        kernel, start = kernel_and_start

        @ops.custom_gradient
        def preactivations(coefficients):
            # true on the training set, the only place where a gradient is taken
            return start + ops.matmul(kernel, coefficients), lambda upstream: upstream

        return preactivations(ops.convert_to_tensor(self.coefficients))


class StackedMLP(keras.layers.Layer):
    """z^1 from the first layer, then z^l = sqrt(C_W / width) phi(z^(l-1)) W^l + sqrt(C_b) b^l up to the read-out.

    The first layer is in dual variables where `dual_size`, the number of training points, is given. Called on what that
    layer is called on; returns (members, points, outputs), multiplied by `output_scale`. The arrays of
    `trainable_variables` are those of the first layer, then W and b of every other.
    """

    def __init__(self, spec: MLP, shape: Shape, dual_size: int | None = None, output_scale: float = 1.0):
        super().__init__()
        members, inputs, width, outputs = shape
        self.activation = ACTIVATIONS[spec.activation]
        self.output_scale = output_scale
        if dual_size:
            self.first = StackedDualDense(members, dual_size, width)
        else:
            self.first = StackedDense(spec, members, inputs, width)
        units = [width] * (spec.depth - 1) + [outputs]
        self.later_layers = [StackedDense(spec, members, width, size) for size in units]
        self.built = True

    def call(self, inputs):
        """Outputs of every member."""
        z = self.first(inputs)
        for layer in self.later_layers:
            z = layer(self.activation(z))
        return z if self.output_scale == 1 else self.output_scale * z
