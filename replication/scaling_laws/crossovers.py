"""Up to which N_D a network of finite width follows infinite width."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.scaling_laws.member_bootstrap import Correlations
from replication.scaling_laws.tables import groups
from replication.schema import FINITE, STATISTICS, SUBJECT

SAMPLES = 2000  # of a crossover, whose interval is theirs
BEYOND = np.inf  # a crossover that no training size reaches


def crossovers(
    ratios: pd.DataFrame,
    correlations: Mapping[tuple, Correlations],
    departure: float,
    confidence: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """The N_D from which mu_L is further than `departure` from infinite width, for every method and width.

    Interpolated in ln N_D. The interval is that of ratios sampled with their covariance over members; where a sample
    never departs, it counts as infinitely large, and as zero where it departs from the smallest training size on.
    """
    rows = []
    means = ratios[(ratios["statistic"] == STATISTICS[0]) & ratios["method"].isin(FINITE)]
    for key, curve in groups(means, [*SUBJECT, "method", "width"]):
        curve = curve.sort_values("training_size")
        sizes, value, error = (
            curve[name].to_numpy(float) for name in ("training_size", "ratio", "ratio_standard_error")
        )
        correlation = correlations[key["task"], key["method"], key["width"], STATISTICS[0]]
        sampled = rng.multivariate_normal(value, correlation.covariance(sizes.tolist(), error), SAMPLES, method="eigh")
        samples = np.sort([_crossing(sizes, np.abs(ratio - 1), departure) for ratio in sampled])
        lower, upper = (samples[int(share * (SAMPLES - 1))] for share in ((1 - confidence) / 2, (1 + confidence) / 2))
        crossover = _crossing(sizes, np.abs(value - 1), departure)
        found = {"crossover_training_size": crossover, "lower": lower, "upper": upper}
        rows.append(key | {"departure": departure} | found)
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
