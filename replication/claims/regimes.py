"""The claims of arXiv 2102.06701 on regimes and exponents, by the method that measured."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.claims.verdicts import EquivalenceTest, Subject
from replication.scaling_laws.estimates import Estimate
from replication.schema import (
    ALPHA_K,
    BASELINE,
    CLASSES,
    CURVE,
    DATA_VARIATION,
    FOUR_OVER_D,
    GRADIENT_DESCENT,
    LABELS,
    NOISE,
    RANDOM_FEATURES,
    RANK,
    SUBJECT,
    THREE_OVER_D,
    VARIANCE_LIMITED,
    curve_name,
    regime_of,
    subject_name,
    variation_name,
)
from replication.settings.analysis import Claims

STATEMENTS = {
    "B1 data": "variance-limited in data: the excess loss falls as 1/D",
    "B1 width": "variance-limited in width: the loss less its limit falls as 1/width",
    "B2 data": "resolution-limited in data: the loss falls as a power of D, or bends as the theory does",
    "B2 width": "resolution-limited in width: the loss falls as a power of the width, or bends as the theory does",
    "B3 spectrum": "alpha_D is that of the kernel's spectrum: alpha_K, as so many points resolve it",
    "B3 duality": "alpha_D equals alpha_P, whatever the spectrum (exact by construction in random features)",
    "B4": "alpha_D is 4/d for teachers and students on inputs of d dimensions",
    "B5": "merging classes leaves alpha_D as it is",
    "B6": "noise in the inputs changes alpha_D",
}
Tests = Iterator[tuple[Subject, EquivalenceTest]]


def tests(
    exponents: pd.DataFrame, duality: pd.DataFrame, dimension: pd.DataFrame, differences: pd.DataFrame, claims: Claims
) -> Tests:
    """Every test of every claim by every method.

    exponents, dimension, differences (alpha_D of changed data minus that of the unvaried): as `experiments.laws` brings
    them together; duality: alpha_K, alpha_D, alpha_P and alpha_theory of random features.
    """
    yield from _variance_limited(exponents, claims)
    yield from _resolution_limited(exponents, claims)
    yield from _spectrum(exponents, duality, claims)
    yield from _dimension(dimension, claims)
    yield from _changed_data(exponents, differences, claims)


def _variance_limited(exponents: pd.DataFrame, claims: Claims) -> Tests:
    """B1: the exponent is one, within the bound."""
    low, high = 1 - claims.exponent_of_one, 1 + claims.exponent_of_one
    for row in exponents[exponents["experiment"].isin(VARIANCE_LIMITED)].to_dict("records"):
        claim = f"B1 {_limited_by(row)}"
        yield _subject(row), EquivalenceTest(claim, curve_name(row), "exponent", _exponent(row), low, high)


def _resolution_limited(exponents: pd.DataFrame, claims: Claims) -> Tests:
    """B2: the exponent drifts across the window by what theory says, within a small share of itself.

    Where there is no theory, a power law is asked for: no drift. That the exponent is positive is reported, and beside
    theory the drift itself.
    """
    # what changed data do is asked by B5 and B6, merged classes excepted, which are data as good as the others
    changed = (exponents["experiment"] == DATA_VARIATION) & ~exponents["varied"].isin((BASELINE, CLASSES))
    other = exponents["experiment"].isin(VARIANCE_LIMITED) | (exponents["variable"] == RANK)
    # what stands again beside another prediction, or in another window, is the same curve: the one that theory reaches
    asked = exponents[~changed & ~other].sort_values("theory_drift", key=lambda drift: drift.isna(), kind="stable")
    for row in asked.drop_duplicates(CURVE).sort_index().to_dict("records"):
        claim, scope, bound = f"B2 {_limited_by(row)}", curve_name(row), claims.exponent_drift
        yield _subject(row), EquivalenceTest(claim, scope, "exponent", _exponent(row), 0, np.inf, primary=False)
        bends = np.isfinite(row["theory_drift"])
        quantity = "drift of the exponent over the exponent"
        yield _subject(row), EquivalenceTest(claim, scope, quantity, _drift(row, 0), -bound, bound, primary=not bends)
        if bends:
            quantity = "drift of the exponent less that of the theory, over the exponent"
            yield (
                _subject(row),
                EquivalenceTest(claim, scope, quantity, _drift(row, row["theory_drift"]), -bound, bound),
            )


def _spectrum(exponents: pd.DataFrame, duality: pd.DataFrame, claims: Claims) -> Tests:
    """B3: relative differences of alpha_D and alpha_P to what the spectrum says, and to each other, within the bound.

    What it says is the exponent of the theory at the same sizes: alpha_K as so many points resolve it. The difference
    to alpha_K itself is reported. At infinite width alpha_D is that of random teachers.
    """
    bound = claims.exponent_share
    for row in duality.to_dict("records"):
        scope = curve_name(row | {"experiment": RANDOM_FEATURES})
        for claim, one, other, primary in (
            ("B3 spectrum", "alpha_D", "alpha_theory", True),
            ("B3 spectrum", "alpha_P", "alpha_theory", True),
            ("B3 spectrum", "alpha_D", "alpha_K", False),
            ("B3 spectrum", "alpha_P", "alpha_K", False),
            ("B3 duality", "alpha_D", "alpha_P", True),
        ):
            error = np.hypot(row[f"{one}_standard_error"], row[f"{other}_standard_error"])
            share = Estimate((row[one] - row[other]) / row[other], error / row[other], row["draws"] - 1)
            quantity = f"{one} over {other}, less one"
            yield _subject(row), EquivalenceTest(claim, scope, quantity, share, -bound, bound, primary=primary)
    resolved = (exponents["origin"] == ALPHA_K) & (exponents["method"] == GRADIENT_DESCENT)
    for row in exponents[resolved].to_dict("records"):
        yield _subject(row), _beside(row, "B3 spectrum", "alpha_D over alpha_K, less one", bound)


def _dimension(dimension: pd.DataFrame, claims: Claims) -> Tests:
    """B4: alpha_D d / 4 is one, within the bound, for every dimension; beside it the rival 3/d of ReLU kernels."""
    for origin, words in ((FOUR_OVER_D, "4/d"), (THREE_OVER_D, "3/d")):
        for row in dimension[dimension["origin"] == origin].to_dict("records"):
            test = _beside(row, "B4", f"alpha_D over {words}, less one", claims.exponent_share)
            yield _subject(row), test._replace(primary=origin == FOUR_OVER_D)


def _changed_data(exponents: pd.DataFrame, differences: pd.DataFrame, claims: Claims) -> Tests:
    """B5: alpha_D of merged classes differs by less than the bound; B6: of the noisiest inputs by more, downwards.

    The bound is a share of alpha_D of the labels as they are, and where that is near zero an absolute difference.
    """
    of_labels = differences[differences["target"] == LABELS]
    baselines = exponents[(exponents["varied"] == BASELINE) & (exponents["target"] == LABELS)]
    for (method, task, dataset), rows in of_labels.groupby(["method", *SUBJECT], sort=False):
        merged, noisy = (rows[rows["varied"] == varied] for varied in (CLASSES, NOISE))
        if merged.empty:  # an energy: the paper speaks of classified images
            continue
        same = (baselines[["experiment", "method", *SUBJECT]] == [DATA_VARIATION, method, task, dataset]).all(axis=1)
        bound = max(claims.exponent_share * baselines[same].iloc[0]["exponent"], claims.exponent_difference / 2)
        for claim, quantity, changed, low, high in (
            ("B5", "change of alpha_D by merging classes", merged, -bound, bound),
            ("B6", "change of alpha_D by noise", noisy[noisy["value"] == noisy["value"].max()], -np.inf, -bound),
        ):
            for row in changed.to_dict("records"):
                moved = Estimate(row["difference"], row["difference_standard_error"], row["degrees_of_freedom"])
                scope = f"{subject_name(task, dataset)}, {variation_name(row['varied'], row['value'])}"
                yield _subject(row), EquivalenceTest(claim, scope, quantity, moved, low, high)


def _subject(row: dict) -> Subject:
    return Subject(method=row["method"])


def _limited_by(row: dict) -> str:
    """What limits the loss of a curve: "data" or "width"."""
    return regime_of(row["experiment"]).rsplit("_", 1)[1]


def _beside(row: dict, claim: str, quantity: str, bound: float) -> EquivalenceTest:
    """The relative difference of an exponent and what was predicted for it."""
    error = np.hypot(row["exponent_standard_error"], np.nan_to_num(row["prediction_standard_error"]))
    share = Estimate(row["exponent"] / row["prediction"] - 1, error / row["prediction"], row["degrees_of_freedom"])
    return EquivalenceTest(claim, curve_name(row), quantity, share, -bound, bound)


def _drift(row: dict, expected: float) -> Estimate:
    """The drift of the local exponent less what was expected of it, as a share of the exponent."""
    numbers = ((row["drift"] - expected) / row["exponent"], row["drift_standard_error"] / abs(row["exponent"]))
    return Estimate(*numbers, row["degrees_of_freedom"])


def _exponent(row: dict) -> Estimate:
    return Estimate(row["exponent"], row["exponent_standard_error"], row["degrees_of_freedom"])
