"""Finite width for programs: ensembles trained on arrays."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from replication.api.network import check_network
from replication.api.options import CONFIDENCE, check_draws, progress_bar
from replication.api.training import training_of
from replication.datasets.arrays import as_arrays
from replication.errors import ReplicationError, optional_parts
from replication.experiments import member_tables
from replication.experiments.lazy_regime import beyond_lazy
from replication.infinite_width.output_scale import matched
from replication.schema import FINITE, LINEARISED, TRAINED
from replication.settings.network import MLP
from replication.validation.numbers import check_count, check_positive, check_share, check_sizes

LARGEST_WIDTH = 10**7
DEVICE = re.compile(r"auto|cpu|gpu(:\d+)?")


def train_ensemble(
    network: MLP,
    x: Any,
    y: Any,
    x_test: Any,
    y_test: Any,
    *,
    training_sizes: Sequence[int] | int,
    width: Sequence[int] | int,
    members: int = 32,
    steps: int = 1000,
    algorithm: str = "gradient_descent",
    learning_rate: float | None = None,
    learning_rate_fraction: float = 0.5,
    momentum: float = 0.9,
    batch_size: int = 32,
    training_loss_ratio: float | None = None,
    parametrisation: str = "ntk",
    linearised: bool = False,
    draws: int | None = None,
    seed: int = 0,
    confidence: float = CONFIDENCE,
    resamples: int = 2000,
    return_members: bool = False,
    store: str | Path | None = None,
    device: str = "auto",
    task: str = "data",
    progress: bool = False,
) -> pd.DataFrame:
    """Train ensembles of networks that differ by their initialisation, and estimate the moments of their test loss.

    Each member descends L = 1/(2 n) sum (f - y)^2 over its training set, theta <- theta - eta dL/dtheta for `steps`
    steps, all weights and biases, in float32. eta is `learning_rate`, or `learning_rate_fraction` of the largest
    stable step at infinite width, 2 / lambda_max(Theta / n): the one that `learning_curve` takes for the same sizes
    and `steps`. Adam (Kingma and Ba 2015, arXiv 1412.6980) takes `learning_rate`, or 0.05 / sqrt(width). `algorithm`
    is gradient_descent, momentum, heavy_ball (of momentum k / (k + 6) after k steps) or adam on all points,
    minibatch_gradient_descent or minibatch_adam. With `training_loss_ratio` the steps are those in which the mean
    training loss of infinite width falls to this share of its converged test loss, at most `steps`.
    `parametrisation` is "ntk", "standard" or "mup". `linearised` adds the same members' first-order expansions about
    their initial weights, for algorithms on all points but adam; the algorithm "convergence" gives these alone, trained
    to convergence in closed form, in float64.

    Arrays, training sets and `draws` as of `learning_curve`; `width` n is one or several. Member k starts from weights
    that `seed`, `task`, width and k alone decide, so no result depends on batching or order. With a folder `store`
    finished members are kept there and a call that was interrupted goes on where it stopped. Needs the extra `train`.

    Returns a row for every method (trained, linearised), width, size and draw: moments over members with bootstrap
    intervals, means of training_loss and learning_rate, `flipped_share` (of hidden ReLUs at training points, those that
    training switched), the share `reached` of members whose training loss came down to its ratio, and
    `linearised_correlation`, of the losses of trained members with those of the same linearised. A warning tells of
    networks that left the lazy regime, which is what infinite width and the corrections to it describe. With
    `return_members` a row for every member. ReplicationError for what does not fit and for training that diverges.

    >>> import numpy as np
    >>> x, x_test = (np.random.default_rng(seed).normal(size=(20, 3)) for seed in (0, 1))
    >>> options = {"training_sizes": [20], "width": 16, "members": 8, "steps": 30}
    >>> table = train_ensemble(MLP(depth=1), x, x[:, 0], x_test, x_test[:, 0], **options)
    >>> table[["method", "width", "training_size", "members"]].values.tolist()
    [['trained', 16, 20, 8]]
    """
    check_network(network)
    points = as_arrays(x, y, x_test, y_test)
    draws, seed = check_draws(draws, seed)
    training = training_of(steps, algorithm, parametrisation, momentum, batch_size, training_loss_ratio)
    converged = algorithm == "convergence"
    if linearised and not (training.is_linear or converged):
        remedy = "take gradient_descent, momentum or heavy_ball, or leave them out"
        raise ReplicationError(f"linearised networks with {algorithm}", remedy)
    if training_loss_ratio is not None and learning_rate is not None:
        raise ReplicationError("training_loss_ratio and learning_rate", "give learning_rate_fraction instead")
    network = matched(network, points.x, points.y)
    plan = member_tables.Plan(
        (LINEARISED,) if converged else FINITE if linearised else (TRAINED,),
        check_sizes(width, LARGEST_WIDTH, "widths", "neurons"),
        check_sizes(training_sizes, len(points.x)),
        draws,
        check_count("members", members, 1 if return_members else 2),
        training,
        None if learning_rate is None else check_positive("learning_rate", learning_rate),
        check_share("learning_rate_fraction", learning_rate_fraction),
        seed,
        task,
    )
    confidence, resamples = check_share("confidence", confidence), check_count("resamples", resamples)
    if not DEVICE.fullmatch(device):
        raise ReplicationError(f"no device {device!r}", "choose auto, cpu, gpu, or one of them, as in gpu:0")
    folder = None if store is None else Path(store)
    runs = list(member_tables.runs_of(network, points, plan))
    total = member_tables.number_of_member_steps(runs)
    with optional_parts(), _remedies(), progress_bar(f"training, {task}", total, progress) as update:
        table = member_tables.member_table(runs, device, folder, update)
    if return_members:
        return table
    moments = member_tables.moments_of_members(table, confidence, resamples, seed)
    for sentence in beyond_lazy(moments):
        warnings.warn(sentence, stacklevel=2)
    return moments


@contextmanager
def _remedies() -> Iterator[None]:
    """Errors of training name arguments where they would name settings of the pipeline."""
    try:
        yield
    except ReplicationError as error:
        if "diverged" in error.problem:
            raise ReplicationError(error.problem, "lower learning_rate_fraction, or learning_rate") from None
        if error.problem.startswith("device"):
            raise ReplicationError(error.problem, "take the device auto or cpu") from None
        raise
