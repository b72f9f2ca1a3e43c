"""Means over draws of the training set with their intervals, as figures of infinite width show them."""

import pandas as pd

from replication.loss_distribution.moments import over_draws

CONFIDENCE = 0.68  # of the bands over draws of the training set


def over_training_sets(table: pd.DataFrame, column: str, by: str = "training_size") -> pd.DataFrame:
    """Mean of a column over draws of the training set and its interval, for each value of `by`, ascending.

    Columns by, estimate, lower, upper; a single draw has no interval.
    """
    rows = [(value, *over_draws(draws.to_numpy(), CONFIDENCE)[:3]) for value, draws in table.groupby(by)[column]]
    return pd.DataFrame(rows, columns=[by, "estimate", "lower", "upper"])
