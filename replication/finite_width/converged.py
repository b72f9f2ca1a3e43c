"""Exactly linearised members, trained to convergence: each with its own empirical kernel at initialisation, float64.

A member's outputs to first order in its parameters, f = f_0 + J (parameters - initial ones), after gradient flow on the
squared loss: f_* = f_0* - Theta_* Theta^-1 (f_0X - Y), with Theta = J J' of (N C)^2 entries: all parameters, all blocks
between outputs (Lee et al. 2019, arXiv 1902.06720). With the read-out multiplied by g, Theta takes g^2 and T =
Theta_* Theta^-1 stays, so that 2 N_T L = |g (f_0* - T f_0X) + T Y - Y_*|^2 is a polynomial in g: one solution serves
every output scale, and g = 0 is the network whose f_0 is subtracted.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy import linalg

from replication.errors import ReplicationError
from replication.finite_width.ensemble import Data, EnsembleLosses
from replication.finite_width.numpy_activations import ACTIVATIONS, SLOPES
from replication.infinite_width.closed_form import kernels, output_scales
from replication.network import Weights, stacked
from replication.settings.network import MLP

MEMORY = 2**28  # bytes of one stack of members


class Losses(NamedTuple):
    """Test losses as polynomials of the output scale, L(g) = scatter g^2 + 2 cross g + error; all of one shape.

    scatter: |f_0* - T f_0X|^2 / (2 N_T), of the initial function; error: |T Y - Y_*|^2 / (2 N_T), of what is learnt.
    """

    scatter: np.ndarray
    cross: np.ndarray
    error: np.ndarray

    def at(self, output_scale: float) -> np.ndarray:
        """L at the output scale g; 0 is the network whose initial function is subtracted."""
        return self.scatter * output_scale**2 + 2 * self.cross * output_scale + self.error


class Ensemble(NamedTuple):
    """Test losses of linearised members, and beside them `infinite`: losses of the same f_0 trained at infinite width.

    The latter, |g (f_0* - T f_0X) + T Y - Y_*|^2 / (2 N_T) with T of infinite width, have exactly known moments
    (`control_variates`) and take most of the scatter off the difference; None where no T was given.
    """

    losses: Losses
    infinite: Losses | None


class Network(NamedTuple):
    """A stack of networks at some points: inputs h of every layer, slopes phi'(z) of the hidden ones, outputs."""

    inputs: list[np.ndarray]
    slopes: list[np.ndarray]
    outputs: np.ndarray


class Members(NamedTuple):
    """A stack of initial networks: weights [(W (members, fan_in, units), b (members, units)), ...], all N(0, 1)."""

    spec: MLP
    weights: list[tuple[np.ndarray, np.ndarray]]

    @classmethod
    def draw(cls, spec: MLP, inputs: int, width: int, outputs: int, count: int, rng: np.random.Generator) -> "Members":
        """`count` members of `width` neurons a layer."""
        units = pairwise([inputs, *[width] * spec.depth, outputs])
        return cls(spec, [(rng.standard_normal((count, a, b)), rng.standard_normal((count, b))) for a, b in units])

    def evaluate(self, x: np.ndarray) -> Network:
        """The networks at x (points, d), in NTK parametrisation."""
        inputs, slopes = [x], []
        for place, (weight, bias) in enumerate(self.weights):
            z = math.sqrt(self.spec.weight_variance / weight.shape[1]) * inputs[-1] @ weight
            z += math.sqrt(self.spec.bias_variance) * bias[:, None]
            if place < self.spec.depth:
                inputs.append(ACTIVATIONS[self.spec.activation](z))
                slopes.append(SLOPES[self.spec.activation](z))
        return Network(inputs, slopes, z)

    def signals(self, at: Network, upstream: np.ndarray) -> list[np.ndarray]:
        """J' of `upstream` (members, points, k, C), layer by layer: derivatives by preactivations, (..., units)."""
        signals = [upstream]
        for (weight, _), slope in zip(self.weights[:0:-1], at.slopes[::-1], strict=True):
            back = (
                signals[0] @ (math.sqrt(self.spec.weight_variance / weight.shape[1]) * weight.swapaxes(1, 2))[:, None]
            )
            back *= slope[:, :, None]
            signals.insert(0, back)
        return signals

    def gram(self, layer: int, here: Network, there: Network) -> np.ndarray:
        """What a unit step of every weight and bias of `layer` does: C_W / fan_in h h' + C_b, (..., points, points)."""
        h, h2 = here.inputs[layer], there.inputs[layer]
        return self.spec.weight_variance / h.shape[-1] * h @ h2.swapaxes(-1, -2) + self.spec.bias_variance

    def kernel(self, at: Network) -> np.ndarray:
        """Theta = J J', (members, points C, points C), the outputs of a point side by side."""
        members, points, outputs = at.outputs.shape
        basis = np.broadcast_to(np.eye(outputs), (members, points, outputs, outputs))
        total = np.zeros((members, points, outputs, points, outputs))
        for layer, signal in enumerate(self.signals(at, basis)):
            rows = signal.reshape(members, points * outputs, -1)
            blocks = (rows @ rows.swapaxes(1, 2)).reshape(members, points, outputs, points, outputs)
            blocks *= np.broadcast_to(self.gram(layer, at, at), (members, points, points))[:, :, None, :, None]
            total += blocks
        return total.reshape(members, points * outputs, points * outputs)

    def tangent(self, here: Network, there: Network, vectors: np.ndarray) -> np.ndarray:
        """Theta(here, there) vectors, (members, points here, k, C), for vectors (members, points there, k, C)."""
        change: np.ndarray = np.empty(0)  # of the layer's outputs; the first layer has none before it
        for layer, signal in enumerate(self.signals(there, vectors)):
            members, points, kinds, units = signal.shape
            moved = self.gram(layer, here, there) @ signal.reshape(members, points, kinds * units)
            moved = moved.reshape(members, -1, kinds, units)
            if layer > 0:
                weight = self.weights[layer][0]
                scale = math.sqrt(self.spec.weight_variance / weight.shape[1])
                moved += (here.slopes[layer - 1][:, :, None] * change) @ (scale * weight)[:, None]
            change = moved
        return change


def linearised_losses(
    spec: MLP,
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    width: int,
    members: int,
    rng: np.random.Generator,
) -> Ensemble:
    """Test losses of `members` linearised networks of `width` neurons a layer, arrays (sizes, members).

    x (N, d), y (N, C), test_x (N_T, d), test_y (N_T, C). The training set of size n is the first n points; members are
    the same at every size. A kernel that is singular (fewer parameters than N C) is a ReplicationError.
    """
    largest, outputs = max(training_sizes), y.shape[1]
    stack = min(_stack_size(spec, x.shape[1], width, largest, len(test_x), outputs), members)
    ntk, cross = (kernels(spec, x[:largest], points).ntk for points in (None, test_x))
    transfers = [linalg.solve(ntk[:n, :n], cross[:n], assume_a="pos").T for n in training_sizes]
    stacks = []
    for start in range(0, members, stack):
        count = min(stack, members - start)
        drawn = Members.draw(spec, x.shape[1], width, outputs, count, rng)
        stacks.append(losses_of(drawn, x[:largest], y[:largest], test_x, test_y, training_sizes, transfers))
    finite, infinite = zip(*stacks, strict=True)
    return Ensemble(*(Losses(*np.concatenate(part, axis=2)) for part in (finite, infinite)))


def converge(network: MLP, weights_of_members: list[Weights], data: Data) -> EnsembleLosses:
    """Losses of the linearised members with these initial weights after training to convergence, in float64.

    Their training loss is zero. Errors as of `linearised_losses`.
    """
    scale = math.sqrt(output_scales(network)[0])
    x, y, test_x, test_y = (np.asarray(array, np.float64) for array in data)
    stack = _stack_size(network, x.shape[1], weights_of_members[0][0][0].shape[1], len(x), len(test_x), y.shape[1])
    losses = []
    for start in range(0, len(weights_of_members), stack):
        weights = stacked(weights_of_members[start : start + stack])
        members = Members(network, [(weight.astype(float), bias.astype(float)) for weight, bias in weights])
        losses.append(losses_of(members, x, y, test_x, test_y, [len(x)]).losses.at(scale)[0])
    test_loss = np.concatenate(losses)
    return EnsembleLosses(np.zeros_like(test_loss), test_loss, np.full_like(test_loss, np.nan))


def losses_of(
    members: Members,
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    transfers: Sequence[np.ndarray] | None = None,
) -> Ensemble:
    """Losses of the given members; as `linearised_losses`, with T of infinite width of every size as `transfers`."""
    at_training, at_test = members.evaluate(x), members.evaluate(test_x)
    kernel = members.kernel(at_training)
    count, points, outputs = at_training.outputs.shape
    targets = np.stack([at_training.outputs, np.broadcast_to(y, at_training.outputs.shape)], axis=2)
    finite, infinite = [], []
    for place, size in enumerate(training_sizes):
        block = kernel[:, : size * outputs, : size * outputs]
        wanted = targets[:, :size].swapaxes(2, 3).reshape(count, size * outputs, 2)
        solution = np.zeros((count, points, 2, outputs))
        solution[:, :size] = _solve(block, wanted).reshape(count, size, outputs, 2).swapaxes(2, 3)
        learnt = members.tangent(at_test, at_training, solution)
        finite.append(_polynomial(at_test.outputs - learnt[:, :, 0], learnt[:, :, 1] - test_y))
        if transfers is not None:
            transfer = transfers[place]
            left = at_test.outputs - transfer @ at_training.outputs[:, :size]
            infinite.append(_polynomial(left, np.broadcast_to(transfer @ y[:size] - test_y, left.shape)))
    return Ensemble(_stacked(finite), _stacked(infinite) if infinite else None)


def _stack_size(spec: MLP, inputs: int, width: int, points: int, test_points: int, outputs: int) -> int:
    """How many members fit into MEMORY, at least one."""
    each = 8 * ((points * outputs) ** 2 + (test_points + points * outputs) * width * (spec.depth + 3))
    each += 8 * width * (inputs + width * (spec.depth - 1))
    return max(MEMORY // each, 1)


def _stacked(rows: list[Losses]) -> Losses:
    """A row for each training size."""
    return Losses(*map(np.stack, zip(*rows, strict=True)))


def _polynomial(scatter: np.ndarray, error: np.ndarray) -> Losses:
    """Of residuals g scatter + error, (members, N_T, C) each."""
    pairs = ((scatter, scatter), (scatter, error), (error, error))
    return Losses(*(np.einsum("mai,mai->m", a, b) / (2 * scatter.shape[1]) for a, b in pairs))


def _solve(kernel: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    try:
        factor = np.linalg.cholesky(kernel)
    except np.linalg.LinAlgError:
        problem = f"the kernel of a linearised member at {kernel.shape[-1]} outputs is singular"
        raise ReplicationError(problem, "widen the network, or drop repeated points") from None
    return np.linalg.solve(factor.swapaxes(1, 2), np.linalg.solve(factor, wanted))
