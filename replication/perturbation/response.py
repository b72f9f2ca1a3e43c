"""What single neurons do to training: the operators D and Q of the expansion, applied to many vectors at a time.

A neuron (w, v) adds I (x) e + v v' (x) g to Theta (over n, its mean subtracted): the read-out weights' part
e = phi phi' - (Theta - C_b) and the hidden weights' part g = phi' phi'' o k_0 (features and slopes hold sqrt(C_W); o is
entry by entry). T becomes T + D - Q, D u = (a_* - T a) Theta^-1 u and Q u = D a Theta^-1 u for a = e or g. With
l_0 = phi, and l_1 = 1 where there are biases, r_0 = Theta^-1 phi, r_1 = C_b Theta^-1 1 and p_k = P l_k:

    e Theta^-1 = sum_k l_k r_k' - I,    D_e = sum_k p_k r_k',

of rank one or two; g has full rank, and D_g is applied by products with k_0, T and Theta^-1.
"""

from functools import cached_property

import numpy as np

from replication.perturbation.limit import Limit
from replication.perturbation.neurons import Neurons, Probes


class Reaction:
    """g Theta^-1 u and D_g u for vectors u: arrays (N, m, j) and (N_T, m, j) of m neurons."""

    def __init__(self, limit: Limit, neurons: Neurons, solved: np.ndarray) -> None:
        """`solved` = Theta^-1 u: (N, j), the same for all neurons, or (N, m, j)."""
        slopes, test_slopes = neurons.slopes[:, :, None], neurons.test_slopes[:, :, None]
        moved = slopes * (solved if solved.ndim == 3 else solved[:, None])
        shape = moved.shape
        moved = moved.reshape(len(moved), -1)
        self.inner = slopes * (limit.inputs.first @ moved).reshape(shape)
        cross = test_slopes * (limit.inputs.first_cross @ moved).reshape(-1, *shape[1:])
        cross -= (limit.transfer @ self.inner.reshape(moved.shape)).reshape(cross.shape)
        self.outer = cross


class Response:
    """The operators of a batch of m neurons, applied to what the terms need.

    p, bases, r: p_k, l_k and r_k for every k, (N_T, m), (N, m) and (N, m). *_inner: g Theta^-1 u, (N, m, ...); the rest
    D_g u, (N_T, m, ...). y, b_delta: of the columns of Y and B delta; own[k], reach[k], spread[k], square[k]: of l_k,
    B p_k, K r_k and B B' r_k; weighted_inner[k]: of B Sigma p_k. back: D_g' of the columns of delta and Sigma delta,
    (N, m, 2 C). f, ff: D_g and Q_gg of the probes, (N_T, m, r). seen[k] = B' r_k, weighted[k] = Sigma p_k.
    """

    def __init__(self, limit: Limit, neurons: Neurons, probes: Probes) -> None:
        self.limit, self.neurons, self.probes = limit, neurons, probes
        ones = np.ones_like(neurons.features)
        biased = limit.spec.bias_variance > 0
        self.bases = [neurons.features] + [ones] * biased
        self.p = [limit.left(neurons.test_features, neurons.features)]
        self.r = [limit.inverse @ neurons.features]
        if biased:
            self.p.append(limit.left(np.ones_like(neurons.test_features), ones))
            self.r.append(limit.spec.bias_variance * (limit.inverse @ ones))
        self._react_to_targets()
        self._react_to_neurons()
        self._react_to_probes()

    def _react_to_targets(self) -> None:
        limit, neurons = self.limit, self.neurons
        outputs = limit.outputs
        columns = np.concatenate([limit.y, limit.reach @ limit.delta], axis=1)
        both = Reaction(limit, neurons, limit.inverse @ columns)
        self.y_inner, self.b_delta_inner = both.inner[..., :outputs], both.inner[..., outputs:]
        self.y_outer, self.b_delta_outer = both.outer[..., :outputs], both.outer[..., outputs:]
        errors = np.concatenate([limit.delta, limit.covariance @ limit.delta], axis=1)
        slopes, test_slopes = neurons.slopes[:, :, None], neurons.test_slopes[:, :, None]
        at_test, at_training = test_slopes * errors[:, None], slopes * (limit.transfer.T @ errors)[:, None]
        shape = at_training.shape
        back = limit.inputs.first_cross.T @ at_test.reshape(len(at_test), -1)
        back -= limit.inputs.first @ at_training.reshape(len(at_training), -1)
        back = slopes * back.reshape(shape)
        self.back = (limit.inverse @ back.reshape(len(back), -1)).reshape(shape)

    def _react_to_neurons(self) -> None:
        limit = self.limit
        self.reached = [limit.reach @ p for p in self.p]  # B p_k
        self.seen = [limit.reach.T @ r for r in self.r]  # B' r_k
        self.weighted = [limit.covariance @ p for p in self.p]  # Sigma p_k
        self.reach_weighted = [limit.reach @ p for p in self.weighted]  # B Sigma p_k
        self.spread_r = [limit.inputs.training.nngp @ r for r in self.r]  # K r_k
        squares = [limit.reach @ s for s in self.seen]
        ranks = len(self.p)
        columns = np.stack([*self.bases, *self.reached, *self.spread_r, *squares, *self.reach_weighted], axis=2)
        shape = columns.shape
        solved = (limit.inverse @ columns.reshape(len(columns), -1)).reshape(shape)
        reaction = Reaction(limit, self.neurons, solved)
        groups = [[reaction.outer[..., place + k] for k in range(ranks)] for place in range(0, 5 * ranks, ranks)]
        self.own, self.reach, self.spread, self.square, _ = groups
        self.reach_inner = [reaction.inner[..., ranks + k] for k in range(ranks)]
        self.weighted_inner = [reaction.inner[..., 4 * ranks + k] for k in range(ranks)]

    def _react_to_probes(self) -> None:
        limit, neurons = self.limit, self.neurons
        first = Reaction(limit, neurons, limit.inverse @ self.probes.f)
        solved = (limit.inverse @ first.inner.reshape(len(first.inner), -1)).reshape(first.inner.shape)
        self.f, self.ff = first.outer, Reaction(limit, neurons, solved).outer

    @cached_property
    def traces(self) -> tuple[np.ndarray, np.ndarray]:
        """tr(D_e B) and tr(D_g B), (m,) each."""
        none = np.zeros(self.neurons.features.shape[1])
        trace_e = sum((dot(r, reached) for r, reached in zip(self.r, self.reached, strict=True)), none)
        return trace_e, self.neurons.trace(self.limit.reach_form)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum over points, and over further columns if there are: (m,) from (points, m) or (points, m, j) twice."""
    return np.einsum("am,am->m", a, b) if a.ndim == 2 else np.einsum("amj,amj->m", a, b)
