"""Draws of single neurons, and probes of the initial function."""

import math
from typing import NamedTuple

import numpy as np

from replication.finite_width.numpy_activations import ACTIVATIONS, SLOPES
from replication.perturbation.limit import Limit


class Neurons(NamedTuple):
    """m neurons at N training and N_T test points: features sqrt(C_W) phi(z) and slopes sqrt(C_W) phi'(z)."""

    features: np.ndarray
    slopes: np.ndarray
    test_features: np.ndarray
    test_slopes: np.ndarray

    @classmethod
    def draw(cls, limit: Limit, count: int, rng: np.random.Generator) -> "Neurons":
        """`count` neurons, (N or N_T, count); z = sqrt(C_W / d) w.x + sqrt(C_b) b with w, b standard normal."""
        spec, inputs = limit.spec, limit.inputs
        dimension = inputs.x.shape[1]
        weights = rng.standard_normal((dimension, count)) * math.sqrt(spec.weight_variance / dimension)
        biases = rng.standard_normal(count) * math.sqrt(spec.bias_variance)
        scale = math.sqrt(spec.weight_variance)
        parts = []
        for x in (inputs.x, inputs.test_x):
            z = x @ weights + biases
            parts += [scale * ACTIVATIONS[spec.activation](z), scale * SLOPES[spec.activation](z)]
        return cls(*parts)

    def trace(self, form: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """tr(D_g U) of every neuron, (m,), from the `Limit.form` of U."""
        outer = np.einsum("am,am->m", self.test_slopes, form[0] @ self.slopes)
        return outer - np.einsum("am,am->m", self.slopes, form[1] @ self.slopes)

    def at(self, points: np.ndarray) -> "Neurons":
        """The same neurons at the test points `points` alone."""
        return self._replace(test_features=self.test_features[points], test_slopes=self.test_slopes[points])


class Probes(NamedTuple):
    """r draws F of second moment K, for traces over the initial function.

    f: F_X (N, r); left: E[P F | F_X] (N_T, r); pairs: (r, r), weights of the pairs of probes in an average over two
    independent F. With r = N the probes are a basis, and every average over them is exact.
    """

    f: np.ndarray
    left: np.ndarray
    pairs: np.ndarray

    @classmethod
    def draw(cls, root: np.ndarray, partner: np.ndarray, count: int, rng: np.random.Generator) -> "Probes":
        """F_X = R s, P F = S' s with random signs s; `root` is R with R R' = K, `partner` is S with R S = B."""
        size = root.shape[1]
        if count >= size:
            return cls(np.sqrt(size) * root, np.sqrt(size) * partner.T, np.full((size, size), size**-2.0))
        signs = rng.choice([-1.0, 1.0], size=(size, count))
        pairs = (1 - np.eye(count)) / (count * (count - 1))
        return cls(root @ signs, partner.T @ signs, pairs)

    def at(self, points: np.ndarray) -> "Probes":
        """The same probes at the test points `points` alone."""
        return self._replace(left=self.left[points])


def roots(limit: Limit) -> tuple[np.ndarray, np.ndarray]:
    """R (N, N) with R R' = K and S (N, N_T) with R S = B, also where K has not full rank."""
    eigenvalues, modes = np.linalg.eigh(limit.inputs.training.nngp)
    kept = eigenvalues > len(eigenvalues) * np.finfo(float).eps * eigenvalues[-1]
    scales = np.sqrt(eigenvalues[kept])
    return modes[:, kept] * scales, (modes[:, kept] / scales).T @ limit.reach
