"""Exponents of the curves of arXiv 2102.06701, in the one form that every route and regime has."""

import numpy as np
import pandas as pd

from replication.scaling_laws import Estimate, exponent_difference, fit_draws, power_law
from replication.sections import Window

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
    parameters = fit_draws(power_law, sizes, y).parameters
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
