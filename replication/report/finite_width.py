"""The report's tables on finite width: corrections in 1 / n, where the width begins to matter, training varied."""

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import plus_minus
from replication.scaling_laws.tables import groups, matching
from replication.schema import PAIRED_DIFFERENCE, SUBJECT, SYMBOLS, TRAINED, VARIATION

EPS = "coefficient_of_variation"
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


def expansion_table(moments: pd.DataFrame) -> pd.DataFrame:
    """eps_L at infinite width, to order 1/n and of ensembles, for every output scale, N_D and width.

    Ensembles stand as the estimate with the smaller error, plain or by control variates, in brackets how many errors it
    lies from what was expected.
    """
    rows = []
    for key, ensembles in groups(moments, [*SUBJECT, "value", "training_size", "width"]):
        first = ensembles.iloc[0]
        row = {name: key[name] for name in SUBJECT} | {"outputs": key["value"], "N_D": key["training_size"]}
        row |= {"width": f"{key['width']:g}", "infinite width": f"{first[f'infinite_{EPS}']:.4g}"}
        order = f"{first[f'expected_{EPS}']:.4g}"
        row["order 1/n"] = f"({order})" if first["beyond_expansion"] else order
        for method, ensemble in ensembles.groupby("method", sort=False):
            row[method] = _beside(ensemble.iloc[0])
            if method == TRAINED:
                row["ReLUs switched"] = f"{ensemble['flipped_share'].iloc[0]:.1%}"
                row["correlation with linearised"] = f"{ensemble['linearised_correlation'].iloc[0]:.2f}"
        rows.append(row)
    return pd.DataFrame(rows)


def _beside(row: pd.Series) -> str:
    stem = min(("", "controlled_"), key=lambda stem: row[f"{stem}{EPS}_standard_error"])
    estimate, error = row[f"{stem}{EPS}"], row[f"{stem}{EPS}_standard_error"]
    expected = row[f"expected_{EPS}"]
    distance = (estimate - expected) / np.hypot(error, row[f"expected_{EPS}_error"])
    return f"{plus_minus(estimate, error)} ({distance:+.1f})"


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
