"""The report's tables on finite width: corrections in 1 / n, onsets of the dependence on width, training varied."""

import numpy as np
import pandas as pd

from replication.claims.verdicts import SYMBOLS
from replication.report.tables import plus_minus
from replication.scaling_laws.width_corrections import DIFFERENCE, mean_intercepts

WHAT = {"trained": "trained", "linearised": "linearised", DIFFERENCE: "trained less linearised"}


def corrections_table(corrections: pd.DataFrame, sizes: tuple[int, ...]) -> pd.DataFrame:
    """Extrapolation to 1 / n = 0 as a mean over the fit window, and the slope in 1 / n at the ends of it."""
    rows = []
    slopes = corrections[corrections["parameter"] == "slope"]
    for (task, dataset, method, statistic), intercept in mean_intercepts(corrections, sizes):
        own = slopes[(slopes["task"] == task) & (slopes["method"] == method) & (slopes["statistic"] == statistic)]
        row = {"task": task, "dataset": dataset, "members": WHAT[method], "statistic": SYMBOLS[statistic]}
        row["over infinite width, extrapolated"] = (
            plus_minus(intercept.value, intercept.error)
            if method == DIFFERENCE
            else plus_minus(np.exp(intercept.value), np.exp(intercept.value) * intercept.error)
        )
        for size in (sizes[0], sizes[-1]):
            fit = own[own["training_size"] == size].iloc[0]
            row[f"correction times n, N_D = {size}"] = plus_minus(fit["estimate"], fit["standard_error"])
        rows.append(row)
    return pd.DataFrame(rows)


def onsets_table(crossovers: pd.DataFrame) -> pd.DataFrame:
    """N_D beyond which mu_L is further than the declared share from infinite width."""
    rows = [
        {
            "task": row.task,
            "dataset": row.dataset,
            "members": WHAT[row.method],
            "width": f"{row.width:g}",
            "follows infinite width up to N_D": _size(row.crossover_training_size),
            "interval": f"{_size(row.lower)} to {_size(row.upper)}",
        }
        for row in crossovers.itertuples()
    ]
    return pd.DataFrame(rows)


def _size(crossover_training_size: float) -> str:
    if crossover_training_size == 0:
        return "none"
    return "all" if np.isinf(crossover_training_size) else f"{crossover_training_size:.0f}"


def plateaus_table(plateaus: pd.DataFrame) -> pd.DataFrame:
    """The plateau of eps_L of every variant, its slope, and what infinite width says."""
    trained = plateaus[np.isfinite(plateaus["width"])]
    keys = ["task", "dataset", "varied", "value"]
    rows = []
    for key, own in trained.groupby(keys, sort=False):
        by = own.set_index("parameter")
        row = dict(zip(keys, key, strict=True)) | {"N_D": f"{own['smallest'].iloc[0]} to {own['largest'].iloc[0]}"}
        for column, parameter in (("eps_L", "value"), ("d ln eps_L / d ln N_D", "slope")):
            row[column] = plus_minus(by.loc[parameter, "estimate"], by.loc[parameter, "standard_error"])
        expected = by.loc["value", "expected"]
        row["eps_L at infinite width"] = "not known" if np.isnan(expected) else f"{expected:.4f}"
        rows.append(row)
    return pd.DataFrame(rows)
