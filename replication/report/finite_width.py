"""The report's tables on finite width: order 1/n, the width that suffices, training varied."""

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import plus_minus, shorter
from replication.scaling_laws.tables import groups
from replication.schema import SUBJECT, TRAINED, VARIATION

EPS = "coefficient_of_variation"


def least_widths_table(widths: pd.DataFrame) -> pd.DataFrame:
    """b, c as computed and as measured, and the width from which infinite width serves."""
    rows = []
    for row in widths.to_dict("records"):
        shown = {name: row[name] for name in SUBJECT} | {"outputs": row["value"], "N_D": row["training_size"]}
        shown |= {"b": f"{row['b']:.3g}", "c": plus_minus(row["c"], row["c_error"])}
        measured = row["measured_c"], row["measured_c_error"]
        shown["c measured"] = "beyond the expansion" if np.isnan(measured[0]) else plus_minus(*measured)
        shown["serves from n ="] = f"{max(row['predicted'], row['reach']):.0f}"
        rows.append(shown | {"of these N_D": f"{max(row['predicted'], row['reach']) / row['training_size']:.1f}"})
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
    stem = shorter(row, EPS)
    estimate, error = row[f"{stem}{EPS}"], row[f"{stem}{EPS}_standard_error"]
    expected = row[f"expected_{EPS}"]
    distance = (estimate - expected) / np.hypot(error, row[f"expected_{EPS}_error"])
    return f"{plus_minus(estimate, error)} ({distance:+.1f})"


def plateaus_table(plateaus: pd.DataFrame) -> pd.DataFrame:
    """The plateau of eps_L of every variant, its slope, and what infinite width says."""
    rows = []
    for label, fit in groups(plateaus, [*SUBJECT, *VARIATION]):
        by = fit.set_index("parameter")
        row = label | {"N_D": f"{fit['smallest'].iloc[0]:.0f} to {fit['largest'].iloc[0]:.0f}"}
        for column, parameter in (("eps_L", "value"), ("d ln eps_L / d ln N_D", "slope")):
            row[column] = plus_minus(by.loc[parameter, "estimate"], by.loc[parameter, "standard_error"])
        expected = by.loc["value", "expected"]
        row["eps_L at infinite width"] = "not known" if np.isnan(expected) else f"{expected:.4f}"
        rows.append(row)
    return pd.DataFrame(rows)
