"""Whether numbers that others published are found again."""

import pandas as pd

from replication.claims.verdicts import EquivalenceTest, verdict
from replication.scaling_laws.fits import Estimate


def with_verdicts(table: pd.DataFrame, significance: float) -> pd.DataFrame:
    """The table with a column `verdict`: whether the recomputed number lies within `tolerance` of the published one."""
    tests = [
        EquivalenceTest(
            claim="",
            scope="",
            quantity=row.quantity,
            estimate=Estimate(row.recomputed, row.standard_error, row.degrees_of_freedom),
            low=row.published - row.tolerance,
            high=row.published + row.tolerance,
        )
        for row in table.itertuples()
    ]
    return table.assign(verdict=[verdict(test, significance) for test in tests])
