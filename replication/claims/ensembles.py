"""The claims of arXiv 2503.05938 on ensembles, at infinite width and trained, and the numbers that test them.

Which test is primary, and its range, was declared before the data were made: docs/analysis_plan.md.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.claims.verdicts import EquivalenceTest, Subject, estimate_of
from replication.schema import (
    GRADIENT_DESCENT,
    INFINITE_TEST_SET,
    STD_INFINITE_TEST_SET,
    SUBJECT,
    SYMBOLS,
)
from replication.settings.analysis import Claims

STATEMENTS = {
    "A1 infinite": "mu_L and sigma_L follow power laws in N_D at infinite width",
    "A1 trained": "mu_L and sigma_L of trained networks follow the laws of infinite width in N_D",
    "A2 infinite": "eps_L stops depending on N_D at infinite width, on the test set at hand",
    "A2 infinite test set": "eps_L at infinite width stops depending on N_D when the test set is infinitely large",
    "A2 trained": "eps_L of trained networks stops depending on N_D",
    "A3": "eps_L at finite width is approximated by its infinite-width value, where order 1/n says that it is",
    "A4": "scaling laws of gradient descent at infinite width resemble those of exact Bayesian inference",
    "A5 infinite": "eps_L gives the Bayesian credible interval of the test loss at infinite width",
    "A5 trained": "losses of trained networks fall within the interval that infinite width and order 1/n predict",
}
CONVERGED = "infinite width, converged"
# the statistics whose exponents are tested at infinite width, and on which test set
ON = {"mean": "given", "std": "given", STD_INFINITE_TEST_SET: "infinite"}


def tests(
    laws: pd.DataFrame, comparisons: pd.DataFrame, plateaus: pd.DataFrame, claims: Claims
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """Every test at infinite width of every claim for every task; of trained networks see `finite_width.tests`.

    laws: of the learning curves; comparisons: of gradient descent with Bayes; plateaus: by test set and output scale.
    """
    for (task, dataset), fits in laws.groupby(SUBJECT, sort=False):
        pairs = comparisons[comparisons["task"] == task]
        for test in (
            *_power_laws(fits, claims),
            *_plateaus(plateaus[plateaus["task"] == task], fits, claims),
            *_bayes(pairs, claims),
            *_credible_interval(pairs, claims),
        ):
            yield Subject(task, dataset), test


def _power_laws(fits: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A1: the exponent drifts across the window by a small share of itself, and is positive.

    On an infinitely large test set: on a given one the onset of the plateau of eps_L is a drift of sigma_L.
    """
    bound = claims.exponent_drift
    curve = fits[(fits["method"] == GRADIENT_DESCENT) & (fits["law"] == "power_law")]
    for statistic, test_set in ON.items():
        scope, symbol = f"{CONVERGED}, {test_set} test set", SYMBOLS[statistic]
        row = _row(curve, statistic, "relative_drift")
        quantity, primary = f"drift of the exponent of {symbol} over the exponent", statistic == STD_INFINITE_TEST_SET
        yield EquivalenceTest("A1 infinite", scope, quantity, estimate_of(row), -bound, bound, primary)
        exponent = estimate_of(_row(curve, statistic, "exponent"))
        yield EquivalenceTest("A1 infinite", scope, f"exponent of {symbol}", exponent, 0, np.inf, primary=False)


def _plateaus(plateaus: pd.DataFrame, fits: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A2: the slope of ln eps_L against ln N_D lies within the bound, on the test set at hand and on an infinite one.

    The primary tests are those of the network of the learning curves, and of its number of test points; at other
    output scales and numbers of test points the slope is reported.
    """
    bound = claims.plateau_slope
    kinds = {"A2 infinite": "coefficient_of_variation", "A2 infinite test set": INFINITE_TEST_SET}
    curve = fits[(fits["method"] == GRADIENT_DESCENT) & (fits["law"] == "plateau")]
    for claim, statistic in kinds.items():
        slope = estimate_of(_row(curve, statistic, "slope"))
        yield EquivalenceTest(claim, CONVERGED, "slope of ln eps_L", slope, -bound, bound)
    for row in plateaus.to_dict("records"):
        claim = "A2 infinite test set" if np.isinf(row["test_size"]) else "A2 infinite"
        points = "infinitely many" if np.isinf(row["test_size"]) else f"{row['test_size']:.0f}"
        scope = f"outputs {row['value']}, {points} test points"
        yield EquivalenceTest(claim, scope, "slope of ln eps_L", estimate_of(row), -bound, bound, primary=False)


def _bayes(pairs: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A4: the exponents of gradient descent and Bayes differ by less than the bound."""
    bound = claims.exponent_difference
    for row in pairs[pairs["comparison"] == "exponent_difference"].to_dict("records"):
        quantity, primary = f"difference of the exponents of {SYMBOLS[row['statistic']]}", row["statistic"] == "std"
        yield EquivalenceTest("A4", CONVERGED, quantity, estimate_of(row), -bound, bound, primary)


def _credible_interval(pairs: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A5: the predicted interval is mu_L (1 +- z eps_L), z the quantile of a Gaussian, and eps_L is that of Bayes."""
    for comparison, quantity, ratio in (
        ("interval_ratio", "ln of half the credible interval over z sigma_L", claims.interval_ratio),
        ("bayes_ratio", "ln of eps_L over that of Bayes", claims.width_ratio),
    ):
        bound, primary = float(np.log(ratio)), comparison == "interval_ratio"
        row = pairs[pairs["comparison"] == comparison].iloc[0]
        yield EquivalenceTest("A5 infinite", CONVERGED, quantity, estimate_of(row), -bound, bound, primary)


def _row(curve: pd.DataFrame, statistic: str, parameter: str) -> pd.Series:
    return curve[(curve["statistic"] == statistic) & (curve["parameter"] == parameter)].iloc[0]
