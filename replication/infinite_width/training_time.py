"""How long networks are trained: as many steps as asked for, or as bring the training loss down to what is left."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from replication.infinite_width.finite_time import steps_to
from replication.infinite_width.kernel_matrices import KernelMatrices
from replication.infinite_width.predictions import gradient_descent_to_convergence
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.training import Momenta, Training


class GradientDescent(NamedTuple):
    """A finite training time: steps of gradient descent, at this fraction of the largest stable learning rate.

    steps: of every training size, or the same of all; momenta: those of a heavy ball (`finite_time.gradient_descent`);
    training_loss_ratio: what the mean training loss is to come down to, as a share of the converged mean test loss.
    """

    steps: int | Mapping[int, int]
    learning_rate_fraction: float
    momenta: Momenta = 0.0
    training_loss_ratio: float | None = None

    @classmethod
    def of(cls, training: Training, learning_rate_fraction: float) -> "GradientDescent":
        """As the settings say."""
        return cls(training.steps, learning_rate_fraction, training.momenta, training.training_loss_ratio)

    def steps_at(self, training_size: int) -> int:
        """How many, on so many points."""
        return self.steps if isinstance(self.steps, int) else self.steps[training_size]

    def known_at(self, training_size: int) -> bool:
        """Whether it says how many steps there are on so many points."""
        return isinstance(self.steps, int) or training_size in self.steps

    def timed(
        self, kernels: KernelMatrices, test_y: np.ndarray, training_sizes: Sequence[int], singular_diag_reg: float = 0.0
    ) -> "GradientDescent":
        """The same with the steps that reach the ratio at these sizes on this training set, at most `steps`.

        test_y: (N_T, C). Without a ratio they are those that there are. Further training sets of a task take the steps
        of its first one, so that a training time belongs to a size.
        """
        sizes = sorted(training_sizes)
        if self.training_loss_ratio is None:
            return self._replace(steps={size: self.steps_at(size) for size in sizes})
        converged = gradient_descent_to_convergence(kernels, sizes, 0.0, singular_diag_reg)
        times = {}
        for size, (mean, covariance, *_) in zip(sizes, converged, strict=True):
            goal = self.training_loss_ratio * gaussian_moments(mean, covariance, test_y).mean
            fraction = self.learning_rate_fraction
            times[size] = steps_to(kernels, size, fraction, goal, self.steps_at(size), self.momenta)
        return self._replace(steps=times)
