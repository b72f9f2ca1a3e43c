"""Stage: one table of mu_L, sigma_L and eps_L with intervals, blind to how the losses came about."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication import seeds
from replication.loss_distribution.moments import (
    INFINITE_TEST_SET,
    STATISTICS,
    statistics_over_draws,
    statistics_over_members,
)
from replication.settings.analysis import Statistics
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

INTERVAL = ["loss_lower", "loss_median", "loss_upper"]
CURVE = ["task", "dataset", "method", "width", "training_size", "training_time"]


def summarize_losses(paths: RunPaths, seed: int, tasks: dict[str, TaskSettings], statistics: Statistics) -> None:
    """Estimate mean, standard deviation and coefficient of variation of the test loss, with intervals."""
    exact = files.read_tables(paths.results("infinite_width"), list(tasks))
    members = files.read_tables(paths.results("members"), list(tasks))
    same_run = ["task", "training_size", "training_time", "draw"]
    predicted = exact[exact["method"] == "gradient_descent"].set_index(same_run)
    trained = [
        _of_members(key, group, seed, statistics) | _coverage(group, predicted.loc[tuple(key[k] for k in same_run)])
        for key, group in _grouped(members, [*CURVE, "draw"])
    ]
    infinite = [_of_draws(key, group, statistics) for key, group in _grouped(exact, CURVE)]
    curves = pd.concat([pd.DataFrame(infinite), pd.DataFrame(trained).drop(columns="draw")], ignore_index=True)
    files.write_table(paths.results("test_loss.csv"), pd.concat([_exact(exact), pd.DataFrame(trained)]))
    files.write_table(paths.results("learning_curves.csv"), curves)


def _grouped(table: pd.DataFrame, columns: list[str]) -> Iterator[tuple[dict, pd.DataFrame]]:
    for key, group in table.groupby(columns, sort=False):
        yield dict(zip(columns, key, strict=True)), group


def _coverage(members: pd.DataFrame, predicted: pd.Series) -> dict:
    """Share of members whose loss lies in the interval predicted at infinite width for the same set and steps.

    As it is, and with losses and interval each relative to its mean, which is free of the shift of mu_L with the width;
    the mean being estimated from the same k members, deviations from it are stretched by sqrt(k / (k - 1)).
    """
    losses, count = members["test_loss"].to_numpy(), len(members)
    stretched = 1 + (losses / losses.mean() - 1) * np.sqrt(count / (count - 1))
    lower, upper = predicted["loss_lower"], predicted["loss_upper"]
    within = (lower <= losses) & (losses <= upper)
    relative = (lower <= stretched * predicted["mean"]) & (stretched * predicted["mean"] <= upper)
    return {"covered": within.mean(), "covered_relative": relative.mean()}


def _of_members(key: dict, group: pd.DataFrame, seed: int, statistics: Statistics) -> dict:
    rng = seeds.generator(seed, "bootstrap", *map(str, key.values()))
    losses = group["test_loss"].to_numpy()
    row = key | {"draws": 1, "members": len(group), "training_loss": group["training_loss"].mean()}
    return row | statistics_over_members(losses, statistics.confidence, statistics.resamples, rng)


def _of_draws(key: dict, group: pd.DataFrame, statistics: Statistics) -> dict:
    row = key | {"draws": len(group), "members": np.nan, "training_loss": group["training_loss"].mean()}
    return row | statistics_over_draws(group, statistics.confidence)


def _exact(exact: pd.DataFrame) -> pd.DataFrame:
    """Infinite width, draw by draw: exact for its training set, so each interval is the number itself."""
    table = exact[[*CURVE, "draw", *INTERVAL]].assign(draws=1, members=np.nan, training_loss=exact["training_loss"])
    for name in (*STATISTICS, INFINITE_TEST_SET):
        own = {end: exact[name] for end in ("", "_lower", "_upper")} | {"_standard_error": 0.0}
        table = table.assign(**{f"{name}{end}": value for end, value in own.items()})
    return table


if __name__ == "__main__":
    run(summarize_losses)
