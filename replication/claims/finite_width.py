"""What is asked of finite width beyond arXiv 2503.05938: corrections in 1 / n, and other ways to train and build."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.claims.ensembles import plateau
from replication.claims.verdicts import SYMBOLS, EquivalenceTest, Subject, estimate_of
from replication.scaling_laws.width_corrections import DIFFERENCE, mean_intercepts
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
    corrections: pd.DataFrame, sizes: tuple[int, ...], plateaus: pd.DataFrame, claims: Claims
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """Every test of every claim: `corrections` over the training sizes given, `plateaus` of the variations."""
    yield from _intercepts(corrections, sizes, claims)
    yield from _plateaus(plateaus, claims)


def _intercepts(
    corrections: pd.DataFrame, sizes: tuple[int, ...], claims: Claims
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """W1: the intercept of ln y in 1 / n, mean over the window, lies within the bound of infinite width."""
    bound = claims.width_intercept
    for (task, dataset, method, statistic), intercept in mean_intercepts(corrections, sizes):
        if method == DIFFERENCE or statistic == "coefficient_of_variation":  # eps_L follows from the other two
            continue
        quantity = f"ln of {SYMBOLS[statistic]} over infinite width, extrapolated"
        scope = f"N_D {sizes[0]} to {sizes[-1]}"
        yield Subject(task, dataset), EquivalenceTest(f"W1 {method}", scope, quantity, intercept, -bound, bound)


def _plateaus(plateaus: pd.DataFrame, claims: Claims) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """T: the slope of ln eps_L lies within the bound, as in A2."""
    slopes = plateaus[plateaus["parameter"] == "slope"]
    for (task, dataset), rows in slopes.groupby(["task", "dataset"], sort=False):
        at_infinite_width = estimate_of(rows[np.isinf(rows["width"])].iloc[0])
        for row in rows[np.isfinite(rows["width"])].to_dict("records"):
            scope = f"{row['varied']} {row['value']}"
            yield (
                Subject(task, dataset),
                plateau(f"T {row['varied']}", scope, estimate_of(row), at_infinite_width, claims),
            )
