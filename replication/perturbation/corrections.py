"""Finite width from infinite width: mu_L and eps_L of networks with one hidden layer, to order 1/n in their width n.

For linearised networks trained to convergence, mu_L(n) = mu_L (1 + b/n) and eps_L^2(n) = eps_L^2 + c/n, without a fit:
the derivation, and where it ends, is docs/perturbation.md.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.errors import ReplicationError
from replication.perturbation.limit import Inputs, Limit
from replication.perturbation.monte_carlo import Means, sample
from replication.settings import MLPSpec
from replication.test_loss import moments_of, population_coefficient_of_variation

LAZY = 0.25  # N_D / n up to which the expansion was found to hold
WITHIN = (0.25, 0.10)  # excess of eps_L over infinite width that a network is allowed


class Correction(NamedTuple):
    """b and c at one training size and output scale, with the standard errors of the Monte Carlo over neurons.

    mean, coefficient_of_variation: mu_L and eps_L at infinite width; b, c: of the expansion; c_first_order: the
    variance of mu_L over kernels alone. population_*: of an infinitely large test set, whose expansion is
    eps_L^2(n) = population_coefficient_of_variation^2 + c_population / n; NaN if it was not asked for.
    """

    mean: float
    coefficient_of_variation: float
    b: float
    b_error: float
    c: float
    c_error: float
    c_first_order: float
    c_first_order_error: float
    population_coefficient_of_variation: float
    c_population: float
    c_population_error: float
    neurons: int

    def mean_at(self, width: float) -> float:
        """mu_L of networks of `width` neurons."""
        return self.mean * (1 + self.b / width)

    def coefficient_of_variation_at(self, width: float) -> float:
        """eps_L of networks of `width` neurons; 0 where the expansion has left nothing of its square."""
        return float(np.sqrt(max(self.coefficient_of_variation**2 + self.c / width, 0.0)))

    def width_within(self, excess: float, training_size: int) -> float:
        """n*, from which infinite width serves within `excess` of eps_L.

        |c| / (((1 + p)^2 - 1) eps_L^2), but never below training_size / LAZY, where the expansion is not known to hold.
        """
        share = ((1 + excess) ** 2 - 1) * self.coefficient_of_variation**2
        return max(training_size / LAZY, abs(self.c) / share if share else np.inf)


def finite_width_correction(
    spec: MLPSpec,
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    output_scale: float = 1.0,
    centred: bool = False,
    widths: Sequence[int] = (256, 1024, 4096),
    precision: float = 0.02,
    rng: np.random.Generator | int = 0,
    most_neurons: int = 20_000,
    population: bool = True,
) -> pd.DataFrame:
    """mu_L and eps_L at infinite width and their corrections of order 1/n, one row for each training size.

    x (N, d), y (N, C), test_x (N_T, d), test_y (N_T, C), in float64; the training set of size n is the first n points.
    `output_scale` g multiplies the read-out, `centred` subtracts each network's initial function (g = 0). The Monte
    Carlo takes fresh neurons until the standard error of c is `precision` times the larger of |c| and its first-order
    part, or `most_neurons` have been used; the same neurons serve every size. `population` adds what an infinitely
    large test set of the same distribution would have.

    Columns: training_size, output_scale; those of `Correction`; the terms of b (b_*) and of c (c_*), which add up;
    width_within_25_percent and width_within_10_percent (neurons); and for each of `widths`, mean_at_*,
    coefficient_of_variation_at_*, coefficient_of_variation_error_at_* and beyond_expansion_at_* (true where
    N_D / n is above a quarter). Units: the loss's, 1/(2 N_T) sum of squares; neurons for b; the rest has none.
    """
    x, y, test_x, test_y = checked(spec, x, y, test_x, test_y)
    sizes, scale = _sizes(training_sizes, len(x)), 0.0 if centred else float(output_scale)
    _positive(precision=precision, output_scale=output_scale, most_neurons=most_neurons, **{"width": min(widths, default=1)})
    seed = np.random.default_rng(rng).integers(2**63)
    inputs = Inputs.of(spec, x[: max(sizes)], test_x)
    rows = []
    for size in sizes:
        limit = Limit.of(inputs.leading(size), y[:size], test_y)
        means = sample(
            limit, np.random.default_rng(seed), lambda m: precise(limit, m, scale, precision), most_neurons, population
        )
        found = correction(limit, means, scale)
        row = {"training_size": size, "output_scale": scale, **found._asdict(), **parts(limit, means, scale)}
        for excess in WITHIN:
            row[f"width_within_{excess:.0%}".replace("%", "_percent")] = found.width_within(excess, size)
        for width in widths:
            row |= _at(found, width, size)
        rows.append(row)
    return pd.DataFrame(rows)


def _at(found: Correction, width: int, size: int) -> dict:
    spread = found.coefficient_of_variation_at(width)
    return {
        f"mean_at_{width}": found.mean_at(width),
        f"coefficient_of_variation_at_{width}": spread,
        f"coefficient_of_variation_error_at_{width}": found.c_error / (2 * width * spread) if spread else np.nan,
        f"beyond_expansion_at_{width}": size / width > LAZY,
    }


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
        infinite = population_coefficient_of_variation(sources, points)
        within = means.of("c_within", scale) / total**2
        there = ~np.isnan(within)
        pairs = (variance - within)[there] / (1 - means.within)
        # the few batches that know both tell the difference, which scatters less than either
        difference = (pairs - variance[there]).mean()
        many = variance + difference - 2 * b * infinite**2
    estimates = [(float(v.mean()), float(v.std(ddof=1) / np.sqrt(len(v)))) for v in (b, c, first)]
    population = (infinite, float(many.mean()), _population_error(means, scale, total, infinite))
    return Correction(mean, spread, *(v for pair in estimates for v in pair), *population, means.neurons)


def _population_error(means: Means, scale: float, total: float, infinite: float) -> float:
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
    found = {}
    for place, (kind, name, power) in enumerate(means.keys):
        if kind in ("b", "c"):
            value = means.values[:, place].mean() * scale**power / (total if kind == "b" else total**2)
            found[f"{kind}_{name}"] = found.get(f"{kind}_{name}", 0.0) + float(value)
    found["c_moved_mean"] = -2 * float(means.of("b", scale).mean()) / total * spread**2
    return found


def precise(limit: Limit, means: Means, scale: float, precision: float) -> bool:
    """Whether the standard error of c is `precision` times the larger of |c| and its first-order part."""
    found = correction(limit, means._replace(within=None), scale)
    return found.c_error <= precision * max(abs(found.c), found.c_first_order)


def checked(spec: MLPSpec, x, y, test_x, test_y) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The arrays in float64; a ReplicationError where they, or the network, are not what the expansion is for."""
    if spec.depth != 1:
        problem = f"the corrections of a network with {spec.depth} hidden layers are not known"
        raise ReplicationError(problem, "take one hidden layer, or estimate with first_order_by_sampling")
    x, y, test_x, test_y = (np.asarray(array, dtype=np.float64) for array in (x, y, test_x, test_y))
    shapes = f"x {x.shape}, y {y.shape}, test_x {test_x.shape}, test_y {test_y.shape}"
    if any(array.ndim != 2 or 0 in array.shape for array in (x, y, test_x, test_y)):
        raise ReplicationError(shapes, "give points in rows, inputs and outputs in columns")
    if len(x) != len(y) or len(test_x) != len(test_y) or x.shape[1] != test_x.shape[1] or y.shape[1] != test_y.shape[1]:
        raise ReplicationError(f"{shapes} do not fit", "give (N, d), (N, C), (N_T, d) and (N_T, C)")
    if not all(np.all(np.isfinite(array)) for array in (x, y, test_x, test_y)):
        raise ReplicationError("inputs or targets are not finite", "drop the points that are not")
    return x, y, test_x, test_y


def _sizes(sizes: Sequence[int], points: int) -> list[int]:
    sizes = sorted({int(size) for size in sizes})
    if not sizes or sizes[0] < 1 or sizes[-1] > points:
        raise ReplicationError(f"training sizes {sizes} of {points} points", f"choose from 1 to {points}")
    return sizes


def _positive(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < np.inf:
            raise ReplicationError(f"{name} = {value}", "give a positive number")
