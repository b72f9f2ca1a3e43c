"""The regimes of arXiv 2102.06701 by every route in one table: their curves, and exponents beside what is predicted."""

import numpy as np
import pandas as pd

from replication.experiments import dimension as students
from replication.experiments.data_variations import CASE
from replication.scaling_laws.exponents import UNKNOWN, exponent_of_means
from replication.scaling_laws.fits import Estimate
from replication.settings.regimes import TrainedRegimes
from replication.settings.sections import Window

# what the theory says where it says a number: 1 / width and 1 / D
VARIANCE_LIMITED = {"variance_width": "1 / width", "variance_data": "1 / D"}
LABEL = ["route", "regime", "series", "variable"]
# the tables that every route has a part in, and their columns
TABLES = {
    "curves": [*LABEL, "size", "loss", "standard_error", "theory", "draws"],
    "exponents": [
        *LABEL, "smallest", "largest", "points", "exponent", "standard_error", "lower", "upper", "degrees_of_freedom",
        "drift", "drift_standard_error", "prediction", "prediction_error", "origin", "amplitude", *CASE,
    ],
}  # fmt: skip


def trained_exponents(curves: pd.DataFrame, regimes: TrainedRegimes, confidence: float) -> pd.DataFrame:
    """Exponent, amplitude and interval of every trained curve in its regime's window, and the prediction beside it."""
    rows = []
    for (regime, series), curve in curves.groupby(["regime", "series"], sort=False):
        label = {"route": "trained", "regime": regime, "series": series, "variable": curve["variable"].iloc[0]}
        prediction = Estimate(1.0, 0.0) if regime in VARIANCE_LIMITED else UNKNOWN
        window, origin = getattr(regimes, regime).window, VARIANCE_LIMITED.get(regime, "")
        rows.append(label | exponent_of_means(curve, window, confidence, prediction, origin))
    return pd.DataFrame(rows)


def student_curves(losses: pd.DataFrame) -> pd.DataFrame:
    """Trained students' learning curves of every dimension, in the form that all routes share."""
    grouped = losses.groupby(["dimension", "training_size"], sort=False)["loss"].agg(["mean", "sem", "count"])
    table = grouped.reset_index().rename(
        columns={"mean": "loss", "sem": "standard_error", "count": "draws", "training_size": "size"}
    )
    label = {"route": "trained", "regime": "resolution_data", "variable": "training_size", "theory": np.nan}
    return table.assign(series=_names(table), **label)[TABLES["curves"]]


def student_exponents(losses: pd.DataFrame, window: Window, confidence: float) -> pd.DataFrame:
    """Their exponents: `dimension.exponents` under the names of `student_curves`."""
    table = students.exponents(losses, window, confidence)
    return table.assign(series=_names(table))


def _names(table: pd.DataFrame) -> list[str]:
    return [f"student, d = {d}" for d in table["dimension"]]
