"""Exponents of random features in every regime, and the duality of data and features (arXiv 2102.06701)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.exponents import curves, exponent_row
from replication.scaling_laws.fits import fit_draws, power_law
from replication.scaling_laws.tables import groups
from replication.schema import (
    ALPHA_K,
    CURVE,
    RESOLUTION_LIMITED_DATA,
    RESOLUTION_LIMITED_WIDTH,
    SIZE,
    VARIANCE_LIMITED,
)
from replication.settings.random_features import Curves
from replication.settings.sections import Window

Spectra = Mapping[float, Estimate]  # alpha_K of every value of what is varied: the exponent, or the side of images
SPECTRUM = [name for name in CURVE if name != "experiment"]


def exponents(losses: pd.DataFrame, sizes: Curves, spectra: Spectra, confidence: float) -> pd.DataFrame:
    """Exponent of every curve in its window, beside what is expected: 1, or alpha_K of its spectrum.

    losses: CURVE, draw, width, training_size, mean, theory. Resolution-limited exponents come a second time beside the
    exponent of the theory in the same window.
    """
    rows = []
    for label, curve in groups(losses, CURVE):
        size = SIZE[label["experiment"]]
        variance = label["experiment"] in VARIANCE_LIMITED
        window = sizes.large_window if variance else sizes.window
        x, y = curves(curve, window, size)
        prediction = Estimate(1.0, 0.0) if variance else spectra[label["value"]]
        origin = VARIANCE_LIMITED.get(label["experiment"], ALPHA_K)
        rows.append(label | exponent_row(size, x, y, confidence, prediction, origin))
        if not variance:
            exact = _of_theory(curve, window, size)
            rows.append(label | exponent_row(size, x, y, confidence, exact, "theory, finite size"))
    return pd.DataFrame(rows)


def duality(losses: pd.DataFrame, sizes: Curves, spectra: Spectra, confidence: float) -> pd.DataFrame:
    """A row for each spectrum: draws, and alpha_K, alpha_D, alpha_P, alpha_theory, each with its interval and error.

    alpha_theory is the exponent of the theory in the window of alpha_D and alpha_P: alpha_K as so few see the spectrum.
    """
    rows = []
    for label, table in groups(losses, SPECTRUM):
        estimates = {"alpha_K": spectra[label["value"]]}
        for name, experiment in (("alpha_D", RESOLUTION_LIMITED_DATA), ("alpha_P", RESOLUTION_LIMITED_WIDTH)):
            curve = table[table["experiment"] == experiment]
            fit = fit_draws(power_law, *curves(curve, sizes.window, SIZE[experiment]))
            estimates[name] = fit.parameters["exponent"]
        features = table[table["experiment"] == RESOLUTION_LIMITED_WIDTH]
        estimates["alpha_theory"] = _of_theory(features, sizes.window, "width")
        row = label | {"draws": table["draw"].nunique()}
        for name, estimate in estimates.items():
            row |= estimate.columns(name, confidence)
        rows.append(row)
    return pd.DataFrame(rows)


def _of_theory(curve: pd.DataFrame, window: Window, size: str) -> Estimate:
    """Exponent of the theory, whose draws may all be the same."""
    x, y = curves(curve, window, size, "theory")
    slopes = np.polyfit(np.log(x), np.log(y).T, 1)[0]
    return Estimate(-slopes.mean(), slopes.std(ddof=1) / np.sqrt(len(slopes)), len(slopes) - 1)
