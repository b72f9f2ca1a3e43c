"""Exponents of learning curves of one task as its images, classes and noise vary (arXiv 2102.06701)."""

import pandas as pd

from replication.scaling_laws.exponents import curves, difference_row, exponent_row
from replication.scaling_laws.fits import fit_draws, power_law
from replication.scaling_laws.tables import groups, matching
from replication.schema import ALPHA_K, BASELINE, CURVE, RANK, TEACHER
from replication.settings.sections import Window

DATA = "training_size"


def exponents(
    losses: pd.DataFrame, window: Window, confidence: float, theory_window: Window | None = None
) -> pd.DataFrame:
    """alpha_D of every curve in the window; where the theory was asked, again in its window, beside its exponent.

    losses: CURVE, draw, training_size, mean, theory. The theory's exponent for the teacher is alpha_K, of the spectrum
    as n points resolve it, n in that window.
    """
    rows = []
    for label, curve in groups(losses, CURVE):
        rows.append(label | exponent_row(DATA, *curves(curve, window), confidence))
        if theory_window and curve["theory"].notna().any():
            rows.append(label | _beside_theory(curve, theory_window, confidence))
    return pd.DataFrame(rows)


def spectrum_exponents(spectra: pd.DataFrame, ranks: Window, confidence: float) -> pd.DataFrame:
    """alpha_K of eigenvalues i^-(1+alpha_K) of a sample in a window of ranks i; errors over draws of the sample.

    spectra: CURVE, draw, rank, eigenvalue. Rows as those of `exponents`, with the variable "rank".
    """
    rows = []
    for label, spectrum in groups(spectra, CURVE):
        row = exponent_row(RANK, *curves(spectrum, ranks, RANK, "eigenvalue"), confidence)
        rows.append(label | row | {name: row[name] - 1 for name in ("exponent", "exponent_lower", "exponent_upper")})
    return pd.DataFrame(rows)


def exponent_differences(losses: pd.DataFrame, window: Window, confidence: float) -> pd.DataFrame:
    """alpha_D of every variation minus that of the unvaried data on the same draws, with the interval of the pairs."""
    rows = []
    for label, curve in groups(losses, CURVE):
        if label["varied"] == BASELINE:
            continue
        same = {name: label[name] for name in CURVE if name != "value"} | {"varied": BASELINE}
        sizes, y = curves(curve, window)
        _, reference = curves(matching(losses, same), window)
        rows.append(label | difference_row(sizes, y, reference, confidence))
    return pd.DataFrame(rows)


def _beside_theory(curve: pd.DataFrame, window: Window, confidence: float) -> dict:
    sizes, theory = curves(curve, window, value="theory")
    _, y = curves(curve[curve["theory"].notna()], window)
    predicted = fit_draws(power_law, sizes, theory).parameters["exponent"]
    teacher = curve["target"].iloc[0] == TEACHER
    origin = ALPHA_K if teacher else "spectrum and target, learning-curve theory"
    return exponent_row(DATA, sizes, y, confidence, predicted, origin)
