"""b and c of one training set at one output scale, from the means over neurons."""

from typing import NamedTuple

import numpy as np

from replication.loss_distribution.moments import coefficient_of_variation_infinite_test_set, moments_of
from replication.perturbation.limit import Limit
from replication.perturbation.monte_carlo import Means
from replication.schema import EXPANSION_REACH


class Correction(NamedTuple):
    """b and c at one training size and output scale, with the standard errors of the Monte Carlo over neurons.

    mean, coefficient_of_variation: mu_L and eps_L at infinite width; b, c: of the expansion; c_first_order: the
    variance of mu_L over kernels alone. *_infinite_test_set: of an infinitely large test set, whose expansion is
    eps_L^2(n) = coefficient_of_variation_infinite_test_set^2 + c_infinite_test_set / n; NaN if it was not asked for.
    """

    mean: float
    coefficient_of_variation: float
    b: float
    b_error: float
    c: float
    c_error: float
    c_first_order: float
    c_first_order_error: float
    coefficient_of_variation_infinite_test_set: float
    c_infinite_test_set: float
    c_infinite_test_set_error: float
    neurons: int

    def mean_at(self, width: float) -> float:
        """mu_L of networks of `width` neurons."""
        return self.mean * (1 + self.b / width)

    def coefficient_of_variation_at(self, width: float) -> float:
        """eps_L of networks of `width` neurons; 0 where the expansion has left nothing of its square."""
        return float(np.sqrt(max(self.coefficient_of_variation**2 + self.c / width, 0.0)))

    def least_width(self, training_size: int) -> float:
        """The width down to which the expansion was found to hold: N_D / n and |b| / n at most EXPANSION_REACH."""
        return max(training_size, abs(self.b)) / EXPANSION_REACH

    def width_within(self, excess: float, training_size: int) -> float:
        """n*, from which infinite width serves within `excess` of eps_L.

        |c| / (((1 + p)^2 - 1) eps_L^2), but never below the least width that the expansion reaches.
        """
        share = ((1 + excess) ** 2 - 1) * self.coefficient_of_variation**2
        return max(self.least_width(training_size), abs(self.c) / share if share else np.inf)


def correction(limit: Limit, means: Means, scale: float) -> Correction:
    """b and c at the output scale g from the means over neurons: errors from the scatter of the batches."""
    points = len(limit.delta)
    sources = limit.sources(scale)
    mean, _, spread = moments_of(sources)
    total = 2 * points * mean
    b = means.of("b", scale) / total
    variance = means.of("c", scale) / total**2
    c = variance - 2 * b * spread**2
    first = means.of("c_first_order", scale) / total**2
    infinite, many = np.nan, np.full(1, np.nan)
    if means.within is not None:
        infinite = coefficient_of_variation_infinite_test_set(sources, points)
        within = means.of("c_within", scale) / total**2
        there = ~np.isnan(within)
        pairs = (variance - within)[there] / (1 - means.within)
        # the few batches that know both tell the difference, which scatters less than either
        difference = (pairs - variance[there]).mean()
        many = variance + difference - 2 * b * infinite**2
    estimates = (*_mean_and_error(b), *_mean_and_error(c), *_mean_and_error(first))
    infinite_test_set = (infinite, float(many.mean()), _infinite_test_set_error(means, scale, total, infinite))
    return Correction(mean, spread, *estimates, *infinite_test_set, means.neurons)


def _mean_and_error(values: np.ndarray) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def _infinite_test_set_error(means: Means, scale: float, total: float, infinite: float) -> float:
    if means.within is None:
        return np.nan
    b, variance, within = (means.of(kind, scale) for kind in ("b", "c", "c_within"))
    simple = variance / total**2 - 2 * b / total * infinite**2
    there = ~np.isnan(within)
    difference = ((variance - within) / (1 - means.within) - variance)[there] / total**2
    spread = simple.var(ddof=1) / len(simple) + difference.var(ddof=1) / len(difference)
    return float(np.sqrt(spread))


def parts(limit: Limit, means: Means, scale: float) -> dict[str, float]:
    """The terms of b and c, which add up to them: b_NAME and c_NAME; c_moved_mean is -2 b eps_L^2."""
    mean, _, spread = moments_of(limit.sources(scale))
    total = 2 * len(limit.delta) * mean
    found: dict[str, float] = {}
    for place, (kind, name, power) in enumerate(means.keys):
        if kind in ("b", "c"):
            value = means.values[:, place].mean() * scale**power / (total if kind == "b" else total**2)
            found[f"{kind}_{name}"] = found.get(f"{kind}_{name}", 0.0) + float(value)
    found["c_moved_mean"] = -2 * float(means.of("b", scale).mean()) / total * spread**2
    return found


def precise(limit: Limit, scale: float, precision: float, means: Means) -> bool:
    """Whether the standard error of c is `precision` times the larger of |c| and its first-order part."""
    found = correction(limit, means._replace(within=None), scale)
    return found.c_error <= precision * max(abs(found.c), found.c_first_order)
