"""The claims of arXiv 2102.06701 on regimes and exponents, by the route that measured: a route is their place."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.claims.verdicts import EquivalenceTest, Subject
from replication.experiments.data_variations import BASELINE, LABELS
from replication.experiments.regime_names import ROUTES
from replication.experiments.regimes import VARIANCE_LIMITED
from replication.infinite_width.resolution import TEACHER
from replication.scaling_laws.fits import Estimate
from replication.settings.analysis import Claims

STATEMENTS = {
    "B1 data": "variance-limited in data: the excess loss falls as 1/D",
    "B1 width": "variance-limited in width: the loss less its limit falls as 1/width",
    "B2 data": "resolution-limited in data: the loss falls as a power of D",
    "B2 width": "resolution-limited in width: the loss falls as a power of the width",
    "B3 spectrum": "alpha_D is alpha_K, the exponent of the kernel's spectrum",
    "B3 duality": "alpha_D equals alpha_P, whatever the spectrum",
    "B4": "alpha_D is 4/d for teachers and students on inputs of d dimensions",
    "B5": "merging classes leaves alpha_D as it is",
    "B6": "noise in the inputs changes alpha_D",
}


def tests(
    exponents: pd.DataFrame, duality: pd.DataFrame, dimension: pd.DataFrame, differences: pd.DataFrame, claims: Claims
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """Every test of every claim by every route.

    exponents, dimension: as `regimes` brings them together; duality: alpha_K, alpha_D and alpha_P of random features;
    differences: alpha_D of changed data minus that of the unvaried, of every route.
    """
    yield from _variance_limited(exponents, claims)
    yield from _resolution_limited(exponents, claims)
    yield from _spectrum(exponents, duality, claims)
    yield from _dimension(dimension, claims)
    yield from _changed_data(exponents, differences, claims)


def _variance_limited(exponents: pd.DataFrame, claims: Claims) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """B1: the exponent is one, within the bound."""
    low, high = 1 - claims.exponent_of_one, 1 + claims.exponent_of_one
    for row in exponents[exponents["regime"].isin(VARIANCE_LIMITED)].itertuples():
        claim = f"B1 {row.regime.split('_')[1]}"
        yield _subject(row.route), EquivalenceTest(claim, row.series, "exponent", _exponent(row), low, high)


def _resolution_limited(exponents: pd.DataFrame, claims: Claims) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """B2: the exponent is positive, and drifts less than the bound across the window."""
    unvaried = exponents["varied"].fillna(BASELINE) == BASELINE  # what changed data do is asked by B5 and B6
    own = exponents[exponents["regime"].isin(("resolution_data", "resolution_width")) & unvaried]
    # what stands again beside another prediction, or in a window where only a theory reaches, is the same curve
    for row in own.drop_duplicates(["route", "regime", "series"]).itertuples():
        claim, bound = f"B2 {row.regime.split('_')[1]}", claims.exponent_drift
        drift = Estimate(row.drift, row.drift_standard_error, row.degrees_of_freedom)
        yield _subject(row.route), EquivalenceTest(claim, row.series, "exponent", _exponent(row), 0, np.inf)
        yield _subject(row.route), EquivalenceTest(claim, row.series, "drift of the exponent", drift, -bound, bound)


def _spectrum(
    exponents: pd.DataFrame, duality: pd.DataFrame, claims: Claims
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """B3: relative differences of alpha_D and alpha_P to alpha_K, and to each other, lie within the bound.

    At infinite width alpha_K is that of the spectrum as so many points resolve it, and alpha_D that of random teachers.
    """
    bound = claims.exponent_share
    subject = _subject("random_features")
    for row in duality.to_dict("records"):
        for claim, one, other in (
            ("B3 spectrum", "alpha_D", "alpha_K"),
            ("B3 spectrum", "alpha_P", "alpha_K"),
            ("B3 duality", "alpha_D", "alpha_P"),
        ):
            error = np.hypot(row[f"{one}_standard_error"], row[f"{other}_standard_error"])
            share = Estimate((row[one] - row[other]) / row[other], error / row[other], row["draws"] - 1)
            yield subject, EquivalenceTest(claim, row["series"], f"{one} over {other}, less one", share, -bound, bound)
    resolved = exponents["origin"] == "alpha_K of the spectrum"
    for row in exponents[resolved & (exponents["route"] == "infinite_width")].itertuples():
        yield _subject(row.route), _beside(row, "B3 spectrum", "alpha_D over alpha_K, less one", bound)


def _dimension(dimension: pd.DataFrame, claims: Claims) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """B4: alpha_D d / 4 is one, within the bound, for every dimension."""
    for row in dimension[dimension["origin"] == "4/d"].itertuples():
        yield _subject(row.route), _beside(row, "B4", "alpha_D over 4/d, less one", claims.exponent_share)


def _changed_data(
    exponents: pd.DataFrame, differences: pd.DataFrame, claims: Claims
) -> Iterator[tuple[Subject, EquivalenceTest]]:
    """B5: alpha_D of merged classes differs by less than the bound; B6: of the noisiest inputs by more, downwards.

    Both relative to alpha_D of the labels as they are.
    """
    bound = claims.exponent_share
    for (route, task, dataset), rows in differences.groupby(["route", "task", "dataset"], sort=False):
        series = exponents["series"] == f"{task} ({dataset}), {LABELS}"
        own = exponents[series & (exponents["route"] == route)].iloc[0]
        merged = rows[(rows["varied"] == BASELINE) & (rows["target"] != TEACHER)]
        if merged.empty:  # an energy: the paper speaks of classified images
            continue
        noisy = rows[(rows["varied"] == "noise") & (rows["target"] == LABELS)]
        for claim, quantity, changed, low, high in (
            ("B5", "change of alpha_D by merging classes", merged, -bound, bound),
            ("B6", "change of alpha_D by noise", noisy[noisy["value"] == noisy["value"].max()], -np.inf, -bound),
        ):
            for row in changed.itertuples():
                what = row.target if claim == "B5" else f"noise {row.value:g}"
                share = Estimate(
                    row.difference / own.exponent, row.standard_error / own.exponent, row.degrees_of_freedom
                )
                yield _subject(route), EquivalenceTest(claim, f"{task} ({dataset}), {what}", quantity, share, low, high)


def _subject(route: str) -> Subject:
    return Subject(ROUTES[route], "")


def _beside(row, claim: str, quantity: str, bound: float) -> EquivalenceTest:
    """The relative difference of an exponent and what was predicted for it."""
    error = np.hypot(row.standard_error, np.nan_to_num(row.prediction_error))
    share = Estimate(row.exponent / row.prediction - 1, error / row.prediction, row.degrees_of_freedom)
    return EquivalenceTest(claim, row.series, quantity, share, -bound, bound)


def _exponent(row) -> Estimate:
    return Estimate(row.exponent, row.standard_error, row.degrees_of_freedom)
