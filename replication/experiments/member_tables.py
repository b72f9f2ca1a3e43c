"""Ensembles of finite width on arrays in memory: losses of their members, and the moments of these, as tables."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

import numpy as np
import pandas as pd

from replication import seeds
from replication.datasets.arrays import Split
from replication.errors import ReplicationError
from replication.experiments import training as training_path
from replication.experiments.exact_curves import DATASET, draws_of, in_order
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.member_store import MemberStore
from replication.finite_width.parametrisation import kernel_rates
from replication.finite_width.runs import Labels, Run
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.finite_time import largest_learning_rate
from replication.loss_distribution.moments import statistics_over_members
from replication.scaling_laws.tables import groups
from replication.schema import KEYS, LEARNING_CURVE
from replication.settings.network import MLP
from replication.settings.training import Algorithm, Execution, Parametrisation, Training
from replication.validation.numbers import check_count, check_share

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


def training_of(steps: int, algorithm: str, parametrisation: str, momentum: float, batch_size: int) -> Training:
    """How members are trained, at a constant learning rate; ReplicationError for values that are out of range."""
    for name, value, kinds in (
        ("algorithm", algorithm, get_args(Algorithm)),
        ("parametrisation", parametrisation, get_args(Parametrisation)),
    ):
        if value not in kinds:
            raise ReplicationError(f"no {name} {value!r}", f"choose one of {', '.join(kinds)}")
    return Training(
        steps=check_count("steps", steps),
        algorithm=cast(Algorithm, algorithm),
        parametrisation=cast(Parametrisation, parametrisation),
        momentum=check_share("momentum", momentum) if momentum else 0.0,
        batch_size=check_count("batch_size", batch_size),
    )


def member_table(
    network: MLP,
    arrays: Split,
    plan: Plan,
    device: str,
    store: Path | None,
    on_progress: OnProgress = lambda member_steps: None,
) -> pd.DataFrame:
    """A row for every member of every ensemble of the plan: its losses, and what made them.

    With a folder `store` members are kept there as they are finished, and those that it holds are not trained again.
    `on_progress` is told how many steps of members were done since it was told last.
    """
    runs = list(_runs(network, arrays, plan))
    with tempfile.TemporaryDirectory() as folder:
        return training_path.member_table(
            runs, MemberStore(store or Path(folder)), Execution(device=device),
            lambda _, member_steps: on_progress(member_steps),
        )  # fmt: skip


def number_of_member_steps(plan: Plan) -> int:
    """How many steps of members `member_table` tells of."""
    ensembles = len(plan.methods) * len(plan.widths) * len(plan.sizes) * (plan.draws or 1)
    return ensembles * plan.members * plan.training.steps


def _runs(network: MLP, arrays: Split, plan: Plan) -> Iterator[Run]:
    for draw, points in draws_of(arrays, max(plan.sizes), plan.draws, plan.seed):
        data = Data(points.x, points.y, points.x_test, points.y_test)
        labels = Labels(LEARNING_CURVE, plan.task, DATASET, draw=draw)
        for ensemble in _ensembles(network, data, plan):
            yield Run(ensemble, plan.members, partial(_same, data), labels)


def _same(data: Data) -> Data:
    return data


def _ensembles(network: MLP, data: Data, plan: Plan) -> Iterator[Ensemble]:
    for width in plan.widths:
        rates = kernel_rates(network, plan.training.parametrisation, data.x.shape[1], width)
        ntk = kernels(network, data.x, None, rates).ntk
        for size in plan.sizes:
            rate, largest = _learning_rate(ntk[:size, :size], width, plan)
            for method in plan.methods:
                yield Ensemble(method, plan.seed, plan.task, network, plan.training, width, size, rate, largest)


def _learning_rate(ntk: np.ndarray, width: int, plan: Plan) -> tuple[float, float]:
    """The learning rate, and the largest stable one of gradient descent at infinite width; Adam knows none."""
    if plan.training.adaptive:
        rate = plan.training.adam_learning_rate / width**0.5 if plan.learning_rate is None else plan.learning_rate
        return rate, np.nan
    momentum = plan.training.momentum if plan.training.algorithm == "momentum" else 0.0
    largest = largest_learning_rate(ntk)
    rate = plan.fraction * largest if plan.learning_rate is None else plan.learning_rate
    return rate, largest * (1 + momentum)


def moments_of_members(table: pd.DataFrame, confidence: float, resamples: int, seed: int) -> pd.DataFrame:
    """A row for every ensemble of a member table: mu_L, sigma_L and eps_L with bootstrap intervals over its members."""
    rows = []
    for key, group in groups(table, KEYS):
        rng = seeds.generator(seed, "bootstrap", *map(str, key.values()))
        row = key | {"members": len(group), "draws": 1}
        row |= statistics_over_members(group["test_loss"].to_numpy(), confidence, resamples, rng)
        means = {name: group[name].mean() for name in ("training_loss", "learning_rate")}
        rows.append(row | means)
    return in_order(pd.DataFrame(rows))
