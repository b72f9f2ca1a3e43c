"""How the moments of the test loss approach infinite width, and up to which N_D a network of finite width follows it.

At a fixed training set mu_L and sigma_L are smooth functions of 1 / n, n neurons a layer, and so
  ln y(n) = ln y(infinity) + intercept + slope / n
with an intercept of zero. Trained and linearised members start from the same weights, so the difference of their losses
is taken member by member.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import FINITE, STATISTICS
from replication.scaling_laws import fits as laws

DIFFERENCE = "trained - linearised"
ENSEMBLE = ["task", "dataset", "width", "training_size", "draw", "training_time"]
SAMPLES = 2000  # of an crossover_training_size, whose interval is theirs
BEYOND = np.inf  # a crossover that no training size reaches


def width_ratios(losses: pd.DataFrame) -> pd.DataFrame:
    """mu_L, sigma_L and eps_L at finite width over infinite width, for the same training set and steps.

    losses: a row for each ensemble and infinite-width prediction, as `summarize_losses` writes them. One row for each
    ensemble and statistic: method, statistic, ratio, error (its standard error relative to infinite width).
    """
    same = [name for name in ENSEMBLE if name != "width"]
    infinite = losses[losses["method"] == "gradient_descent"].set_index(same)
    finite = losses[losses["method"].isin(FINITE)]
    at_infinity = infinite.loc[finite.set_index(same).index]
    parts = []
    for name in STATISTICS:
        reference = at_infinity[name].to_numpy()
        values = {"ratio": finite[name] / reference, "error": finite[f"{name}_standard_error"] / reference}
        parts.append(finite[["method", *ENSEMBLE]].assign(statistic=name, **values))
    return pd.concat(parts, ignore_index=True)


def paired_differences(members: pd.DataFrame, losses: pd.DataFrame) -> pd.DataFrame:
    """Mean over members of L trained minus L linearised from the same weights, over mu_L at infinite width.

    One row for each ensemble, as `width_ratios`, whose ratio is this difference.
    """
    wide = members.pivot(index=[*ENSEMBLE, "member"], columns="method", values="test_loss")
    if "linearised" not in wide:
        return pd.DataFrame(columns=["method", *ENSEMBLE, "statistic", "ratio", "error"])
    grouped = (wide["trained"] - wide["linearised"]).dropna().groupby(ENSEMBLE, sort=False)
    table = grouped.agg(ratio="mean", error="sem").reset_index()
    same = [name for name in ENSEMBLE if name != "width"]
    infinite = losses[losses["method"] == "gradient_descent"].set_index(same)["mean"]
    reference = infinite.loc[table.set_index(same).index].to_numpy()
    return table.assign(
        method=DIFFERENCE, statistic="mean", ratio=table["ratio"] / reference, error=table["error"] / reference
    )


def fit_corrections(ratios: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Intercept and slope of ln ratio (of the difference: of itself) against 1 / n, at every training size.

    One row for each method, statistic, training size and parameter, in the columns of `scaling_laws.table`.
    """
    rows = []
    keys = ["task", "dataset", "method", "statistic", "training_size", "training_time"]
    for key, curve in ratios.groupby(keys, sort=False):
        curve = curve.sort_values("width")
        value, error = curve["ratio"].to_numpy(), curve["error"].to_numpy()
        if key[2] != DIFFERENCE:
            value, error = np.log(value), error / value
        fitted = laws.straight_line(1 / curve["width"].to_numpy(float), value, error)
        label = dict(zip(keys, key, strict=True)) | {"points": len(curve)}
        rows.append(laws.table(fitted, confidence).assign(**label))
    table = pd.concat(rows, ignore_index=True)
    return table[[*keys, "points"] + [name for name in table if name not in keys and name != "points"]]


def crossovers(ratios: pd.DataFrame, departure: float, confidence: float, rng: np.random.Generator) -> pd.DataFrame:
    """The N_D from which mu_L is further than `departure` from infinite width, for every method and width.

    Interpolated in ln N_D. The interval is that of ratios sampled with their errors; where a sample never departs, it
    counts as infinitely large, and as zero where it departs from the smallest training size on.
    """
    rows = []
    means = ratios[(ratios["statistic"] == "mean") & ratios["method"].isin(FINITE)]
    for key, curve in means.groupby(["task", "dataset", "method", "width"], sort=False):
        curve = curve.sort_values("training_size")
        sizes, value, error = (curve[name].to_numpy(float) for name in ("training_size", "ratio", "error"))
        samples = np.sort([
            _crossing(sizes, np.abs(value + error * rng.standard_normal(len(sizes)) - 1), departure)
            for _ in range(SAMPLES)
        ])  # fmt: skip
        ends = [samples[int(share * (SAMPLES - 1))] for share in ((1 - confidence) / 2, (1 + confidence) / 2)]
        label = dict(zip(["task", "dataset", "method", "width"], key, strict=True))
        crossover = _crossing(sizes, np.abs(value - 1), departure)
        rows.append(
            label
            | {
                "departure": departure,
                "crossover_training_size": crossover,
                "lower": ends[0],
                "upper": ends[1],
            }
        )
    return pd.DataFrame(rows)


def _crossing(sizes: np.ndarray, distance: np.ndarray, departure: float) -> float:
    """Where the distance exceeds the departure for good."""
    beyond = distance > departure
    if beyond.all():
        return 0.0
    last = int(np.nonzero(~beyond)[0][-1])  # the largest size that still follows infinite width
    if last == len(sizes) - 1:
        return BEYOND
    low, high = distance[last], distance[last + 1]
    share = (departure - low) / (high - low)
    return float(np.exp(np.log(sizes[last]) + share * np.log(sizes[last + 1] / sizes[last])))


def mean_intercepts(corrections: pd.DataFrame, sizes: tuple[int, ...]) -> Iterator[tuple[tuple, laws.Estimate]]:
    """((task, source, method, statistic), intercept): its mean over these training sizes.

    Members start from the same weights at every size, so their errors count as fully correlated.
    """
    own = corrections[(corrections["parameter"] == "intercept") & corrections["training_size"].isin(sizes)]
    for key, rows in own.groupby(["task", "dataset", "method", "statistic"], sort=False):
        yield key, laws.Estimate(rows["estimate"].mean(), rows["standard_error"].mean())
