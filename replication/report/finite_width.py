"""The report's tables on finite width: corrections in 1 / n, where the width begins to matter, training varied."""

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import plus_minus
from replication.scaling_laws.tables import groups, matching
from replication.schema import PAIRED_DIFFERENCE, SUBJECT, SYMBOLS, VARIATION

WHAT = {"trained": "trained", "linearised": "linearised", PAIRED_DIFFERENCE: "trained less linearised"}


def corrections_table(intercepts: pd.DataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """Extrapolation to 1 / n = 0 as a mean over the fit window, and the slope in 1 / n at the ends of it."""
    rows = []
    slopes = corrections[corrections["parameter"] == "slope"]
    for row in intercepts.to_dict("records"):
        shown = {name: row[name] for name in SUBJECT}
        shown |= {"members": WHAT[row["method"]], "statistic": SYMBOLS[row["statistic"]]}
        value, error = row["intercept"], row["intercept_standard_error"]
        if row["method"] != PAIRED_DIFFERENCE:  # whose ratio itself is a straight line in 1 / n
            value, error = np.exp(value), np.exp(value) * error
        shown["over infinite width, extrapolated"] = plus_minus(value, error)
        of_curve = matching(slopes, {name: row[name] for name in ("task", "method", "statistic")})
        for size in (row["smallest"], row["largest"]):
            fit = of_curve[of_curve["training_size"] == size].iloc[0]
            shown[f"correction times n, N_D = {size}"] = plus_minus(fit["estimate"], fit["standard_error"])
        rows.append(shown)
    return pd.DataFrame(rows)


def crossovers_table(crossovers: pd.DataFrame) -> pd.DataFrame:
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


def _size(crossover: float) -> str:
    if crossover == 0:
        return "none"
    return "all" if np.isinf(crossover) else f"{crossover:.0f}"


def plateaus_table(plateaus: pd.DataFrame) -> pd.DataFrame:
    """The plateau of eps_L of every variant, its slope, and what infinite width says."""
    rows = []
    for label, fit in groups(plateaus[np.isfinite(plateaus["width"])], [*SUBJECT, *VARIATION]):
        by = fit.set_index("parameter")
        row = label | {"N_D": f"{fit['smallest'].iloc[0]:.0f} to {fit['largest'].iloc[0]:.0f}"}
        for column, parameter in (("eps_L", "value"), ("d ln eps_L / d ln N_D", "slope")):
            row[column] = plus_minus(by.loc[parameter, "estimate"], by.loc[parameter, "standard_error"])
        expected = by.loc["value", "expected"]
        row["eps_L at infinite width"] = "not known" if np.isnan(expected) else f"{expected:.4f}"
        rows.append(row)
    return pd.DataFrame(rows)
