"""Local exponents of the curves of arXiv 2102.06701, beside those that the theory has at the same sizes.

Where a curve bends, one exponent says little: the theory of random features and of kernels bends as well, because few
points resolve few directions, and because a pool of points has an end.
"""

from typing import Any

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.power_laws import power_law
from replication.scaling_laws.tables import groups, matching
from replication.schema import CURVE, SIZE, regime_of

LEAST = 3  # sizes through which a drift can be fitted


def local_exponents(curves: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """-d ln L / d ln size between neighbouring sizes of every curve, and of the theory between the same.

    curves: CURVE, training_size, width, mean, mean_standard_error, theory (`exponents.mean_curve`). A row for each pair
    whose losses, or excess losses, are positive: CURVE, variable (the column of the sizes), midpoint (their geometric
    mean), exponent with its interval and standard error, theory (NaN where there is none). The errors of both ends
    count as independent; of nested training sets they are positively correlated, and the interval is on the safe side.
    """
    rows: list[dict[str, Any]] = []
    for label, curve in groups(curves, CURVE):
        variable = SIZE[regime_of(label["experiment"])]
        curve = curve[curve["mean"] > 0].sort_values(variable)
        steps = np.diff(np.log(curve[variable].to_numpy(float)))
        relative = (curve["mean_standard_error"] / curve["mean"]).to_numpy()
        errors = np.hypot(relative[1:], relative[:-1]) / steps
        measured, theory = (-np.diff(np.log(curve[name].to_numpy(float))) / steps for name in ("mean", "theory"))
        middles = np.exp(np.log(curve[variable].to_numpy(float))[:-1] + steps / 2)
        for size, exponent, error, predicted in zip(middles, measured, errors, theory, strict=True):
            numbers = Estimate(exponent, error).columns("exponent", confidence)
            rows.append(label | {"variable": variable, "midpoint": size} | numbers | {"theory": predicted})
    return pd.DataFrame(rows)


def with_theory_drift(exponents: pd.DataFrame, curves: pd.DataFrame) -> pd.DataFrame:
    """The table of exponents with a column `theory_drift`, by which the theory's local exponent grows in the window.

    curves: as of `local_exponents`. NaN where the theory has fewer than three sizes in the window of the exponent, or
    less than all that the window has.
    """
    drifts = [_theory_drift(row, matching(curves, {name: row[name] for name in CURVE})) for row in _rows(exponents)]
    return exponents.assign(theory_drift=drifts)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _theory_drift(row: dict[str, Any], curve: pd.DataFrame) -> float:
    if row["variable"] not in curve:
        return np.nan
    inside = curve[curve[row["variable"]].between(row["smallest"], row["largest"])]
    if len(inside) < LEAST or not (inside["theory"] > 0).all():
        return np.nan
    sizes, theory = (inside[name].to_numpy(float) for name in (row["variable"], "theory"))
    return float(power_law(sizes, theory, np.ones(len(sizes))).parameters["drift"].value)
