"""Ensembles of finite width on arrays in memory: losses of their members, and the moments of these, as tables."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from replication import seeds
from replication.datasets.arrays import Split
from replication.experiments import training as training_path
from replication.experiments.exact_curves import DATASET, draws_of, in_order
from replication.experiments.lazy_regime import linearised_correlation
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.member_store import MemberStore
from replication.finite_width.parametrisation import kernel_rates
from replication.finite_width.runs import Labels, Run
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.finite_time import largest_learning_rate, momentum_after
from replication.infinite_width.learning_curve import compute_kernels
from replication.infinite_width.training_time import GradientDescent
from replication.loss_distribution.moments import statistics_over_members
from replication.scaling_laws.tables import groups
from replication.schema import KEYS, LEARNING_CURVE
from replication.settings.network import MLP
from replication.settings.training import Execution, Training

OnProgress = Callable[[int], object]


class Plan(NamedTuple):
    """What is trained: methods, widths, sizes and draws of the training set, all combinations, and how.

    learning_rate: of every ensemble, or None, which takes `fraction` of the largest stable one of infinite width, and
    Adam's own rate over sqrt(width).
    """

    methods: Sequence[Literal["trained", "linearised"]]
    widths: Sequence[int]
    sizes: Sequence[int]
    draws: int | None
    members: int
    training: Training
    learning_rate: float | None
    fraction: float
    seed: int
    task: str


def member_table(
    runs: list[Run],
    device: str,
    store: Path | None,
    on_progress: OnProgress = lambda member_steps: None,
) -> pd.DataFrame:
    """A row for every member of every run: its losses, and what made them.

    With a folder `store` members are kept there as they are finished, and those that it holds are not trained again.
    `on_progress` is told how many steps of members were done since it was told last.
    """
    with tempfile.TemporaryDirectory() as folder:
        return training_path.member_table(
            runs, MemberStore(store or Path(folder)), Execution(device=device),
            lambda _, member_steps: on_progress(member_steps),
        )  # fmt: skip


def number_of_member_steps(runs: list[Run]) -> int:
    """How many steps of members `member_table` tells of."""
    return sum(run.members * run.ensemble.training.steps for run in runs)


def runs_of(network: MLP, arrays: Split, plan: Plan) -> Iterator[Run]:
    """What the plan asks for; of a ratio of losses the steps are those of the first draw."""
    times = None
    for draw, points in draws_of(arrays, max(plan.sizes), plan.draws, plan.seed):
        data = Data(points.x, points.y, points.x_test, points.y_test)
        times = times or _steps(network, data, plan)
        labels = Labels(LEARNING_CURVE, plan.task, DATASET, draw=draw)
        for ensemble in _ensembles(network, data, plan, times):
            yield Run(ensemble, plan.members, partial(_same, data), labels)


def _steps(network: MLP, data: Data, plan: Plan) -> dict[int, int]:
    """Of every training size."""
    descent = GradientDescent.of(plan.training, plan.fraction)
    if descent.training_loss_ratio is not None:
        kernels = compute_kernels(network, "closed_form", data.x, data.y, data.test_x)
        descent = descent.timed(kernels, data.test_y, plan.sizes)
    return {size: descent.steps_at(size) for size in plan.sizes}


def _same(data: Data) -> Data:
    return data


def _ensembles(network: MLP, data: Data, plan: Plan, steps: dict[int, int]) -> Iterator[Ensemble]:
    for width in plan.widths:
        rates = kernel_rates(network, plan.training.parametrisation, data.x.shape[1], width)
        ntk = kernels(network, data.x, None, rates).ntk
        for size in plan.sizes:
            rate, largest = _learning_rate(ntk[:size, :size], width, plan)
            training = plan.training.model_copy(update={"steps": steps[size]})
            for method in plan.methods:
                yield Ensemble(method, plan.seed, plan.task, network, training, width, size, rate, largest)


def _learning_rate(ntk: np.ndarray, width: int, plan: Plan) -> tuple[float, float]:
    """The learning rate, and the largest stable one of gradient descent at infinite width; Adam knows none.

    Neither does what converges in closed form.
    """
    if plan.training.algorithm == "convergence":
        return np.nan, np.nan
    if plan.training.adaptive:
        rate = plan.training.adam_learning_rate / width**0.5 if plan.learning_rate is None else plan.learning_rate
        return rate, np.nan
    largest = largest_learning_rate(ntk)
    rate = plan.fraction * largest if plan.learning_rate is None else plan.learning_rate
    return rate, largest * (1 + momentum_after(plan.training.momenta, 0))


def moments_of_members(table: pd.DataFrame, confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """A row for every ensemble of a member table: mu_L, sigma_L and eps_L with bootstrap intervals over its members."""
    rows = []
    for key, group in groups(table, KEYS):
        rng = seeds.generator(seed, "bootstrap", *map(str, key.values()))
        row = key | {"members": len(group), "draws": 1}
        row |= statistics_over_members(group["test_loss"].to_numpy(), confidence, resamples, rng)
        means = ("training_loss", "learning_rate", "flipped_share", "reached")
        row |= {name: group[name].astype(float).mean() for name in means if name in group}
        rows.append(row | {"linearised_correlation": linearised_correlation(table, key)})
    return in_order(pd.DataFrame(rows))
