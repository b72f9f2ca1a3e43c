"""The report's table on the regimes of arXiv 2102.06701."""

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import plus_minus
from replication.schema import APPROACHES, RANK, REGIMES, curve_name, regime_of

# an exponent that is no regime's stands beside theirs
TITLES = REGIMES | {RANK: "spectrum of the kernel"}


def exponents_table(exponents: pd.DataFrame) -> pd.DataFrame:
    """Every fitted exponent with what is predicted for it, regime by regime."""
    rows = []
    kinds = exponents["experiment"].map(regime_of).mask(exponents["variable"] == RANK, RANK)
    for kind, title in TITLES.items():
        for row in exponents[kinds == kind].to_dict("records"):
            prediction, error = row["prediction"], row["prediction_standard_error"]
            rows.append(
                {
                    "regime": title,
                    "method": APPROACHES[row["method"]],
                    "curve": curve_name(row),
                    "sizes": f"{row['smallest']:g} to {row['largest']:g}",
                    "exponent": plus_minus(row["exponent"], row["exponent_standard_error"]),
                    "predicted": "" if np.isnan(prediction) else plus_minus(prediction, error),
                    "by": "" if pd.isna(row["origin"]) else row["origin"],
                }
            )
    return pd.DataFrame(rows)
