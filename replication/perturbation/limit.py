"""What the corrections need of the infinitely wide network with one hidden layer, at one training set.

X are N training, * N_T test inputs. K is the NNGP kernel, Theta the NTK, k_0 = C_W x.x'/d + C_b the kernel of the
first layer, T = Theta_* Theta^-1, and P F = F_* - T F_X what training leaves of a function F. The initial outputs are
F, Gaussian, independent over outputs, of covariance K; B = Cov(F_X, P F), Sigma = Cov(P F).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import linalg

from replication.errors import ReplicationError
from replication.infinite_width.closed_form import Kernels, kernels, nngp
from replication.loss_distribution.moments import Sources, gaussian_sources
from replication.settings.network import MLP

# Above this condition number the second-order terms, which hold Theta^-1 twice, keep too few digits
SINGULAR = 1e12


class Inputs(NamedTuple):
    """Kernels between N training and N_T test points: `training` (N, N), `cross` (N_T, N), test_nngp (N_T, N_T)."""

    spec: MLP
    x: np.ndarray
    test_x: np.ndarray
    training: Kernels
    cross: Kernels
    test_nngp: np.ndarray
    first: np.ndarray
    first_cross: np.ndarray

    @classmethod
    def of(cls, spec: MLP, x: np.ndarray, test_x: np.ndarray) -> "Inputs":
        """From x (N, d) and test_x (N_T, d), for networks of one hidden layer."""

        def first(x1: np.ndarray) -> np.ndarray:
            return spec.weight_variance / x.shape[1] * x1 @ x.T + spec.bias_variance

        pairs = kernels(spec, x), kernels(spec, test_x, x), nngp(spec, test_x)
        return cls(spec, x, test_x, *pairs, first(x), first(test_x))

    def leading(self, size: int) -> "Inputs":
        """Those of the first `size` training points."""
        training = Kernels(*(kernel[:size, :size] for kernel in self.training))
        cross = Kernels(*(kernel[:, :size] for kernel in self.cross))
        first = self.first[:size, :size], self.first_cross[:, :size]
        return self._replace(x=self.x[:size], training=training, cross=cross, first=first[0], first_cross=first[1])


@dataclass(frozen=True, eq=False)
class Limit:
    """The infinitely wide network: members as in the module's text, test points first in `transfer`, `covariance`.

    inputs: kernels; y (N, C) and delta = T Y - Y_* (N_T, C); inverse = Theta^-1 (N, N); transfer = T (N_T, N);
    reach = B (N, N_T); covariance = Sigma (N_T, N_T).
    """

    inputs: Inputs
    y: np.ndarray
    delta: np.ndarray
    inverse: np.ndarray
    transfer: np.ndarray
    reach: np.ndarray
    covariance: np.ndarray

    @classmethod
    def of(cls, inputs: Inputs, y: np.ndarray, test_y: np.ndarray) -> "Limit":
        """Of the training set behind `inputs`, with targets y (N, C) and test_y (N_T, C)."""
        theta, k, k_cross = inputs.training.ntk, inputs.training.nngp, inputs.cross.nngp
        condition = np.linalg.cond(theta, 1)
        if not condition < SINGULAR:
            problem = f"the kernel of {len(y)} training points has the condition number {condition:.0e}"
            raise ReplicationError(problem, "drop points that stand twice")
        inverse = linalg.inv(theta, assume_a="pos")
        transfer = inputs.cross.ntk @ inverse
        reach = k_cross.T - k @ transfer.T
        change = transfer @ (0.5 * (k @ transfer.T) - k_cross.T)
        covariance = inputs.test_nngp + change + change.T
        return cls(inputs, y, transfer @ y - test_y, inverse, transfer, reach, covariance)

    @property
    def spec(self) -> MLP:
        """The network."""
        return self.inputs.spec

    @property
    def outputs(self) -> int:
        """C."""
        return self.y.shape[1]

    def form(self, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Matrices (N_T, N) and (N, N) of the quadratic forms in a neuron's slopes that tr(D_g `reach`) is.

        With W = Theta^-1 U, g = s s' o k_0: tr(D_g U) = tr((g_* - T g) W) = s_*' (k_0* o W') s - s' (k_0 o W T) s.
        """
        w = self.inverse @ reach
        return self.inputs.first_cross * w.T, self.inputs.first * (w @ self.transfer)

    @cached_property
    def reach_form(self) -> tuple[np.ndarray, np.ndarray]:
        """`form` of B."""
        return self.form(self.reach)

    @cached_property
    def weighted_reach_form(self) -> tuple[np.ndarray, np.ndarray]:
        """`form` of B Sigma."""
        return self.form(self.reach @ self.covariance)

    def left(self, at_test: np.ndarray, at_training: np.ndarray) -> np.ndarray:
        """P F of a function's values at the test and training inputs, (N_T, ...) and (N, ...)."""
        return at_test - self.transfer @ at_training

    def sources(self, output_scale: float) -> Sources:
        """Terms of mu_L and sigma_L^2 at infinite width, outputs multiplied by `output_scale`."""
        return gaussian_sources(self.delta, output_scale**2 * self.covariance, np.zeros_like(self.delta))

    def at(self, points: np.ndarray) -> "Limit":
        """The same network tested on the test points `points` (indices) alone."""
        inputs = self.inputs
        inputs = inputs._replace(
            test_x=inputs.test_x[points],
            cross=Kernels(*(kernel[points] for kernel in inputs.cross)),
            test_nngp=inputs.test_nngp[np.ix_(points, points)],
            first_cross=inputs.first_cross[points],
        )
        reach, covariance = self.reach[:, points], self.covariance[np.ix_(points, points)]
        return Limit(inputs, self.y, self.delta[points], self.inverse, self.transfer[points], reach, covariance)
