"""Finite width for programs without training: corrections of order 1/n to infinite width."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from replication.api.network import check_network
from replication.datasets.arrays import as_arrays
from replication.errors import ReplicationError
from replication.infinite_width.output_scale import matched
from replication.perturbation import corrections
from replication.settings.network import MLP
from replication.validation.float_range import within_float64
from replication.validation.numbers import check_count, check_sizes

LARGEST = 1e50  # of a kernel's diagonal or of one over it: products of three kernels stay within float64


def finite_width_correction(
    network: MLP,
    x: Any,
    y: Any,
    x_test: Any,
    y_test: Any,
    training_sizes: Sequence[int] | int,
    *,
    widths: Sequence[int] = (256, 1024, 4096),
    precision: float = 0.02,
    seed: int = 0,
) -> pd.DataFrame:
    """mu_L and eps_L of networks with one hidden layer of n neurons, from infinite width and without training one.

    For linearised networks trained to convergence (docs/perturbation.md derives it)
      mu_L(n) = mu_L (1 + b/n),  eps_L^2(n) = eps_L^2 + c/n,
    b and c expectations over one neuron, taken by a Monte Carlo that stops when the standard error of c is `precision`
    times c. Data as those of `learning_curve`: the training set of size n is the first n points.

    Returns a row for every training size: mean and coefficient_of_variation at infinite width; b, c and their errors,
    in neurons; at each of `widths` mean_at_*, coefficient_of_variation_at_* with its error, and beyond_expansion_at_*,
    true where N_D / n or |b| / n is above a quarter and the numbers mean nothing; width_within_25_percent and
    _10_percent, the n from which eps_L is within so much of infinite width. ReplicationError, in one line, for networks
    of another depth, for arrays or sizes that do not fit, and for what float64 cannot hold.

    >>> import numpy as np
    >>> x, x_test = (np.random.default_rng(seed).normal(size=(16, 6)) for seed in (0, 1))
    >>> table = finite_width_correction(
    ...     MLP(depth=1), x, x[:, 0], x_test, x_test[:, 0], training_sizes=[8], widths=[64], precision=0.1
    ... )
    >>> bool(table.coefficient_of_variation_at_64[0] > table.coefficient_of_variation[0])
    True
    """
    check_network(network)
    points = as_arrays(x, y, x_test, y_test)
    sizes = check_sizes(training_sizes, len(points.x))
    neurons, rng = [check_count("width", width) for width in widths], check_count("seed", seed, smallest=0)
    _check_scale(network, points.x)
    with within_float64():
        scaled = matched(network, points.x, points.y)
        return corrections.finite_width_correction(
            scaled, points.x, points.y, points.x_test, points.y_test, sizes,
            widths=neurons, precision=precision, rng=rng,
        )  # fmt: skip


def _check_scale(network: MLP, x: np.ndarray) -> None:
    """Kernels that are too small would lose terms to underflow without a sign of it."""
    with np.errstate(over="ignore", under="ignore"):
        diagonal = network.bias_variance + network.weight_variance * float(np.mean(np.square(x)))
    if not 1 / LARGEST < diagonal < LARGEST:
        size = float(np.abs(x).max())
        raise ReplicationError(f"inputs up to {size:.3g}, whose kernels float64 cannot multiply", "standardise them")
