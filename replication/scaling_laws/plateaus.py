"""Whether eps_L stops depending on N_D, and at which value, for networks that are trained or built otherwise."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import statistics_over_members
from replication.scaling_laws import fits
from replication.scaling_laws.member_bootstrap import Correlations
from replication.scaling_laws.tables import groups
from replication.schema import STATISTICS, SUBJECT
from replication.seeds import generator
from replication.settings.analysis import Statistics

VARIANT = ["experiment", *SUBJECT, "varied", "value", "method", "width"]
EPS = STATISTICS[2]


def moments_of_variants(members: pd.DataFrame, statistics: Statistics, seed: int) -> pd.DataFrame:
    """mu_L, sigma_L and eps_L of every variant and training size, in the columns of every table of test losses."""
    rows = []
    for label, group in groups(members, [*VARIANT, "training_size", "draw", "training_time"]):
        # the same for every variant: one that stands under several properties has one interval
        stream = generator(seed, "bootstrap", *(str(label[name]) for name in ("task", "width", "training_size")))
        counted = {"draws": 1, "members": len(group), "training_loss": group["training_loss"].mean()}
        losses, how = group["test_loss"].to_numpy(), (statistics.confidence, statistics.resamples)
        rows.append(label | counted | statistics_over_members(losses, *how, stream))
    return pd.DataFrame(rows)


def plateaus(
    curves: pd.DataFrame, expected: pd.DataFrame, correlations: Mapping[tuple, Correlations], confidence: float
) -> pd.DataFrame:
    """The plateau of eps_L of every variant: value and slope d ln eps_L / d ln N_D, each a row.

    curves: `moments_of_variants`; expected: eps_L at infinite width where it is known; correlations: of the members of
    variants, by (task, varied, value, width, statistic). The errors are those of members, on their one training set.
    The column `expected` is that of infinite width, averaged as the value is.
    """
    rows = []
    for label, curve in groups(curves, VARIANT):
        curve = curve.sort_values("training_size")
        sizes = curve["training_size"].to_numpy()
        error = (curve[f"{EPS}_standard_error"] / curve[EPS]).to_numpy()
        correlation = correlations[label["task"], label["varied"], label["value"], label["width"], EPS]
        covariance = correlation.covariance(sizes.tolist(), error)
        fitted = fits.fit_members(
            fits.plateau, sizes.astype(float), curve[EPS].to_numpy(), covariance, correlation.members
        )
        ends = {"smallest": sizes[0], "largest": sizes[-1], "points": len(sizes)}
        ends |= {"expected": _expected(expected, label)}
        rows.append(fits.table(fitted, confidence).query("parameter != 'drift'").assign(**label, **ends))
    table = pd.concat(rows, ignore_index=True)
    leading = [*VARIANT, "smallest", "largest", "points", "expected", "parameter"]
    return table[leading + [name for name in table if name not in leading]]


def _expected(expected: pd.DataFrame, label: dict) -> float:
    """Geometric mean over the training sizes, NaN unless it is known at all of them."""
    same = [(expected[name].astype(str) == str(label[name])) for name in ("task", "varied", "value")]
    known = expected[np.logical_and.reduce(same)][EPS]
    return float(np.exp(np.log(known).mean())) if len(known) and known.notna().all() else np.nan
