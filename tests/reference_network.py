"""An independent implementation, float64 and NumPy, of the formulas of the MLP, its gradients and its training."""

import math

import numpy as np
from scipy.special import erf

from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import Data
from replication.network import initial_weights
from replication.settings.training import Training

OUTPUTS = 3
RELU = {"activation": "relu", "weight_variance": 2.0, "bias_variance": 0.0}
ERF = {"activation": "erf", "weight_variance": 1.9, "bias_variance": 0.2}
CPU = Placement(("cpu:0", "cpu:0"), "cpu")


def data(inputs=12, training_size=20, test_size=15):
    rng = np.random.default_rng(5)
    points = [(training_size, inputs), (training_size, OUTPUTS), (test_size, inputs), (test_size, OUTPUTS)]
    return Data(*(rng.standard_normal(shape) for shape in points))


def training_of(steps, algorithm="gradient_descent", parametrisation="ntk", batch_size=8, schedule="constant"):
    return Training(
        steps=steps,
        algorithm=algorithm,
        schedule=schedule,
        parametrisation=parametrisation,
        momentum=0.8,
        batch_size=batch_size,
        adam_learning_rate=0.05,
    )


def members_of(spec, inputs, width, members):
    return [initial_weights(spec, inputs, width, OUTPUTS, np.random.default_rng(member)) for member in range(members)]


def doubles(weights):
    return [(weight.astype(float), bias.astype(float)) for weight, bias in weights]


def ntk_scales(spec, weights):
    """Factors of every layer's weights and biases in NTK parametrisation."""
    return [(math.sqrt(spec.weight_variance / len(weight)), math.sqrt(spec.bias_variance)) for weight, _ in weights]


def reference_forward(spec, weights, x, scales=None):
    """Preactivations of every layer; the last are the outputs."""
    phi = erf if spec.activation == "erf" else lambda z: np.maximum(z, 0)
    zs = []
    for layer, ((weight, bias), (a, b)) in enumerate(zip(weights, scales or ntk_scales(spec, weights), strict=True)):
        zs.append(a * (phi(zs[-1]) if layer else x) @ weight + b * bias)
    return zs, phi


def reference_loss(spec, weights, x, y, scales=None):
    return ((reference_forward(spec, weights, x, scales)[0][-1] - y) ** 2).sum() / (2 * len(x))


def reference_gradient(spec, weights, x, y, scales=None):
    return backward(spec, weights, x, (reference_forward(spec, weights, x, scales)[0][-1] - y) / len(x), scales)


def backward(spec, weights, x, delta, scales=None):
    """J' delta for delta (points, outputs), as pairs of weights and biases."""
    scales = scales or ntk_scales(spec, weights)
    zs, phi = reference_forward(spec, weights, x, scales)
    slope = (lambda z: 2 / math.sqrt(math.pi) * np.exp(-(z**2))) if spec.activation == "erf" else lambda z: z > 0
    gradient = []
    for layer in reversed(range(len(weights))):
        a, b = scales[layer]
        gradient.insert(0, (a * (phi(zs[layer - 1]) if layer else x).T @ delta, b * delta.sum(0)))
        if layer:
            delta = a * delta @ weights[layer][0].T * slope(zs[layer - 1])
    return gradient


def reference_training(spec, weights, x, y, learning_rate, steps, scales=None):
    """Plain gradient descent on the weights and biases."""
    weights = doubles(weights)
    for _ in range(steps):
        gradient = reference_gradient(spec, weights, x, y, scales)
        weights = [
            (weight - learning_rate * dweight, bias - learning_rate * dbias)
            for (weight, bias), (dweight, dbias) in zip(weights, gradient, strict=True)
        ]
    return weights
