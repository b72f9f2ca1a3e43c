"""Cheap functionals of single neurons whose means are known: control variates of the Monte Carlo over neurons.

Five numbers a neuron, all of first order: |P phi|^2, tr(D_e B), tr(D_g B), <delta, D_e Y> and <delta, D_g Y>, with the
read-out weights averaged out. Since E D_e = -E D_g = B' Theta^-1 and E |P phi|^2 = tr Sigma without the read-out bias,
their means are exact; those of their products, which explain most of the scatter of c, are estimated from many more
neurons than the terms themselves are evaluated for.
"""

import numpy as np

from replication.perturbation.limit import Limit
from replication.perturbation.neurons import Neurons


class Influences:
    """The functionals for one training set; `means` are theirs, (5,)."""

    def __init__(self, limit: Limit):
        self.limit = limit
        self.solved_y = limit.inverse @ limit.y
        self.solved_reach = limit.inverse @ limit.reach  # Theta^-1 B
        self.bias = limit.left(np.ones(len(limit.delta)), np.ones(len(limit.y)))  # P 1
        self.target_form = limit.form(limit.y @ limit.delta.T)
        trace = np.vdot(limit.reach, self.solved_reach)
        learnt = np.vdot(limit.reach @ limit.delta, self.solved_y)
        self.means = np.array([np.trace(own_covariance(limit)), trace, -trace, learnt, -learnt])

    def __call__(self, neurons: Neurons) -> np.ndarray:
        """Of every neuron, (m, 5)."""
        limit = self.limit
        p = limit.left(neurons.test_features, neurons.features)
        square = np.einsum("am,am->m", p, p)
        trace = np.einsum("am,am->m", neurons.features, self.solved_reach @ p)
        learnt = np.einsum("mo,mo->m", p.T @ limit.delta, neurons.features.T @ self.solved_y)
        if limit.spec.bias_variance:
            trace += limit.spec.bias_variance * np.sum(self.solved_reach @ self.bias)
            learnt += limit.spec.bias_variance * (self.bias @ limit.delta) @ self.solved_y.sum(axis=0)
        hidden = neurons.trace(limit.reach_form), neurons.trace(self.target_form)
        return np.stack([square, trace, hidden[0], learnt, hidden[1]], axis=1)

    def controls(self, neurons: Neurons) -> tuple[np.ndarray, np.ndarray]:
        """Deviations from the means (m, 5), which average to zero, and their products (m, 15), which do not."""
        deviations = self(neurons) - self.means
        first, second = np.triu_indices(deviations.shape[1])
        return deviations, deviations[:, first] * deviations[:, second]


def own_covariance(limit: Limit) -> np.ndarray:
    """Covariance of P f_0 that the neurons carry: Sigma without the read-out bias."""
    if not limit.spec.bias_variance:
        return limit.covariance
    bias = limit.left(np.ones(len(limit.delta)), np.ones(len(limit.y)))
    return limit.covariance - limit.spec.bias_variance * np.outer(bias, bias)
