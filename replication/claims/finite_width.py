"""What is asked of finite width beyond arXiv 2503.05938: corrections in 1 / n, and other ways to train and build."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.claims.ensembles import plateau
from replication.claims.verdicts import EquivalenceTest, Subject, estimate_of
from replication.scaling_laws.estimates import Estimate
from replication.schema import PAIRED_DIFFERENCE, SUBJECT, SYMBOLS
from replication.settings.analysis import Claims

STATEMENTS = {
    "T activation": "eps_L of trained networks stops depending on N_D whatever the activation",
    "T algorithm": "eps_L of trained networks stops depending on N_D whatever the training algorithm",
    "T depth": "eps_L of trained networks stops depending on N_D whatever the depth",
    "T parametrisation": "eps_L of trained networks stops depending on N_D whatever the parametrisation",
    "W1 linearised": "extrapolated in 1/n, mu_L and sigma_L of linearised networks reach infinite width",
    "W1 trained": "extrapolated in 1/n, mu_L and sigma_L of trained networks reach infinite width",
}


def tests(
    intercepts: pd.DataFrame, plateaus: pd.DataFrame, claims: Claims
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """Every test of every claim: `intercepts` in 1 / n, mean over the fit window, `plateaus` of the variations."""
    yield from _intercepts(intercepts, claims)
    yield from _plateaus(plateaus, claims)


def _intercepts(intercepts: pd.DataFrame, claims: Claims) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """W1: the intercept of ln y in 1 / n, mean over the window, lies within the bound of infinite width."""
    bound = claims.width_intercept
    for row in intercepts.itertuples():
        if row.method == PAIRED_DIFFERENCE or row.statistic == "coefficient_of_variation":
            continue  # which follow from the other two
        quantity = f"ln of {SYMBOLS[row.statistic]} over infinite width, extrapolated"
        scope = f"N_D {row.smallest} to {row.largest}"
        estimate = Estimate(row.intercept, row.intercept_standard_error, row.degrees_of_freedom)
        test = EquivalenceTest(f"W1 {row.method}", scope, quantity, estimate, -bound, bound)
        yield Subject(row.task, row.dataset), test


def _plateaus(plateaus: pd.DataFrame, claims: Claims) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """T: the slope of ln eps_L lies within the bound, as in A2."""
    slopes = plateaus[plateaus["parameter"] == "slope"]
    for (task, dataset), rows in slopes.groupby(SUBJECT, sort=False):
        at_infinite_width = estimate_of(rows[np.isinf(rows["width"])].iloc[0])
        for row in rows[np.isfinite(rows["width"])].to_dict("records"):
            scope = f"{row['varied']} {row['value']}"
            test = plateau(f"T {row['varied']}", scope, estimate_of(row), at_infinite_width, claims)
            yield Subject(task, dataset), test
