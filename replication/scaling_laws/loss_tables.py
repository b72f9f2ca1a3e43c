"""One table of mu_L, sigma_L and eps_L with their intervals, blind to how the losses came about."""

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import statistics_over_draws, statistics_over_members
from replication.scaling_laws.coverage import covered
from replication.scaling_laws.tables import groups
from replication.schema import GRADIENT_DESCENT, INFINITE_TEST_SET, KEYS, STATISTICS, STD_INFINITE_TEST_SET
from replication.seeds import generator
from replication.settings.analysis import Statistics

INTERVAL = ["loss_lower", "loss_median", "loss_upper"]
SAME_RUN = ["task", "training_size", "training_time", "draw"]  # training set and steps
OVER_DRAWS = [key for key in KEYS if key != "draw"]


def losses_of_training_sets(
    exact: pd.DataFrame, members: pd.DataFrame, statistics: Statistics, seed: int
) -> pd.DataFrame:
    """A row for each training set, method, width and training time: mu_L, sigma_L, eps_L, and what covers them.

    exact: learning curves at infinite width, draw by draw, whose intervals are the numbers themselves. members: losses
    of members, with bootstrap intervals, and the shares `covered`, `covered_relative` of members in the interval that
    infinite width predicts for the same training set and steps. skill = 1 - mu_L / loss_of_mean, the latter of
    predicting the mean of the targets.
    """
    predicted = exact[exact["method"] == GRADIENT_DESCENT].set_index(SAME_RUN)
    trained = [_of_members(key, rows, predicted, statistics, seed) for key, rows in groups(members, KEYS)]
    losses = pd.concat([_of_infinite_width(exact), pd.DataFrame(trained)], ignore_index=True)
    of_mean = losses["task"].map(exact.groupby("task")["loss_of_mean"].mean())
    return losses.assign(loss_of_mean=of_mean, skill=1 - losses["mean"] / of_mean)


def learning_curves(exact: pd.DataFrame, losses: pd.DataFrame, statistics: Statistics) -> pd.DataFrame:
    """A row for each point of a curve: at infinite width the mean over draws, ensembles as they are."""
    infinite = [
        key
        | {"draws": len(rows), "members": np.nan, "training_loss": rows["training_loss"].mean()}
        | statistics_over_draws(rows, statistics.confidence)
        for key, rows in groups(exact, OVER_DRAWS)
    ]
    ensembles = losses[np.isfinite(losses["width"])].drop(columns=["draw", *INTERVAL])
    table = pd.concat([pd.DataFrame(infinite), ensembles], ignore_index=True)
    of_mean = table["task"].map(losses.groupby("task")["loss_of_mean"].first())
    return table.assign(loss_of_mean=of_mean, skill=1 - table["mean"] / of_mean)


def _of_members(key: dict, rows: pd.DataFrame, predicted: pd.DataFrame, statistics: Statistics, seed: int) -> dict:
    stream = (key[name] for name in ("task", "dataset", "method", "width", "training_size", "training_time", "draw"))
    losses = rows["test_loss"].to_numpy()
    counted = {"draws": 1, "members": len(rows), "training_loss": rows["training_loss"].mean()}
    moments = statistics_over_members(
        losses, statistics.confidence, statistics.resamples, generator(seed, "bootstrap", *map(str, stream))
    )
    shares = covered(losses, predicted.loc[tuple(key[name] for name in SAME_RUN)])
    names = ("covered", "covered_relative")
    return key | counted | moments | {name: inside.mean() for name, inside in zip(names, shares, strict=True)}


def _of_infinite_width(exact: pd.DataFrame) -> pd.DataFrame:
    exact = exact.assign(**{STD_INFINITE_TEST_SET: exact[INFINITE_TEST_SET] * exact["mean"]})
    table = exact[[*KEYS, *INTERVAL]].assign(draws=1, members=np.nan, training_loss=exact["training_loss"])
    for name in (*STATISTICS, INFINITE_TEST_SET, STD_INFINITE_TEST_SET):
        ends = {f"{name}{end}": exact[name] for end in ("", "_lower", "_upper")}
        table = table.assign(**ends, **{f"{name}_standard_error": 0.0})
    return table
