"""How the moments of the test loss approach infinite width.

At a fixed training set mu_L and sigma_L are smooth functions of 1 / n, n neurons a layer, and so
  ln y(n) = ln y(infinity) + intercept + slope / n
with an intercept of zero. Trained and linearised members start from the same weights, so the difference of their losses
is taken member by member.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from replication.scaling_laws import fits
from replication.scaling_laws.estimates import Estimate, combined_dof
from replication.scaling_laws.member_bootstrap import Correlations
from replication.scaling_laws.tables import groups
from replication.schema import FINITE, GRADIENT_DESCENT, PAIRED_DIFFERENCE, STATISTICS, SUBJECT

ENSEMBLE = [*SUBJECT, "method", "width", "training_size", "draw", "training_time"]
SAME_SET = ["task", "training_size", "draw", "training_time"]
CURVE = [*SUBJECT, "method", "statistic"]


def width_ratios(losses: pd.DataFrame) -> pd.DataFrame:
    """mu_L, sigma_L and eps_L at finite width over infinite width, for the same training set and steps.

    losses: as `losses_of_training_sets` gives them. One row for each ensemble and statistic: ratio, and its standard
    error, that of the ensemble relative to infinite width.
    """
    finite = losses[losses["method"].isin(FINITE)]
    limit = _at_infinite_width(finite, losses)
    parts = []
    for name in STATISTICS:
        reference = limit[name].to_numpy()
        ratio = {"ratio": finite[name] / reference}
        ratio |= {"ratio_standard_error": finite[f"{name}_standard_error"] / reference}
        parts.append(finite[ENSEMBLE].assign(statistic=name, **ratio))
    return pd.concat(parts, ignore_index=True)


def difference_ratios(differences: pd.DataFrame, losses: pd.DataFrame) -> pd.DataFrame:
    """Mean over members of L trained minus L linearised from the same weights, over mu_L at infinite width.

    differences: `paired_differences` of the members. One row for each ensemble, as `width_ratios`.
    """
    table = differences.groupby(ENSEMBLE, sort=False)["test_loss"].agg(["mean", "sem"]).reset_index()
    limit = _at_infinite_width(table, losses)["mean"].to_numpy()
    table = table.assign(
        statistic=STATISTICS[0], ratio=table["mean"] / limit, ratio_standard_error=table["sem"] / limit
    )
    return table.drop(columns=["mean", "sem"])


def fit_corrections(ratios: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Intercept and slope of ln ratio (of the difference: of itself) against 1 / n, at every training size.

    One row for each method, statistic, training size and parameter, in the columns of `power_laws.table`. Members of
    different widths are independent.
    """
    keys, rows = [*CURVE, "training_size", "training_time"], []
    for key, curve in groups(ratios, keys):
        x, y, error = _points(key["method"], curve.sort_values("width"))
        fitted = fits.table(fits.straight_line(x, y, error), confidence)
        rows.append(fitted.assign(**key, points=len(curve)))
    table = pd.concat(rows, ignore_index=True)
    return table[[*keys, "points"] + [name for name in table if name not in keys and name != "points"]]


def mean_intercepts(
    ratios: pd.DataFrame, correlations: Mapping[tuple, Correlations], sizes: Sequence[int], confidence: float
) -> pd.DataFrame:
    """The intercepts of `fit_corrections`, mean over these training sizes: a row for each method and statistic.

    Linear in the points, mean = sum over widths w and sizes s of a_ws y_ws, so its variance is the sum over widths,
    which are independent, of a_w' C_w a_w, C_w the covariance of y over the members of width w between sizes.
    """
    rows = []
    for key, curve in groups(ratios[ratios["training_size"].isin(sizes)], CURVE):
        estimate = _mean_intercept(key, curve, correlations)
        inside = sorted(curve["training_size"].unique())
        window = {"smallest": inside[0], "largest": inside[-1], "points": len(inside)}
        numbers = estimate.columns("intercept", confidence) | {"degrees_of_freedom": estimate.dof}
        rows.append(key | window | numbers)
    return pd.DataFrame(rows)


def _mean_intercept(key: dict, curve: pd.DataFrame, correlations: Mapping[tuple, Correlations]) -> Estimate:
    curve = curve.sort_values(["training_size", "width"])
    by_size = {size: _points(key["method"], points) for size, points in curve.groupby("training_size")}
    y, errors = (np.stack([points[part] for points in by_size.values()]) for part in (1, 2))
    weights = np.stack([_intercept_weights(x, error) for x, _, error in by_size.values()]) / len(by_size)
    variances = []
    for width, weight, error in zip(sorted(curve["width"].unique()), weights.T, errors.T, strict=True):
        correlation = correlations[key["task"], key["method"], width, key["statistic"]]
        covariance = correlation.covariance(list(by_size), error)
        variances.append((float(weight @ covariance @ weight), correlation.members - 1))
    error = float(np.sqrt(sum(variance for variance, _ in variances)))
    return Estimate(float(np.sum(weights * y)), error, combined_dof(variances))


def _points(method: str, curve: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """1 / n, what is a straight line in it, and its standard errors."""
    x, value, error = 1 / curve["width"].to_numpy(float), curve["ratio"].to_numpy(), curve["ratio_standard_error"]
    if method == PAIRED_DIFFERENCE:
        return x, value, error.to_numpy()
    return x, np.log(value), error.to_numpy() / value


def _intercept_weights(x: np.ndarray, error: np.ndarray) -> np.ndarray:
    """The weighted fit of a straight line has the intercept weights @ y."""
    design = np.vander(x, 2, increasing=True) / error[:, None]
    return np.linalg.pinv(design)[0] / error


def _at_infinite_width(finite: pd.DataFrame, losses: pd.DataFrame) -> pd.DataFrame:
    """For every row the row at infinite width of the same training set and steps."""
    infinite = losses[losses["method"] == GRADIENT_DESCENT].set_index(SAME_SET)
    return infinite.loc[pd.MultiIndex.from_frame(finite[SAME_SET])]
