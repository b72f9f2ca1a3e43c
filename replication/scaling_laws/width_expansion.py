"""Trained ensembles beside infinite width and its order 1/n, on the same training set: the numbers that claims need.

Everything is about the training set at hand: errors are those of members alone, which start from the same weights at
every training size, so that estimates at several sizes are correlated as the members say (`member_bootstrap`).
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy import special

from replication.scaling_laws.coverage import share
from replication.scaling_laws.estimates import Estimate, shorter
from replication.scaling_laws.member_bootstrap import Correlations, member_correlations
from replication.scaling_laws.tables import groups, matching
from replication.schema import STATISTICS, SUBJECT, TRAINED
from replication.settings.analysis import ScalingLaws, Statistics

ENSEMBLES = [*SUBJECT, "value", "width"]
MEAN, STD, EPS = STATISTICS
Number = tuple[str, str, Estimate]  # quantity, statistic, estimate
POOLED = np.nan  # width of what is pooled over widths


def width_comparisons(
    members: pd.DataFrame, moments: pd.DataFrame, theory: pd.DataFrame, windows: ScalingLaws, statistics: Statistics,
    seed: int,
) -> pd.DataFrame:  # fmt: skip
    """A row for every task, output scale, width and quantity, with estimate, standard_error, degrees_of_freedom.

    members, moments, theory: the tables of `width_expansion`. Quantities:
    exponent_difference: exponent of mu_L or sigma_L less that of infinite width, over the sizes within the expansion;
    slope, slope_predicted: d ln eps_L / d ln N_D over the window of the plateau, measured, and of order 1/n;
    ratio, ratio_too_narrow: ln of eps_L over infinite width, mean over the sizes for which order 1/n says that the
    width suffices, or does not;
    ratio_predicted: ln of eps_L over what order 1/n says, mean over the sizes within the expansion;
    share: of members in the interval of order 1/n, over these sizes; slope_of_mean: n ln(mu_L(n) / mu_L) over b, less
    one, from these sizes by least squares, and slope_of_mean_linearised of members whose kernel stays as it is, which
    is what b knows of. `ratio` stands again with width NaN, pooled over the widths.
    """
    keys = ("task", "method", "value", "width")
    correlations = member_correlations(members, keys, statistics.resamples, seed)
    rows = []
    for label, table in groups(moments, [*ENSEMBLES, "method"]):
        one, method = _with_theory(table, theory, label), label.pop("method")
        known = {"method": method} | label
        of_ensemble = {name: correlations[*(known[key] for key in keys), name] for name in STATISTICS}
        if method == TRAINED:
            losses = matching(members, known)
            numbers = _numbers(one, of_ensemble, losses, windows, statistics.confidence)
        else:
            numbers = _of_linearised(one, of_ensemble)
        for quantity, statistic, estimate in numbers:
            rows.append(label | {"quantity": quantity, "statistic": statistic} | estimate.row())
    return pd.DataFrame(rows + list(_pooled(pd.DataFrame(rows))))


def least_widths(moments: pd.DataFrame, theory: pd.DataFrame, ratio: float) -> pd.DataFrame:
    """The width from which infinite width serves within `ratio`, predicted and measured: a row for each scale and N_D.

    c / n = eps_L^2(n) - eps_L^2 is measured at the trained widths within the expansion, weighted by its errors; the
    width is c / ((ratio^2 - 1) eps_L^2), and where order 1/n ends (`reach`) if that is more.
    """
    rows = []
    for label, table in groups(moments[moments["method"] == TRAINED], [*SUBJECT, "value", "training_size"]):
        known = matching(theory, label).iloc[0]
        inside = table[~table["beyond_expansion"].astype(bool)]
        square = (ratio**2 - 1) * known[EPS] ** 2
        row = label | {name: known[name] for name in ("output_scale", "c", "c_error", "b", EPS)}
        row |= {"predicted": known["c"] / square, "predicted_error": known["c_error"] / square}
        row |= {"reach": 4 * max(label["training_size"], abs(known["b"]))}
        found, error = _measured_c(inside, known[EPS])
        rows.append(row | {"measured_c": found, "measured_c_error": error} | {
            "measured": found / square, "measured_error": error / square,
        })  # fmt: skip
    return pd.DataFrame(rows)


def better(table: pd.DataFrame, statistic: str) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors of every row: by control variates where these are the shorter, else plain."""
    rows = table.to_dict("records")
    columns = [f"{shorter(row, statistic)}{statistic}" for row in rows]
    pairs = [(row[name], row[f"{name}_standard_error"]) for row, name in zip(rows, columns, strict=True)]
    return tuple(np.array(pairs).T)


def _with_theory(table: pd.DataFrame, theory: pd.DataFrame, label: dict) -> pd.DataFrame:
    """Moments by size, beside mu_L, b and the least width of theory."""
    own = matching(theory, {name: label[name] for name in (*SUBJECT, "value")})
    names = {MEAN: "infinite_mean", "b": "b", "b_error": "b_error", "width_within_25_percent": "least_width"}
    return table.merge(own[["training_size", *names]].rename(columns=names), on="training_size").sort_values(
        "training_size"
    )


def _numbers(
    table: pd.DataFrame, correlations: Mapping[str, Correlations], members: pd.DataFrame, windows: ScalingLaws,
    confidence: float,
) -> Iterator[Number]:  # fmt: skip
    width = float(table["width"].iloc[0])
    inside = table[~table["beyond_expansion"].astype(bool)]
    infinite = {MEAN: table["infinite_mean"], STD: table["infinite_mean"] * table[f"infinite_{EPS}"]}
    if len(inside) >= 2:
        for name in (MEAN, STD):
            log, covariance = _log_ratio(inside, name, infinite[name], correlations[name])
            yield "exponent_difference", name, _linear(-_slope_weights(inside), log, covariance, correlations[name])
    window = table[
        table["training_size"].between(windows.plateau_finite_width.smallest, windows.plateau_finite_width.largest)
    ]
    if len(window) >= 2:
        log, covariance = _log_ratio(window, EPS, 1.0, correlations[EPS])
        weights = _slope_weights(window)
        yield "slope", EPS, _linear(weights, log, covariance, correlations[EPS])
        error = window[f"expected_{EPS}_error"] / window[f"expected_{EPS}"]
        expected = float(weights @ np.log(window[f"expected_{EPS}"]))
        yield "slope_predicted", EPS, Estimate(expected, float(np.sqrt(np.sum((weights * error) ** 2))))
    wide = table["least_width"] <= width
    for quantity, rows, reference in (
        ("ratio", table[wide], f"infinite_{EPS}"),
        ("ratio_too_narrow", table[~wide], f"infinite_{EPS}"),
        ("ratio_predicted", inside, f"expected_{EPS}"),
    ):
        if len(rows):
            log, covariance = _log_ratio(rows, EPS, rows[reference], correlations[EPS])
            yield quantity, EPS, _linear(np.full(len(rows), 1 / len(rows)), log, covariance, correlations[EPS])
    if len(inside):
        yield "share", "test_loss", _share(inside, members, confidence)
        yield "slope_of_mean", MEAN, _slope_of_mean(inside, width, correlations[MEAN])


def _of_linearised(table: pd.DataFrame, correlations: Mapping[str, Correlations]) -> Iterator[Number]:
    inside = table[~table["beyond_expansion"].astype(bool)]
    if len(inside):
        width = float(table["width"].iloc[0])
        yield "slope_of_mean_linearised", MEAN, _slope_of_mean(inside, width, correlations[MEAN])


def _log_ratio(
    table: pd.DataFrame, statistic: str, reference: pd.Series | float, correlation: Correlations
) -> tuple[np.ndarray, np.ndarray]:
    """ln of a statistic over its reference (sizes,), and its covariance over members."""
    estimate, error = better(table, statistic)
    over = reference.loc[table.index].to_numpy() if isinstance(reference, pd.Series) else reference
    sizes = table["training_size"].to_list()
    return np.log(estimate / over), correlation.covariance(sizes, error / estimate)


def _slope_weights(table: pd.DataFrame) -> np.ndarray:
    x = np.log(table["training_size"].to_numpy(float))
    return (x - x.mean()) / np.sum((x - x.mean()) ** 2)


def _linear(weights: np.ndarray, log: np.ndarray, covariance: np.ndarray, correlation: Correlations) -> Estimate:
    error = float(np.sqrt(weights @ covariance @ weights))
    return Estimate(float(weights @ log), error, correlation.members - 1)


def _share(table: pd.DataFrame, members: pd.DataFrame, confidence: float) -> Estimate:
    """Of members within mu_L(n) (1 +- z eps_L(n)) of order 1/n, z the Gaussian quantile."""
    z = float(special.ndtri((1 + confidence) / 2))
    by_size = members.pivot(index="training_size", columns="member", values="test_loss")
    losses = by_size.loc[table["training_size"]].to_numpy()
    mean, eps = (table[f"expected_{name}"].to_numpy()[:, None] for name in (MEAN, EPS))
    return share(np.abs(losses / mean - 1) <= z * eps)


def _slope_of_mean(table: pd.DataFrame, width: float, correlation: Correlations) -> Estimate:
    """Least squares of n ln(mu_L(n) / mu_L) = (1 + a) b over the sizes, the error of b and that of members included."""
    log, covariance = _log_ratio(table, MEAN, table["infinite_mean"], correlation)
    b, b_error = table["b"].to_numpy(), table["b_error"].to_numpy()
    total = covariance * width**2 + np.diag(b_error**2)
    weights = np.linalg.solve(total, b)
    weights /= weights @ b
    error = float(np.sqrt(weights @ total @ weights))
    return Estimate(float(weights @ (width * log)) - 1, error, correlation.members - 1)


def _measured_c(table: pd.DataFrame, infinite: float) -> tuple[float, float]:
    """n (eps_L^2(n) - eps_L^2) over the widths, which are independent, by inverse variance; NaN for none."""
    if table.empty:
        return np.nan, np.nan
    eps, error = better(table, EPS)
    width = table["width"].to_numpy(float)
    values, errors = width * (eps**2 - infinite**2), width * 2 * eps * error
    weights = errors**-2 / np.sum(errors**-2)
    return float(weights @ values), float(np.sum(errors**-2) ** -0.5)


def _pooled(rows: pd.DataFrame) -> Iterator[dict]:
    """`ratio` over the widths, which are independent, by inverse variance."""
    for label, table in groups(rows[rows["quantity"] == "ratio"], [*SUBJECT, "value"]):
        weights = table["standard_error"] ** -2 / np.sum(table["standard_error"] ** -2)
        pooled = Estimate(float(weights @ table["estimate"]), float(np.sum(table["standard_error"] ** -2) ** -0.5))
        yield label | {"width": POOLED, "quantity": "ratio", "statistic": EPS} | pooled.row()
