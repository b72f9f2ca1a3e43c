"""Exponents of learning curves of one task as its images, classes and noise vary: tables in, tables out."""

import pandas as pd

from replication.infinite_width.resolution import TEACHER
from replication.scaling_laws.exponents import curves, difference_row, exponent_row, mean_curve
from replication.scaling_laws.fits import Estimate, fit_draws, power_law
from replication.settings.sections import Window

BASELINE, LABELS = "none", "labels"  # what is varied, and targets that stand as they are
CASE = ["task", "dataset", "varied", "value", "target"]
INFINITE_WIDTH = "infinite_width"  # the route that other functions take unless told


def regime_table(losses: pd.DataFrame, route: str = INFINITE_WIDTH) -> pd.DataFrame:
    """Curves in the form that all routes share: route, regime, series, variable, size, loss, standard_error, ..."""
    means = mean_curve(losses, CASE)
    means = means.assign(**_place(route), variable="training_size", series=_series(means))
    leading = ["route", "regime", "series", "variable", "size", "loss", "standard_error", "theory", "draws"]
    return means[[*leading, *CASE]]


def exponents(
    losses: pd.DataFrame,
    window: Window,
    confidence: float,
    theory_window: Window | None = None,
    route: str = INFINITE_WIDTH,
) -> pd.DataFrame:
    """alpha_D of every curve in the window; where the theory was asked, again in its window, beside its exponent.

    The theory's exponent for the teacher is alpha_K, of the spectrum as n points resolve it, n in that window.
    """
    rows = []
    for case, curve in losses.groupby(CASE, sort=False):
        label = dict(zip(CASE, case, strict=True)) | _place(route) | {"variable": "training_size"}
        rows.append(label | exponent_row(*curves(curve, window), confidence))
        if theory_window and curve["theory"].notna().any():
            rows.append(label | _beside_theory(curve, theory_window, confidence))
    table = pd.DataFrame(rows)
    table.insert(len(CASE), "series", _series(table))
    return table


def is_baseline(table: pd.DataFrame) -> pd.Series:
    """Which rows are of data as they are: of no variation, or of tables that know none."""
    return table["varied"].isna() | ((table["varied"] == BASELINE) & (table["target"] == LABELS))


def spectrum_exponents(spectra: pd.DataFrame, ranks: Window, confidence: float) -> pd.DataFrame:
    """alpha_K of eigenvalues i^-(1+alpha_K) of a sample in a window of ranks i; errors over draws of the sample.

    A row for each side of the images: as `exponents`, with the regime "spectrum" and the variable "rank".
    """
    rows = []
    for case, spectrum in spectra.groupby(CASE[:-1], sort=False):
        row = exponent_row(*curves(spectrum, ranks, "rank", "eigenvalue"), confidence)
        row |= {name: row[name] - 1 for name in ("exponent", "lower", "upper")}
        label = dict(zip(CASE, (*case, TEACHER), strict=True)) | _place(INFINITE_WIDTH)
        rows.append(label | {"regime": "spectrum", "variable": "rank"} | row)
    table = pd.DataFrame(rows)
    table.insert(len(CASE), "series", _series(table))
    return table


def exponent_differences(losses: pd.DataFrame, window: Window, confidence: float) -> pd.DataFrame:
    """alpha_D of every variation minus that of the unvaried data on the same draws, with the interval of the pairs."""
    rows = []
    unvaried = losses[losses["varied"] == BASELINE].groupby("target")
    own = {target: curves(curve, window)[1] for target, curve in unvaried}
    for case, curve in losses.groupby(CASE, sort=False):
        label = dict(zip(CASE, case, strict=True))
        target = label["target"] if label["target"] == TEACHER else LABELS
        if (label["varied"], label["target"]) == (BASELINE, target):
            continue
        sizes, y = curves(curve, window)
        label |= {"smallest": sizes[0], "largest": sizes[-1], "points": len(sizes)}
        rows.append(label | difference_row(sizes, y, own[target], confidence))
    return pd.DataFrame(rows)


def _place(route: str) -> dict:
    return {"route": route, "regime": "resolution_data"}


def _beside_theory(curve: pd.DataFrame, window: Window, confidence: float) -> dict:
    sizes, theory = curves(curve, window, value="theory")
    _, y = curves(curve[curve["theory"].notna()], window)
    predicted: Estimate = fit_draws(power_law, sizes, theory).parameters["exponent"]
    teacher = curve["target"].iloc[0] == TEACHER
    origin = "alpha_K of the spectrum" if teacher else "spectrum and target, learning-curve theory"
    return exponent_row(sizes, y, confidence, predicted, origin)


def _series(table: pd.DataFrame) -> list[str]:
    texts = {BASELINE: "", "side": ", {0:g} x {0:g} pixels", "noise": ", noise {0:g}"}
    return [
        f"{row.task} ({row.dataset}){texts[row.varied].format(row.value)}, {row.target}" for row in table.itertuples()
    ]
