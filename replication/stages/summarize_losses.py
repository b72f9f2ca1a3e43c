"""Stage: one table of mu_L, sigma_L and eps_L with intervals, blind to how the losses came about."""

import numpy as np
import pandas as pd

from replication import seeds
from replication.settings import Statistics, Task
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place
from replication.test_loss import STATISTICS, bootstrap, over_draws

CURVE = ["task", "source", "method", "width", "training_size", "training_time"]


def summarize_losses(place: Place, seed: int, tasks: dict[str, Task], statistics: Statistics) -> None:
    """Estimate mean, standard deviation and coefficient of variation of the test loss, with intervals."""
    exact = files.read_tables(place.results("infinite_width"), list(tasks))
    members = files.read_tables(place.results("members"), list(tasks))
    trained = [
        _of_members(dict(zip([*CURVE, "draw"], key, strict=True)), group, seed, statistics)
        for key, group in members.groupby([*CURVE, "draw"], sort=False)
    ]
    infinite = [
        _of_draws(dict(zip(CURVE, key, strict=True)), group, statistics)
        for key, group in exact.groupby(CURVE, sort=False)
    ]
    curves = pd.concat([pd.DataFrame(infinite), pd.DataFrame(trained).drop(columns="draw")], ignore_index=True)
    files.write_table(place.results("test_loss.csv"), pd.concat([_exact(exact), pd.DataFrame(trained)]))
    files.write_table(place.results("learning_curves.csv"), curves)


def _of_members(key: dict, group: pd.DataFrame, seed: int, statistics: Statistics) -> dict:
    rng = seeds.generator(seed, "bootstrap", *map(str, key.values()))
    losses = group["test_loss"].to_numpy()
    row = key | {"draws": 1, "members": len(group), "training_loss": group["training_loss"].mean()}
    for entry in bootstrap(losses, statistics.confidence, statistics.resamples, rng).itertuples():
        row |= _columns(entry.statistic, entry.estimate, entry.lower, entry.upper, entry.standard_error)
    return row


def _of_draws(key: dict, group: pd.DataFrame, statistics: Statistics) -> dict:
    row = key | {"draws": len(group), "members": np.nan, "training_loss": group["training_loss"].mean()}
    for name in STATISTICS:
        row |= _columns(name, *over_draws(group[name].to_numpy(), statistics.confidence))
    return row


def _exact(exact: pd.DataFrame) -> pd.DataFrame:
    """Infinite width, draw by draw: exact for its training set, so each interval is the number itself."""
    table = exact[[*CURVE, "draw"]].assign(draws=1, members=np.nan, training_loss=exact["training_loss"])
    for name in STATISTICS:
        table = table.assign(**_columns(name, exact[name], exact[name], exact[name], 0.0))
    return table


def _columns(name, estimate, lower, upper, standard_error):
    return {name: estimate, f"{name}_lower": lower, f"{name}_upper": upper, f"{name}_standard_error": standard_error}


if __name__ == "__main__":
    run(summarize_losses)
