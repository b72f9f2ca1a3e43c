"""Depth 2 and more: the first-order part of c from kernels sampled at a moderate width. An estimate, not a theory.

With several hidden layers the kernel is no sum over independent neurons, so there is no Monte Carlo over single ones.
But the first-order change of E_F[2 N_T L], over the initial functions F of infinite width, is linear in a network's own
kernels: with Theta' and K' those of a random network of width n',

    I = g^2 (tr P K' P' - 2 sum_i tr D_ii B) + 2 <delta, D Y>,    D = (Theta'_* - T Theta') Theta^-1,

and n' Var[I] / (2 N_T mu_L)^2 is c's first-order part but for corrections of order 1/n', which the dependence on n'
shows. K' counts each neuron of the last layer with its |v|^2, as for one hidden layer, where the estimate is exact at
any n'. What is left out: the second order in the kernel, and what the initial function shares with the kernel; for one
hidden layer the complete c is 0.5 to 1 of this part.
"""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from replication.finite_width.converged import Members, Network
from replication.infinite_width.closed_form import kernels, nngp, output_scales
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.network import MLP

MEMORY = 2**28  # bytes of one stack of networks


def first_order_by_sampling(
    spec: MLP,
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    widths: Sequence[int] = (64, 128, 256),
    networks: int = 200,
    rng: np.random.Generator | int = 0,
) -> pd.DataFrame:
    """Estimates of c's first-order part, one row for each training size and width n' of the sampled kernels.

    Any depth; arrays as those of `finite_width_correction`. Columns: training_size, width, networks, mean and
    coefficient_of_variation (infinite width), c_first_order, c_first_order_error (from the fourth moment of I).
    """
    rng, scale, spec = np.random.default_rng(rng), math.sqrt(output_scales(spec)[0]), spec.unscaled
    functionals = [_Functional(spec, x[:n], y[:n], test_x, test_y, scale) for n in training_sizes]
    rows: list[dict[str, float]] = []
    for width in widths:
        largest, outputs = max(training_sizes), y.shape[1]
        each = 8 * (len(test_x) + largest) * width * (outputs + 2) * (spec.depth + 1)
        stack = int(np.clip(MEMORY // each, 1, networks))
        values = []
        for start in range(0, networks, stack):
            members = Members.draw(spec, x.shape[1], width, outputs, min(stack, networks - start), rng)
            at_training, at_test = members.evaluate(x[:largest]), members.evaluate(test_x)
            blocks = [_summed_blocks(members, here, at_training) for here in (at_test, at_training)]
            values.append([functional(members, at_training, at_test, *blocks) for functional in functionals])
        for functional, influence in zip(functionals, np.concatenate(values, axis=1), strict=True):
            square = (influence - influence.mean()) ** 2
            variance = influence.var(ddof=1)
            error = np.sqrt(max(square.var(), 0.0) / networks)
            row: dict[str, float] = {"training_size": functional.size, "width": width, "networks": networks}
            row |= {"mean": functional.mean, "coefficient_of_variation": functional.spread}
            scale = width / (2 * len(test_x) * functional.mean) ** 2
            rows.append({**row, "c_first_order": variance * scale, "c_first_order_error": error * scale})
    return pd.DataFrame(rows)


class _Functional:
    """I of random networks, for one training size."""

    def __init__(
        self,
        spec: MLP,
        x: np.ndarray,
        y: np.ndarray,
        test_x: np.ndarray,
        test_y: np.ndarray,
        output_scale: float,
    ) -> None:
        training, cross = kernels(spec, x), kernels(spec, test_x, x)
        self.scale, self.size = output_scale, len(x)
        self.inverse = np.linalg.inv(training.ntk)
        self.transfer = cross.ntk @ self.inverse
        self.reach = cross.nngp.T - training.nngp @ self.transfer.T
        change = self.transfer @ (0.5 * training.nngp @ self.transfer.T - cross.nngp.T)
        covariance = nngp(spec, test_x) + change + change.T
        self.solved = self.inverse @ y
        self.delta = self.transfer @ y - test_y
        mean = self.transfer @ y
        self.mean, _, self.spread = gaussian_moments(mean, output_scale**2 * covariance, test_y)

    def __call__(
        self, members: Members, at_training: Network, at_test: Network, cross: np.ndarray, training: np.ndarray
    ) -> np.ndarray:
        """(members,), from the networks and their kernels summed over outputs, `_summed_blocks`."""
        size, count = self.size, len(at_test.outputs)
        left = at_test.inputs[-1] - self.transfer @ at_training.inputs[-1][:, :size]
        weight = members.weights[-1][0]
        norms = np.sum(weight**2, axis=2) * members.spec.weight_variance / weight.shape[1]
        scatter = np.einsum("man,man,mn->m", left, left, norms)
        change = cross[:, :, :size] - self.transfer @ training[:, :size, :size]
        scatter -= 2 * np.einsum("mab,ba->m", change, self.inverse @ self.reach)
        solved = np.zeros((count, training.shape[1], 1, self.delta.shape[1]))
        solved[:, :size, 0] = self.solved
        moved_test, moved = (members.tangent(at, at_training, solved)[:, :, 0] for at in (at_test, at_training))
        learnt = np.einsum("ai,mai->m", self.delta, moved_test - self.transfer @ moved[:, :size])
        return self.scale**2 * scatter + 2 * learnt


def _summed_blocks(members: Members, here: Network, there: Network) -> np.ndarray:
    """sum_i Theta_ii between two sets of points, (members, points, points)."""
    count, _, outputs = here.outputs.shape
    signals = []
    for at in (here, there):
        points = at.outputs.shape[1]
        basis = np.broadcast_to(np.eye(outputs), (count, points, outputs, outputs))
        signals.append([s.reshape(count, points, -1) for s in members.signals(at, basis)])
    pairs = zip(*signals, strict=True)
    return sum(members.gram(k, here, there) * (a @ b.swapaxes(1, 2)) for k, (a, b) in enumerate(pairs))
