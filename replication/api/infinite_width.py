"""Infinite width for programs: exact learning curves of arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from replication.api.network import check_network
from replication.api.options import CONFIDENCE, check_draws, progress_bar
from replication.api.training import training_of
from replication.datasets.arrays import as_arrays
from replication.errors import ReplicationError, optional_parts
from replication.experiments import exact_curves
from replication.infinite_width.learning_curve import Regularisation
from replication.infinite_width.linear_algebra import ALGEBRAS
from replication.infinite_width.output_scale import matched
from replication.infinite_width.training_time import GradientDescent
from replication.settings.network import MLP
from replication.settings.training import LINEAR
from replication.validation.float_range import within_float64
from replication.validation.numbers import check_not_negative, check_share, check_sizes
from replication.validation.surroundings import check_jax, check_memory


def learning_curve(
    network: MLP,
    x: Any,
    y: Any,
    x_test: Any,
    y_test: Any,
    *,
    training_sizes: Sequence[int] | int | None = None,
    steps: int | None = None,
    learning_rate_fraction: float = 0.5,
    algorithm: str = "gradient_descent",
    momentum: float = 0.9,
    training_loss_ratio: float | None = None,
    draws: int | None = None,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    engine: str = "closed_form",
    linear_algebra: str = "scipy",
    diag_reg: float = 0.0,
    singular_diag_reg: float = 1e-10,
    folder: str | Path | None = None,
    task: str = "data",
    progress: bool = False,
) -> pd.DataFrame:
    """The exact law of the test loss of infinitely wide networks over their initialisation, without training one.

    Trained outputs are Gaussian (Lee et al. 2019, arXiv 1902.06720) with mean m = T Y and covariance
    Sigma = K_** + T K T' - T K_X* - (T K_X*)', T = Theta_* Theta^-1, for gradient descent to convergence, and
    m = K_* K^-1 Y, Sigma = K_** - K_* K^-1 K_X* for exact Bayesian inference. With delta = m - Y_*
      mu_L = (|delta|^2 + C tr Sigma) / (2 N_T)
      sigma_L^2 = (2 C tr Sigma^2 + 4 sum_i delta_i' Sigma delta_i) / (2 N_T)^2.

    The training set of size n is the first n points of x (N, ...), y (N,) or (N, C), in the order given; with `draws`
    it is the first n of so many permutations by `seed`, which hardly differ where n is nearly N. `training_sizes` come
    in any order, each at most N; by default 16, 32, ... up to N. With `steps` gradient descent after so many steps is
    computed too, at `learning_rate_fraction` of the largest stable step 2 / lambda_max(Theta / n); by the `algorithm`
    gradient_descent, momentum or heavy_ball (of momentum k / (k + 6) after k steps); with `training_loss_ratio` after
    the steps, at most `steps`, in which the mean training loss falls to this share of the converged test loss on the
    first draw. Centred networks have no Bayes rows. `engine` is
    "closed_form" or "neural_tangents" (its extra); `linear_algebra` "scipy" or, on a GPU if there is one, "jax" (the
    same extra). `diag_reg` times the mean of the diagonal is added to inverted
    kernels, `singular_diag_reg` instead where they are singular.
    With a `folder` kernels lie in files there, 4 N^2 bytes for each method, and not in memory; a call that was
    interrupted goes on. Then singular kernels are refused, as are another engine or linear algebra and a
    training_loss_ratio, condition numbers are bounds, and the training_loss of a finite number of steps is NaN.

    Returns a row for every draw, method (bayes, gradient_descent), size and training_time (inf: converged). Numbers are
    exact for their training set, so intervals are the numbers themselves; `average_over_draws` has those over draws.
    Further columns: squared_bias, variance and so on of `loss_distribution.moments.Sources`, the interval of the loss
    itself (loss_lower, loss_median, loss_upper), condition_number, relative_error (that of float64 times the condition
    number: an estimate of the numerical error, which is larger where points are nearly parallel), diag_reg,
    training_loss, learning_rate.
    ReplicationError, in one line, for shapes, types or sizes that do not fit, singular kernels, overflow.

    >>> import numpy as np
    >>> x, x_test = (np.random.default_rng(seed).normal(size=(40, 3)) for seed in (0, 1))
    >>> table = learning_curve(MLP(depth=1), x, np.sin(x[:, 0]), x_test, np.sin(x_test[:, 0]), training_sizes=[40, 10])
    >>> table[["method", "training_size", "mean", "coefficient_of_variation"]].round(3)
                 method  training_size   mean  coefficient_of_variation
    0             bayes             40  0.109                     0.044
    1             bayes             10  0.212                     0.264
    2  gradient_descent             40  0.090                     0.066
    3  gradient_descent             10  0.180                     0.362
    """
    check_network(network)
    points = as_arrays(x, y, x_test, y_test)
    largest = len(points.x)
    sizes = doubling(largest) if training_sizes is None else check_sizes(training_sizes, largest)
    descent = None
    if steps is not None:
        fraction = check_share("learning_rate_fraction", learning_rate_fraction)
        if algorithm not in LINEAR:
            raise ReplicationError(f"infinite width after steps of {algorithm}", f"choose one of {', '.join(LINEAR)}")
        training = training_of(steps, algorithm, "ntk", momentum, 1, training_loss_ratio)
        descent = GradientDescent.of(training, fraction)
    elif training_loss_ratio is not None:
        raise ReplicationError("training_loss_ratio without steps", "give the largest number of steps, too")
    regularisation = Regularisation(
        check_not_negative("diag_reg", diag_reg), check_not_negative("singular_diag_reg", singular_diag_reg)
    )
    if linear_algebra not in ALGEBRAS:
        raise ReplicationError(f"no linear algebra {linear_algebra!r}", f"choose one of {', '.join(ALGEBRAS)}")
    if linear_algebra == "jax" or engine == "neural_tangents":
        check_jax()
    on_disk = None if folder is None else Path(folder)
    if on_disk is not None and (engine, linear_algebra, training_loss_ratio) != ("closed_form", "scipy", None):
        problem = "kernels on disk with another engine or linear algebra, or with a training_loss_ratio"
        raise ReplicationError(problem, "leave these out, or the folder")
    if on_disk is None:
        check_memory(max(sizes), len(points.x_test))
    confidence = check_share("confidence", confidence)
    evaluation = exact_curves.Evaluation(engine, regularisation, confidence, descent, linear_algebra, on_disk)
    draws, seed = check_draws(draws, seed)
    total = exact_curves.number_of_steps(sizes, draws, descent)
    with optional_parts(), within_float64(), progress_bar(f"infinite width, {task}", total, progress) as update:
        network = matched(network, points.x, points.y)
        return exact_curves.exact_curves(network, points, sizes, draws, seed, task, evaluation, update)


def doubling(largest: int) -> tuple[int, ...]:
    """16, 32, ... up to `largest`, or `largest` alone where it is smaller.

    >>> doubling(100), doubling(9)
    ((16, 32, 64), (9,))
    """
    return tuple(2**i for i in range(4, 64) if 2**i <= largest) or (largest,)
