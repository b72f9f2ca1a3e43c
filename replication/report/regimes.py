"""The report's table on the regimes of arXiv 2102.06701."""

import numpy as np
import pandas as pd

from replication.experiments.regime_names import REGIMES, ROUTES
from replication.report.tables import plus_minus

# an exponent that is no regime's stands beside theirs
TITLES = REGIMES | {"spectrum": "spectrum of the kernel"}


def exponents_table(exponents: pd.DataFrame) -> pd.DataFrame:
    """Every fitted exponent with what is predicted for it, regime by regime."""
    rows = []
    for regime, title in TITLES.items():
        for row in exponents[exponents["regime"] == regime].itertuples():
            predicted = "" if np.isnan(row.prediction) else plus_minus(row.prediction, row.prediction_error)
            rows.append(
                {
                    "regime": title,
                    "route": ROUTES[row.route],
                    "series": row.series,
                    "sizes": f"{row.smallest:g} to {row.largest:g}",
                    "exponent": plus_minus(row.exponent, row.standard_error),
                    "predicted": predicted,
                    "by": "" if pd.isna(row.origin) else row.origin,
                }
            )
    return pd.DataFrame(rows)
