"""The regimes of arXiv 2102.06701 by every route in one table: their curves, and exponents beside what is predicted."""

import numpy as np
import pandas as pd

from replication.regimes import dimension as students
from replication.regimes.settings import TrainedRegimes
from replication.scaling_laws import Estimate, power_law
from replication.sections import Window

# what the theory says where it says a number: 1 / width and 1 / D
VARIANCE_LIMITED = {"variance_width": "1 / width", "variance_data": "1 / D"}
LABEL = ["route", "regime", "series", "variable"]
# the tables that every route has a part in, and their columns
TABLES = {
    "curves": [*LABEL, "size", "loss", "standard_error", "theory", "draws"],
    "exponents": [
        *LABEL, "smallest", "largest", "points", "exponent", "standard_error", "lower", "upper", "degrees_of_freedom",
        "drift", "drift_standard_error", "prediction", "prediction_error", "origin", "amplitude",
        "varied",
    ],
}  # fmt: skip
ROUTES = {"random_features": "random features", "trained": "trained networks", "infinite_width": "infinite width"}


def trained_exponents(curves: pd.DataFrame, regimes: TrainedRegimes, confidence: float) -> pd.DataFrame:
    """Exponent, amplitude and interval of every trained curve in its regime's window, and the prediction beside it."""
    rows = []
    for (regime, series), curve in curves.groupby(["regime", "series"], sort=False):
        label = {"route": "trained", "regime": regime, "series": series, "variable": curve["variable"].iloc[0]}
        row = curve_exponent(curve, getattr(regimes, regime).window, confidence)
        predicted = {"prediction": 1.0, "prediction_error": 0.0} if regime in VARIANCE_LIMITED else {}
        origin = {"origin": VARIANCE_LIMITED.get(regime, "")}
        rows.append(label | row | {"prediction": np.nan, "prediction_error": np.nan} | predicted | origin)
    return pd.DataFrame(rows)


def curve_exponent(curve: pd.DataFrame, window: Window, confidence: float) -> dict:
    """Exponent of loss ~ size^-exponent from independent means with standard errors.

    The error is that of the weighted fit in ln loss, times sqrt(chi-square / dof) where the points scatter by more than
    their errors say; the interval is Student's with as many degrees of freedom as the fit has.
    """
    inside = curve[curve["size"].between(window.smallest, window.largest) & (curve["loss"] > 0)]
    sizes, losses = inside["size"].to_numpy(float), inside["loss"].to_numpy()
    fit = power_law(sizes, losses, (inside["standard_error"] / inside["loss"]).to_numpy())
    scatter = max(1.0, np.sqrt(fit.chi_square / fit.dof)) if fit.dof else np.nan
    exponent, drift = (
        Estimate(fit.parameters[name].value, fit.parameters[name].error * scatter, fit.dof)
        for name in ("exponent", "drift")
    )
    lower, upper = exponent.interval(confidence)
    return {
        "smallest": sizes[0],
        "largest": sizes[-1],
        "points": len(sizes),
        "exponent": exponent.value,
        "standard_error": exponent.error,
        "lower": lower,
        "upper": upper,
        "degrees_of_freedom": fit.dof,
        "drift": drift.value,
        "drift_standard_error": drift.error,
        "amplitude": fit.parameters["amplitude"].value,
    }


def student_curves(losses: pd.DataFrame) -> pd.DataFrame:
    """Trained students' learning curves of every dimension, in the form that all routes share."""
    grouped = losses.groupby(["dimension", "training_size"], sort=False)["loss"].agg(["mean", "sem", "count"])
    table = grouped.reset_index().rename(
        columns={"mean": "loss", "sem": "standard_error", "count": "draws", "training_size": "size"}
    )
    series = [f"student, d = {d}" for d in table["dimension"]]
    label = {"route": "trained", "regime": "resolution_data", "variable": "training_size", "theory": np.nan}
    return table.assign(series=series, **label)[TABLES["curves"]]


def student_exponents(losses: pd.DataFrame, window: Window, confidence: float) -> pd.DataFrame:
    """Their exponents: `dimension.exponents` under the names of `student_curves`."""
    table = students.exponents(losses, window, confidence)
    return table.assign(series=[f"student, d = {d}" for d in table["dimension"]])
