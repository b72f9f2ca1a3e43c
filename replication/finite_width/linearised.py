"""The linearised network: a member's first-order expansion about its initial weights, after gradient descent.

Its kernel Theta = J J' stays that of initialisation, so k steps of size eta have a closed form: with r_0 = f_0 - Y on
the training set, S = eta Theta / N and q(S) = sum_{i<k} (1 - S)^i, outputs anywhere become
f_0 - (eta / N) J_* J' q(S) r_0 (Lee et al., arXiv 1902.06720); momentum has a q of its own. Theta has (N C)^2 entries
for C outputs, so it is never formed: q is a polynomial, applied by products with Theta alone, in Chebyshev form some
sqrt(k) of them (chebyshev.py).
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from keras import ops

from replication.finite_width.backends import backend
from replication.finite_width.chebyshev import descent_series
from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import Data, EnsembleLosses
from replication.finite_width.layers import ACTIVATIONS, SLOPES, Factors, Tensor, dense, factors_of, scalar
from replication.finite_width.parametrisation import kernel_rates
from replication.finite_width.programs import half_share
from replication.finite_width.stacks import StackLosses, on_every_device
from replication.finite_width.training import OnProgress, check_descent
from replication.network import Weights
from replication.settings.network import MLP
from replication.settings.training import Training

Layers = list[list[Tensor]]


class Features(NamedTuple):
    """A stack of networks at initialisation, evaluated at some points.

    inputs: h of every layer, (points, d), then (members, points, width); slopes: phi'(z) of the hidden layers;
    outputs: (members, points, C).
    """

    inputs: list[Tensor]
    slopes: list[Tensor]
    outputs: Tensor


class Share(NamedTuple):
    """What a layer adds to the kernel: `weight` h_* h' + `bias`, two float32 scalars."""

    weight: Tensor
    bias: Tensor


def linearise(
    network: MLP,
    training: Training,
    weights_of_members: list[Weights],
    data: Data,
    learning_rate: float,
    placement: Placement,
    on_progress: OnProgress = lambda member_steps: None,
) -> EnsembleLosses:
    """Losses of the linearised members after `training.steps` steps on all points, of gradient descent or momentum.

    Arguments, units and errors as those of `train`; progress is told stack by stack. The series is cut where what is
    left of it is below the rounding of float32.
    """
    inputs, width = weights_of_members[0][0][0].shape
    coefficients = ops.convert_to_tensor(descent_series(training.steps, training.momenta), "float32")
    tensors = Data(*(ops.convert_to_tensor(array, "float32") for array in data))
    factors = factors_of(network, training.parametrisation, inputs, width).tensors()
    shares = _shares(network, training, inputs, width)
    step, half_shares = scalar(learning_rate / len(data.x)), [half_share(len(x)) for x in (data.x, data.test_x)]
    program = _program(
        network.model_copy(update={"output_scale": 1.0}),
        tuple(len(data.x) < 2 * size for size in (inputs, *[width] * network.depth)),
    )

    def losses_of(device: str, weights: Weights) -> StackLosses:
        with backend().on(device):
            layers = [[ops.convert_to_tensor(array) for array in layer] for layer in weights]
            losses = program(factors, shares, layers, tensors, half_shares, coefficients, step)
            initial_loss, training_loss, test_loss = map(ops.convert_to_numpy, losses)
        check_descent(training_loss, initial_loss, training.steps)
        on_progress(training.steps * len(training_loss))
        return training_loss, test_loss, np.full_like(test_loss, np.nan)

    return on_every_device(losses_of, weights_of_members, placement)


def _shares(network: MLP, training: Training, inputs: int, width: int) -> list[Share]:
    rates, square = kernel_rates(network, training.parametrisation, inputs, width), float(network.output_scale) ** 2
    return [
        Share(
            scalar(square * rate.weight * network.weight_variance / fan_in),
            scalar(square * rate.bias * network.bias_variance),
        )
        for rate, fan_in in zip(rates, (inputs, *[width] * network.depth), strict=True)
    ]


@functools.lru_cache(maxsize=64)
def _program(network: MLP, by_gram: tuple[bool, ...]) -> Callable[..., list[Tensor]]:
    """Compiled losses at initialisation, of training and of test after training, one per member each."""

    def losses(
        factors: Factors, shares: list[Share], layers: Layers, data: Data, half_shares: list[Tensor],
        coefficients: Tensor, step: Tensor,
    ) -> list[Tensor]:  # fmt: skip
        at_training, at_test = (features(network, factors, layers, points) for points in (data.x, data.test_x))
        start, test_start = (0.0 if network.centred else factors.output * at.outputs for at in (at_training, at_test))
        residual = start - ops.broadcast_to(data.y, ops.shape(at_training.outputs))
        product = TangentKernel(network, factors, shares, layers, at_training, by_gram)
        solution = step * _series(lambda vector: vector - step * product(vector, at_training), residual, coefficients)
        trained = residual - product(solution, at_training)
        tested = test_start - product(solution, at_test) - data.test_y
        points = zip((residual, trained, tested), (half_shares[0], *half_shares), strict=True)
        return [factor * ops.sum(ops.square(errors), axis=(1, 2)) for errors, factor in points]

    return backend().compiled(losses)


def features(network: MLP, factors: Factors, layers: Layers, x: Tensor) -> Features:
    """Evaluate the stacked networks, W and b of every layer, at x (points, d)."""
    z = dense(network, factors.weights[0], layers[0], x)
    inputs, slopes = [x], []
    for factor, layer in zip(factors.weights[1:], layers[1:], strict=True):
        inputs.append(ACTIVATIONS[network.activation](z))
        slopes.append(SLOPES[network.activation](z))
        z = dense(network, factor, layer, inputs[-1])
    return Features(inputs, slopes, z)


class TangentKernel:
    """Products of the empirical neural tangent kernel between any points and the training points with vectors.

    J' v is a backward pass, J of it a forward one. A layer whose inputs are h and whose backward signal is b moves its
    weights by h' b, which moves its preactivations by C_W / fan_in h_* h' b: through the Gram matrix h_* h' where the
    training points are fewer than twice the fan-in (`by_gram`), from right to left where they are not.
    """

    def __init__(
        self, network: MLP, factors: Factors, shares: list[Share], layers: Layers, at_training: Features,
        by_gram: tuple[bool, ...],
    ) -> None:  # fmt: skip
        self.network, self.shares, self.at_training, self.by_gram = network, shares, at_training, by_gram
        self.weights = [factor * layer[0] for factor, layer in zip(factors.weights, layers, strict=True)]
        self.grams: dict[tuple[int, int], Tensor] = {}

    def __call__(self, vector: Tensor, at: Features) -> Tensor:
        """Theta(points of `at`, training points) vector, (members, points, C), for vector (members, N, C)."""
        signals = [vector]
        for weight, slope in zip(self.weights[:0:-1], self.at_training.slopes[::-1], strict=True):
            signals.insert(0, slope * ops.matmul(signals[0], ops.swapaxes(weight, 1, 2)))
        change = self._moved(0, signals[0], at)
        for layer, signal in enumerate(signals[1:], start=1):
            passed_on = ops.matmul(at.slopes[layer - 1] * change, self.weights[layer])
            change = self._moved(layer, signal, at) + passed_on
        return change

    def _moved(self, layer: int, signal: Tensor, at: Features) -> Tensor:
        """Change of a layer's preactivations by its own weights and biases."""
        inputs, of_training, share = at.inputs[layer], self.at_training.inputs[layer], self.shares[layer]
        if self.by_gram[layer]:
            key = layer, id(at)
            if key not in self.grams:  # outside the loop over the series, once for each set of points
                self.grams[key] = share.weight * ops.matmul(inputs, ops.swapaxes(of_training, -1, -2))
            moved = ops.matmul(self.grams[key], signal)
        else:
            moved = ops.matmul(inputs, share.weight * ops.matmul(ops.swapaxes(of_training, -1, -2), signal))
        if self.network.bias_variance:
            moved = moved + share.bias * ops.sum(signal, axis=1, keepdims=True)
        return moved


def _series(apply: Callable[[Tensor], Tensor], vector: Tensor, coefficients: Tensor) -> Tensor:
    """sum_j c_j T_j(t) vector by T_{j+1} = 2 t T_j - T_{j-1}, where apply(v) = t v."""
    first = apply(vector)
    total = coefficients[0] * vector + coefficients[1] * first

    def step(index: Tensor, carry: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        before, now, total = carry
        following = 2 * apply(now) - before
        return now, following, total + ops.take(coefficients, index) * following

    return ops.fori_loop(2, ops.shape(coefficients)[0], step, (vector, first, total))[2]
