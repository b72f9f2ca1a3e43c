"""Finite width from infinite width: mu_L and eps_L of networks with one hidden layer, to order 1/n in their width n.

For linearised networks trained to convergence, mu_L(n) = mu_L (1 + b/n) and eps_L^2(n) = eps_L^2 + c/n, without a fit:
the derivation, and where it ends, is docs/perturbation.md.
"""

import functools
import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from replication.infinite_width.closed_form import output_scales
from replication.perturbation.checks import check_left, check_positive, checked, checked_sizes
from replication.perturbation.estimates import Correction, correction, parts, precise
from replication.perturbation.limit import Inputs, Limit
from replication.perturbation.monte_carlo import Means, sample
from replication.settings.network import MLP

WITHIN = (0.25, 0.10)  # excess of eps_L over infinite width that a network is allowed


def finite_width_correction(
    spec: MLP,
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    widths: Sequence[int] = (256, 1024, 4096),
    precision: float = 0.02,
    rng: np.random.Generator | int = 0,
    most_neurons: int = 20_000,
    infinite_test_set: bool = True,
) -> pd.DataFrame:
    """mu_L and eps_L at infinite width and their corrections of order 1/n, one row for each training size.

    x (N, d), y (N, C), test_x (N_T, d), test_y (N_T, C), in float64; the training set of size n is the first n points.
    Of a centred network g is 0 in what follows, whatever multiplies its read-out: that changes no loss. The Monte
    Carlo takes fresh neurons until the standard error of c is `precision` times the larger of |c| and its first-order
    part, or `most_neurons` have been used; the same neurons serve every size. `infinite_test_set` adds what an
    infinitely large test set of the same distribution would have.

    Columns: training_size, output_scale; those of `Correction`; the terms of b (b_*) and of c (c_*), which add up;
    width_within_25_percent and width_within_10_percent (neurons); and for each of `widths`, mean_at_*,
    coefficient_of_variation_at_*, coefficient_of_variation_error_at_* and beyond_expansion_at_* (true where
    N_D / n or |b| / n is above a quarter). Units: the loss's, 1/(2 N_T) sum of squares; neurons for b; the rest has
    none.
    """
    network, scale = spec.unscaled, math.sqrt(output_scales(spec)[0])
    return corrections_at_scales(
        network, [scale], x, y, test_x, test_y, training_sizes, widths, precision, rng, most_neurons, infinite_test_set
    )


def corrections_at_scales(
    spec: MLP,
    scales: Sequence[float],
    x: np.ndarray,
    y: np.ndarray,
    test_x: np.ndarray,
    test_y: np.ndarray,
    training_sizes: Sequence[int],
    widths: Sequence[int] = (256, 1024, 4096),
    precision: float = 0.02,
    rng: np.random.Generator | int = 0,
    most_neurons: int = 20_000,
    infinite_test_set: bool = True,
) -> pd.DataFrame:
    """`finite_width_correction` at several g from the same neurons: a row for each size and each of `scales`.

    The terms are polynomials in g, so further scales are free. `spec` has g = 1; the Monte Carlo stops when c is
    precise at every scale.
    """
    x, y, test_x, test_y = checked(spec, x, y, test_x, test_y)
    sizes = checked_sizes(training_sizes, len(x))
    check_positive(precision=precision, most_neurons=most_neurons)
    for width in widths:
        check_positive(width=width)
    infinite_test_set = infinite_test_set and len(test_y) > 1
    seed = np.random.default_rng(rng).integers(2**63)
    inputs = Inputs.of(spec, x[: sizes[-1]], test_x)
    rows = []
    for size in sizes:
        limit = Limit.of(inputs.leading(size), y[:size], test_y)
        for scale in scales:
            check_left(limit, scale)
        enough = functools.partial(_precise_at_all, limit, scales, precision)
        means = sample(limit, np.random.default_rng(seed), enough, most_neurons, infinite_test_set)
        for scale in scales:
            found = correction(limit, means, scale)
            row = {"training_size": size, "output_scale": scale, **found._asdict(), **parts(limit, means, scale)}
            row |= {f"width_within_{round(100 * p)}_percent": found.width_within(p, size) for p in WITHIN}
            for width in widths:
                row |= _at(found, width, size)
            rows.append(row)
    return pd.DataFrame(rows)


def _precise_at_all(limit: Limit, scales: Sequence[float], precision: float, means: Means) -> bool:
    return all(precise(limit, scale, precision, means) for scale in scales)


def _at(found: Correction, width: int, size: int) -> dict:
    spread = found.coefficient_of_variation_at(width)
    return {
        f"mean_at_{width}": found.mean_at(width),
        f"coefficient_of_variation_at_{width}": spread,
        f"coefficient_of_variation_error_at_{width}": found.c_error / (2 * width * spread) if spread else np.nan,
        f"beyond_expansion_at_{width}": width < found.least_width(size),
    }
