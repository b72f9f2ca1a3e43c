"""Exponents of trained networks in the regimes of arXiv 2102.06701, in the form that every route has."""

import numpy as np
import pandas as pd

from replication.regime_settings import TrainedRegimes
from replication.scaling_laws import Estimate, power_law
from replication.sections import Window

# what the theory says where it says a number: 1 / width and 1 / D
VARIANCE_LIMITED = {"variance_width": "1 / width", "variance_data": "1 / D"}


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
    exponent = fit.parameters["exponent"]
    exponent = Estimate(exponent.value, exponent.error * scatter, fit.dof)
    lower, upper = exponent.interval(confidence)
    return {
        "smallest": sizes[0],
        "largest": sizes[-1],
        "points": len(sizes),
        "exponent": exponent.value,
        "standard_error": exponent.error,
        "lower": lower,
        "upper": upper,
        "amplitude": fit.parameters["amplitude"].value,
    }
