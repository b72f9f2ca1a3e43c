"""The linearised network: a member's first-order expansion about its initial weights, after gradient descent.

Its kernel Theta = J J' stays that of initialisation, so k steps of size eta have a closed form: with r_0 = f_0 - Y on
the training set, S = eta Theta / N and q(S) = sum_{i<k} (1 - S)^i, outputs anywhere become
f_0 - (eta / N) J_* J' q(S) r_0 (Lee et al., arXiv 1902.06720). Theta has (N C)^2 entries for C outputs, so it is never
formed: q is a polynomial, applied by products with Theta alone, in Chebyshev form some sqrt(k) of them (chebyshev.py).
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from keras import ops

from replication.finite_width.backends import backend
from replication.finite_width.chebyshev import descent_series
from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import Data, EnsembleLosses
from replication.finite_width.layers import ACTIVATIONS, SLOPES
from replication.finite_width.parametrisation import kernel_rates, output_scale
from replication.finite_width.training import OnProgress, check_descent, on_every_slot, stacked
from replication.network import Weights
from replication.settings.network import MLP
from replication.settings.training import Training


class Features(NamedTuple):
    """A stack of networks at initialisation, evaluated at some points.

    inputs: h of every layer, (points, d), then (members, points, width); slopes: phi'(z) of the hidden layers;
    outputs: (members, points, C).
    """

    inputs: list
    slopes: list
    outputs: object


def linearise(
    spec: MLP,
    training: Training,
    weights_of_members: list[Weights],
    data: Data,
    learning_rate: float,
    placement: Placement,
    on_progress: OnProgress = lambda member_steps: None,
) -> EnsembleLosses:
    """Losses of the linearised members after `training.steps` steps of full-batch gradient descent.

    Arguments, units and errors as those of `train`; progress is told member by member. The series is cut where what is
    left of it is below the rounding of float32.
    """
    coefficients = ops.convert_to_tensor(descent_series(training.steps), "float32")
    tensors = Data(*(ops.convert_to_tensor(array, "float32") for array in data))
    step = ops.convert_to_tensor(learning_rate / len(data.x), "float32")

    def losses_of(slot: str, members: list[Weights]) -> list[np.ndarray]:
        with backend().on(slot):
            weights = [[ops.convert_to_tensor(array) for array in layer] for layer in stacked(members)]
            losses = _program(spec, training)(weights, tensors, coefficients, step)
            initial_loss, training_loss, test_loss = map(ops.convert_to_numpy, losses)
        check_descent(training_loss, initial_loss, training.steps)
        on_progress(training.steps * len(members))
        return [training_loss, test_loss]

    return on_every_slot(losses_of, weights_of_members, placement)


@functools.lru_cache(maxsize=8)
def _program(spec: MLP, training: Training):
    """Compiled losses at initialisation, of training and of test after training, one per member each."""

    def losses(weights, data, coefficients, step):
        width, inputs = weights[0][0].shape[2], data.x.shape[1]
        scale = output_scale(training.parametrisation, width)
        rates = kernel_rates(spec, training.parametrisation, inputs, width)
        at_training, at_test = (features(spec, weights, points) for points in (data.x, data.test_x))
        residual = scale * at_training.outputs - data.y
        product = TangentKernel(spec, weights, rates, at_training)
        solution = step * _series(lambda vector: vector - step * product(vector, at_training), residual, coefficients)
        trained = residual - product(solution, at_training)
        tested = scale * at_test.outputs - product(solution, at_test) - data.test_y
        return [_half_mean_square(errors) for errors in (residual, trained, tested)]

    return backend().compiled(losses)


def features(spec: MLP, weights: Weights, x) -> Features:
    """Evaluate the stacked networks at x (points, d)."""
    inputs, slopes = [x], []
    for place, (weight, bias) in enumerate(weights):
        z = ops.matmul(inputs[-1], math.sqrt(spec.weight_variance / weight.shape[1]) * weight)
        z = z + math.sqrt(spec.bias_variance) * ops.expand_dims(bias, 1)
        if place + 1 < len(weights):
            inputs.append(ACTIVATIONS[spec.activation](z))
            slopes.append(SLOPES[spec.activation](z))
    return Features(inputs, slopes, z)


class TangentKernel:
    """Products of the empirical neural tangent kernel between any points and the training points with vectors.

    J' v is a backward pass, J of it a forward one. A layer whose inputs are h and whose backward signal is b moves its
    weights by h' b, which moves its preactivations by C_W / fan_in h_* h' b: through the Gram matrix h_* h' where the
    training points are fewer than twice the fan-in, from right to left where they are not.
    """

    def __init__(self, spec: MLP, weights: Weights, rates, at_training: Features):
        self.spec, self.rates, self.at_training = spec, rates, at_training
        self.weights = [math.sqrt(spec.weight_variance / weight.shape[1]) * weight for weight, _ in weights]
        self.grams = {}

    def __call__(self, vector, at: Features):
        """Theta(points of `at`, training points) vector, (members, points, C), for vector (members, N, C)."""
        signals = [vector]
        for weight, slope in zip(self.weights[:0:-1], self.at_training.slopes[::-1], strict=True):
            signals.insert(0, slope * ops.matmul(signals[0], ops.swapaxes(weight, 1, 2)))
        change = None
        for layer, signal in enumerate(signals):
            moved = self._moved(layer, signal, at)
            if change is not None:
                moved = moved + ops.matmul(at.slopes[layer - 1] * change, self.weights[layer])
            change = moved
        return change

    def _moved(self, layer, signal, at: Features):
        """Change of a layer's preactivations by its own weights and biases."""
        here, there = at.inputs[layer], self.at_training.inputs[layer]
        fan_in, points = there.shape[-1], there.shape[-2]
        factor = self.rates[layer].weight * self.spec.weight_variance / fan_in
        if points < 2 * fan_in:
            key = layer, id(at)
            if key not in self.grams:  # outside the loop over the series, once for each set of points
                self.grams[key] = factor * ops.matmul(here, ops.swapaxes(there, -1, -2))
            moved = ops.matmul(self.grams[key], signal)
        else:
            moved = ops.matmul(here, factor * ops.matmul(ops.swapaxes(there, -1, -2), signal))
        if self.spec.bias_variance:
            bias = self.rates[layer].bias * self.spec.bias_variance
            moved = moved + bias * ops.sum(signal, axis=1, keepdims=True)
        return moved


def _series(apply, vector, coefficients):
    """sum_j c_j T_j(t) vector by T_{j+1} = 2 t T_j - T_{j-1}, where apply(v) = t v."""
    first = apply(vector)
    total = coefficients[0] * vector + coefficients[1] * first

    def step(place, carry):
        before, now, total = carry
        following = 2 * apply(now) - before
        return now, following, total + ops.take(coefficients, place) * following

    return ops.fori_loop(2, coefficients.shape[0], step, (vector, first, total))[2]


def _half_mean_square(errors):
    return ops.sum(ops.square(errors), axis=(1, 2)) / (2 * errors.shape[1])
