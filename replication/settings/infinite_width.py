"""What is computed at infinite width, and how much of it a second engine computes again."""

from typing import Annotated, Literal

from pydantic import Field

from replication.settings.sections import BiasVariance, Bound, Depth, Positive, Section, Sizes, WeightVariance

Engine = Literal["neural_tangents", "closed_form"]
LinearAlgebra = Literal["scipy", "jax"]


class CrossCheck(Section):
    """A second engine's kernels and losses at one training size, which must agree within a relative `tolerance`."""

    engine: Engine
    training_size: Positive
    tolerance: Bound


class InfiniteWidth(Section):
    """Training sizes and training-set draws at infinite width, the engine that evaluates the kernels, regularisation.

    `linear_algebra` is LAPACK's, or JAX's, on a GPU if there is one. `cross_check` has the other engine compute one
    size of the first draw again, or is null. `diag_reg`, relative to the mean of the diagonal, is added to every kernel
    that is inverted, `singular_diag_reg` in its place where the kernel is singular to working precision; 0 makes that
    an error. The results say what was added. A task has the training sizes up to half of its pool: draws of more points
    would be nearly the same set.
    """

    training_sizes: Sizes
    draws: Annotated[int, Field(ge=3, le=10_000)]
    engine: Engine
    linear_algebra: LinearAlgebra = "scipy"
    cross_check: CrossCheck | None = None
    diag_reg: Annotated[float, Field(ge=0, le=1)]
    singular_diag_reg: Annotated[float, Field(ge=0, le=1)]

    def sizes_within(self, pool_size: int) -> tuple[int, ...]:
        """Training sizes of a task with a pool of so many points."""
        return tuple(size for size in self.training_sizes if 2 * size <= pool_size)


class Variations(Section):
    """Converged networks at infinite width that differ from the profile's in one property; its own value is added."""

    training_sizes: Sizes
    draws: Annotated[int, Field(ge=3, le=10_000)]
    depth: tuple[Depth, ...]
    weight_variance: tuple[WeightVariance, ...]
    bias_variance: tuple[BiasVariance, ...]
    target_scale: tuple[Annotated[float, Field(ge=1e-6, le=1e6)], ...]  # every target is multiplied by it


class LearningCurveTheory(Section):
    """Predicted learning curves: the sample whose kernel's spectrum stands for the population's, and N_D asked for."""

    sample_size: Positive
    training_sizes: Sizes


class PublishedNumbers(Section):
    """Training sizes at which published accuracies are recomputed, where the profile has their data; may be empty."""

    training_sizes: tuple[Positive, ...]
