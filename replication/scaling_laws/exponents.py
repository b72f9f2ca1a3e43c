"""Exponents of the curves of arXiv 2102.06701, in the one form that every method and regime has."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import over_draws
from replication.scaling_laws.estimates import UNKNOWN, Estimate
from replication.scaling_laws.fits import exponent_difference, fit_draws, power_law
from replication.scaling_laws.tables import groups, within
from replication.settings.sections import Window

# columns of every table of exponents, after those that say which curve it is
NUMBERS = [
    "variable", "smallest", "largest", "points", "exponent", "exponent_lower", "exponent_upper",
    "exponent_standard_error", "degrees_of_freedom", "drift", "drift_standard_error", "amplitude", "prediction",
    "prediction_standard_error", "origin",
]  # fmt: skip


def curves(
    table: pd.DataFrame, window: Window, size: str = "training_size", value: str = "mean"
) -> tuple[np.ndarray, np.ndarray]:
    """Sizes within the window, and the values at them: (sizes,) and (draws, sizes), draws in increasing order.

    Several rows of one draw and size, such as of several teachers on one training set, are averaged geometrically.
    """
    inside = within(table, window, size)
    inside = inside[inside[value].notna()]
    logs = np.log(inside[value]).groupby([inside["draw"], inside[size]]).mean().unstack()
    return logs.columns.to_numpy(float), np.exp(logs.to_numpy())


def exponent_row(
    variable: str,
    sizes: np.ndarray,
    y: np.ndarray,
    confidence: float,
    prediction: Estimate = UNKNOWN,
    origin: str = "",
) -> dict:
    """Exponent of y ~ size^-exponent through draws y (draws, sizes), its interval, drift, and what was predicted.

    Errors are jackknifed over draws (`fit_draws`). drift: local exponent at the largest size minus that at the
    smallest. `origin` says where the prediction comes from, `variable` what the sizes are of.
    """
    return _row(variable, sizes, fit_draws(power_law, sizes, y).parameters, confidence, prediction, origin)


def exponent_of_means(
    variable: str,
    curve: pd.DataFrame,
    window: Window,
    confidence: float,
    prediction: Estimate = UNKNOWN,
    origin: str = "",
) -> dict:
    """The same from independent means: `variable`, mean and mean_standard_error in the rows of the window.

    The error is that of the weighted fit in ln loss, times sqrt(chi-square / dof) where the points scatter by more than
    their errors say; the interval is Student's with as many degrees of freedom as the fit has.
    """
    inside = within(curve, window, variable)
    inside = inside[inside["mean"] > 0]
    sizes, losses = inside[variable].to_numpy(float), inside["mean"].to_numpy()
    fit = power_law(sizes, losses, (inside["mean_standard_error"] / inside["mean"]).to_numpy())
    scatter = max(1.0, np.sqrt(fit.chi_square / fit.dof)) if fit.dof else np.nan
    widened = {name: Estimate(found.value, found.error * scatter, fit.dof) for name, found in fit.parameters.items()}
    return _row(variable, sizes, widened, confidence, prediction, origin)


def _row(
    variable: str,
    sizes: np.ndarray,
    parameters: dict[str, Estimate],
    confidence: float,
    prediction: Estimate,
    origin: str,
) -> dict:
    exponent, drift = parameters["exponent"], parameters["drift"]
    window = {"variable": variable, "smallest": sizes[0], "largest": sizes[-1], "points": len(sizes)}
    numbers = exponent.columns("exponent", confidence) | {"degrees_of_freedom": exponent.dof}
    numbers |= {"drift": drift.value, "drift_standard_error": drift.error}
    numbers |= {"amplitude": parameters["amplitude"].value}
    return window | numbers | predicted(prediction, origin)


def predicted(prediction: Estimate, origin: str) -> dict:
    """The columns that say what was predicted for an exponent, and by what."""
    error = {"prediction_standard_error": prediction.error}
    return {"prediction": prediction.value} | error | {"origin": origin}


def difference_row(sizes: np.ndarray, y: np.ndarray, reference: np.ndarray, confidence: float) -> dict:
    """Exponent of y minus that of the reference, both (draws, sizes) on the same draws, paired draw by draw."""
    difference = exponent_difference(sizes, y, reference)
    window = {"smallest": sizes[0], "largest": sizes[-1], "points": len(sizes)}
    return window | difference.columns("difference", confidence) | {"degrees_of_freedom": difference.dof}


def mean_curve(table: pd.DataFrame, keys: Sequence[str], confidence: float) -> pd.DataFrame:
    """Mean over draws of `mean`, with its interval, and of `theory`, and how many `draws`, for each of the keys."""
    rows = []
    for label, draws in groups(table, keys):
        names = ("mean", "mean_lower", "mean_upper", "mean_standard_error")
        numbers = dict(zip(names, over_draws(draws["mean"].to_numpy(), confidence), strict=True))
        rows.append(label | {"draws": len(draws)} | numbers | {"theory": draws["theory"].mean()})
    return pd.DataFrame(rows)
