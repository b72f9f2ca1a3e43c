"""The claims of arXiv 2503.05938 on ensembles, at infinite width and trained, and the numbers that test them."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.claims.verdicts import EquivalenceTest, Subject, estimate_of
from replication.scaling_laws.estimates import Estimate
from replication.schema import GRADIENT_DESCENT, INFINITE_TEST_SET, SUBJECT, SYMBOLS, TRAINED
from replication.settings.analysis import Claims

STATEMENTS = {
    "A1 infinite": "mu_L and sigma_L follow power laws in N_D at infinite width",
    "A1 trained": "mu_L and sigma_L of trained networks follow power laws in N_D",
    "A2 infinite": "eps_L stops depending on N_D at infinite width",
    "A2 infinite test set": "eps_L at infinite width stops depending on N_D when the test set is infinitely large",
    "A2 trained": "eps_L of trained networks stops depending on N_D",
    "A3": "eps_L at finite width is approximated by its infinite-width value",
    "A4": "scaling laws of gradient descent at infinite width resemble those of exact Bayesian inference",
    "A5 infinite": "eps_L gives the Bayesian credible interval of the test loss at infinite width",
    "A5 trained": "losses of trained networks fall within the credible interval that infinite width predicts",
}
CONVERGED = "infinite width, converged"


def tests(
    laws: pd.DataFrame, comparisons: pd.DataFrame, claims: Claims, confidence: float
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """Every test of every claim for every task, from the fitted laws and the comparisons made beside them."""
    for (task, dataset), fits in laws.groupby(SUBJECT, sort=False):
        pairs = comparisons[comparisons["task"] == task]
        for test in (
            *_power_laws(fits, claims),
            *_plateaus(fits, pairs, claims),
            *_widths(pairs, claims),
            *_bayes(pairs, claims),
            *_credible_interval(pairs, claims, confidence),
        ):
            yield Subject(task, dataset), test


def _power_laws(fits: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A1: the exponent is positive, and drifts less than the bound across the window."""
    bound = claims.exponent_drift
    for branch, scope, curve in _branches(fits):
        for statistic in ("mean", "std"):
            exponent = _parameter(curve, statistic, "power_law", "exponent")
            drift = _parameter(curve, statistic, "power_law", "drift")
            yield EquivalenceTest(f"A1 {branch}", scope, f"exponent of {SYMBOLS[statistic]}", exponent, 0, np.inf)
            yield EquivalenceTest(
                f"A1 {branch}", scope, f"drift of the exponent of {SYMBOLS[statistic]}", drift, -bound, bound
            )


def _plateaus(fits: pd.DataFrame, pairs: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A2: the slope of ln eps_L against ln N_D lies within the bound.

    At infinite width a window lies below the onset of the plateau if eps_L significantly falls ever more slowly there.
    """
    bound, confidence = claims.plateau_slope, 1 - 2 * claims.significance
    kinds = (("A2 infinite", "coefficient_of_variation"), ("A2 infinite test set", INFINITE_TEST_SET))
    at_infinite_width = estimate_of(pairs[pairs["comparison"] == "slope_in_finite_width_window"].iloc[0])
    for branch, scope, curve in _branches(fits):
        if branch == "trained":
            slope = _parameter(curve, "coefficient_of_variation", "plateau", "slope")
            yield plateau("A2 trained", scope, slope, at_infinite_width, claims)
            continue
        for claim, statistic in kinds:
            slope, drift = (_parameter(curve, statistic, "plateau", name) for name in ("slope", "drift"))
            below_crossover = slope.value < 0 and drift.interval(confidence)[1] < 0
            yield EquivalenceTest(claim, scope, "slope of ln eps_L", slope, -bound, bound, bool(below_crossover))


def plateau(claim: str, scope: str, slope: Estimate, at_infinite_width: Estimate, claims: Claims) -> EquivalenceTest:
    """Whether the slope of trained networks' ln eps_L lies within the bound.

    The window lies below the onset of the plateau if even the infinitely wide network, after the same steps, has not
    reached its own in it: if the interval of its slope ends below the bound.
    """
    bound, confidence = claims.plateau_slope, 1 - 2 * claims.significance
    below_crossover = slope.value < 0 and at_infinite_width.interval(confidence)[1] < -bound
    return EquivalenceTest(claim, scope, "slope of ln eps_L", slope, -bound, bound, bool(below_crossover))


def _widths(pairs: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A3: ln of eps_L over its infinite-width value, for the widest trained networks, lies within the bound.

    On the mean over the window, and at its largest size: at fixed width the infinite-width law is left in the end.
    """
    bound = float(np.log(claims.width_ratio))
    scopes = {"width_ratio": "mean over the window", "width_ratio_at_largest": "at the largest N_D"}
    for comparison, scope in scopes.items():
        ratios = pairs[pairs["comparison"] == comparison]
        widest = ratios.loc[ratios["width"].idxmax()]
        quantity = f"ln of eps_L over infinite width, {scope}"
        yield EquivalenceTest("A3", f"width {widest['width']:g}", quantity, estimate_of(widest), -bound, bound)


def _bayes(pairs: pd.DataFrame, claims: Claims) -> Iterator[EquivalenceTest]:
    """A4: the exponents of gradient descent and Bayes differ by less than the bound."""
    bound = claims.exponent_difference
    for row in pairs[pairs["comparison"] == "exponent_difference"].to_dict("records"):
        quantity = f"difference of the exponents of {SYMBOLS[row['statistic']]}"
        yield EquivalenceTest("A4", CONVERGED, quantity, estimate_of(row), -bound, bound)


def _credible_interval(pairs: pd.DataFrame, claims: Claims, confidence: float) -> Iterator[EquivalenceTest]:
    """A5: the predicted interval is mu_L (1 +- z eps_L), eps_L is that of Bayes, and trained members fall within it.

    z is the quantile of a Gaussian. Members of the widest networks are compared about their own mean: whether eps_L
    is the uncertainty is asked here, whether mu_L has converged in the width is not.
    """
    for comparison, quantity, ratio in (
        ("interval_ratio", "ln of half the credible interval over z sigma_L", claims.interval_ratio),
        ("bayes_ratio", "ln of eps_L over that of Bayes", claims.width_ratio),
    ):
        bound = float(np.log(ratio))
        row = pairs[pairs["comparison"] == comparison].iloc[0]
        yield EquivalenceTest("A5 infinite", CONVERGED, quantity, estimate_of(row), -bound, bound)
    coverage = pairs[pairs["comparison"] == "coverage_relative"]
    widest = coverage.loc[coverage["width"].idxmax()]
    quantity = f"share of members in the {confidence:.0%} credible interval"
    low, high = confidence - claims.coverage, confidence + claims.coverage
    yield EquivalenceTest("A5 trained", f"width {widest['width']:g}", quantity, estimate_of(widest), low, high)


def _branches(fits: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Converged gradient descent at infinite width, then every trained width."""
    infinite = (fits["method"] == GRADIENT_DESCENT) & np.isinf(fits["training_time"])
    yield "infinite", CONVERGED, fits[infinite]
    for width, curve in fits[fits["method"] == TRAINED].groupby("width"):
        yield "trained", f"width {width:g}", curve


def _parameter(curve: pd.DataFrame, statistic: str, law: str, parameter: str) -> Estimate:
    chosen = (curve["statistic"] == statistic) & (curve["law"] == law) & (curve["parameter"] == parameter)
    return estimate_of(curve[chosen].iloc[0])
