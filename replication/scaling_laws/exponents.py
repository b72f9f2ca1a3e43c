"""Exponents of the curves of arXiv 2102.06701, in the one form that every route and regime has."""

import numpy as np
import pandas as pd

from replication.scaling_laws.fits import Estimate, exponent_difference, fit_draws, power_law
from replication.settings.sections import Window

UNKNOWN = Estimate(np.nan, np.nan)


def curves(table: pd.DataFrame, window: Window, size: str = "training_size", value: str = "loss"):
    """Sizes within the window, and the values at them: (sizes,) and (draws, sizes), draws in increasing order.

    Several rows of one draw and size, such as of several teachers on one training set, are averaged geometrically.
    """
    inside = table[table[size].between(window.smallest, window.largest) & table[value].notna()]
    logs = inside.assign(log=np.log(inside[value])).pivot_table(index="draw", columns=size, values="log")
    return logs.columns.to_numpy(float), np.exp(logs.to_numpy())


def exponent_row(
    sizes: np.ndarray, y: np.ndarray, confidence: float, prediction: Estimate = UNKNOWN, origin: str = ""
) -> dict:
    """Exponent of y ~ size^-exponent through draws y (draws, sizes), its interval, drift, and what was predicted.

    Errors are jackknifed over draws (`fit_draws`). drift: local exponent at the largest size minus that at the
    smallest. `origin` says where the prediction comes from.
    """
    return _row(sizes, fit_draws(power_law, sizes, y).parameters, confidence, prediction, origin)


def exponent_of_means(
    curve: pd.DataFrame, window: Window, confidence: float, prediction: Estimate = UNKNOWN, origin: str = ""
) -> dict:
    """The same from independent means: size, loss and standard_error in the rows of the window.

    The error is that of the weighted fit in ln loss, times sqrt(chi-square / dof) where the points scatter by more than
    their errors say; the interval is Student's with as many degrees of freedom as the fit has.
    """
    inside = curve[curve["size"].between(window.smallest, window.largest) & (curve["loss"] > 0)]
    sizes, losses = inside["size"].to_numpy(float), inside["loss"].to_numpy()
    fit = power_law(sizes, losses, (inside["standard_error"] / inside["loss"]).to_numpy())
    scatter = max(1.0, np.sqrt(fit.chi_square / fit.dof)) if fit.dof else np.nan
    widened = {name: Estimate(own.value, own.error * scatter, fit.dof) for name, own in fit.parameters.items()}
    return _row(sizes, widened, confidence, prediction, origin)


def _row(sizes: np.ndarray, parameters: dict[str, Estimate], confidence: float, prediction: Estimate, origin: str):
    exponent, drift = parameters["exponent"], parameters["drift"]
    lower, upper = exponent.interval(confidence)
    return {
        "smallest": sizes[0],
        "largest": sizes[-1],
        "points": len(sizes),
        "exponent": exponent.value,
        "standard_error": exponent.error,
        "lower": lower,
        "upper": upper,
        "degrees_of_freedom": exponent.dof,
        "drift": drift.value,
        "drift_standard_error": drift.error,
        "amplitude": parameters["amplitude"].value,
        "prediction": prediction.value,
        "prediction_error": prediction.error,
        "origin": origin,
    }


def difference_row(sizes: np.ndarray, y: np.ndarray, reference: np.ndarray, confidence: float) -> dict:
    """Exponent of y minus that of the reference, both (draws, sizes) on the same draws, paired draw by draw."""
    difference = exponent_difference(sizes, y, reference)
    lower, upper = difference.interval(confidence)
    return {
        "difference": difference.value,
        "standard_error": difference.error,
        "lower": lower,
        "upper": upper,
        "degrees_of_freedom": difference.dof,
    }


def mean_curve(table: pd.DataFrame, keys: list[str], size: str = "training_size") -> pd.DataFrame:
    """Mean over draws of `loss` and of `theory`, standard_error of the first, and `draws`, for each key and size."""
    grouped = table.groupby([*keys, size], sort=False)
    means = grouped["loss"].agg(["mean", "std", "count"]).reset_index()
    means["standard_error"] = means.pop("std") / np.sqrt(means["count"])
    means["theory"] = grouped["theory"].mean().to_numpy()
    return means.rename(columns={"mean": "loss", "count": "draws", size: "size"})
