"""Whether eps_L stops depending on N_D, and at which value, for networks that are trained or built otherwise."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import statistics_over_members
from replication.scaling_laws import fits
from replication.scaling_laws.member_bootstrap import Correlations
from replication.scaling_laws.tables import groups
from replication.schema import GRADIENT_DESCENT, STATISTICS, SUBJECT, TRAINING_VARIATION
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
    curves: pd.DataFrame,
    expected: pd.DataFrame,
    infinite: pd.DataFrame,
    correlations: Mapping[tuple, Correlations],
    confidence: float,
) -> pd.DataFrame:
    """The plateau of eps_L of every variant: value and slope d ln eps_L / d ln N_D, each a row.

    curves: `moments_of_variants`; expected: eps_L at infinite width where it is known; infinite: rows of the profile's
    own network after the same steps, for every draw of the training set, whose scatter tells what the one draw of the
    members adds to the errors (`fits.fit_single_draw`); correlations: of the members of variants, by (task, varied,
    value, width, statistic). `expected` is that of infinite width, averaged as the value is.
    """
    rows = []
    for label, curve in groups(curves, VARIANT):
        curve = curve.sort_values("training_size")
        sizes = curve["training_size"].to_numpy()
        reference = _by_draw(infinite, label["task"], sizes).to_numpy()
        error = (curve[f"{EPS}_standard_error"] / curve[EPS]).to_numpy()
        correlation = correlations[label["task"], label["varied"], label["value"], label["width"], EPS]
        covariance = correlation.covariance(sizes.tolist(), error)
        y, members = curve[EPS].to_numpy(), correlation.members
        fitted = fits.fit_single_draw(fits.plateau, sizes.astype(float), y, covariance, members, reference)
        ends = {"smallest": sizes[0], "largest": sizes[-1], "points": len(sizes)}
        ends |= {"expected": _expected(expected, label)}
        rows.append(fits.table(fitted, confidence).query("parameter != 'drift'").assign(**label, **ends))
    table = pd.concat(rows, ignore_index=True)
    leading = [*VARIANT, "smallest", "largest", "points", "expected", "parameter"]
    return table[leading + [name for name in table if name not in leading]]


def slope_at_infinite_width(
    infinite: pd.DataFrame, task: str, dataset: str, sizes: Sequence[int], confidence: float
) -> dict:
    """Another row: slope of the profile's own network at infinite width, after the same steps, at these sizes."""
    values = _by_draw(infinite, task, sizes)
    fitted = fits.fit_draws(fits.plateau, values.columns.to_numpy(float), values.to_numpy())
    slope = fitted.parameters["slope"]
    lower, upper = slope.interval(confidence)
    label = {"experiment": TRAINING_VARIATION, "task": task, "dataset": dataset, "varied": "width", "value": "infinite"}
    curve = {"method": GRADIENT_DESCENT, "width": np.inf, "parameter": "slope"}
    numbers = {"estimate": slope.value, "lower": lower, "upper": upper, "standard_error": slope.error}
    return label | curve | numbers | {"degrees_of_freedom": slope.dof}


def _by_draw(infinite: pd.DataFrame, task: str, sizes: Sequence[int] | np.ndarray) -> pd.DataFrame:
    of_task = infinite[(infinite["task"] == task) & infinite["training_size"].isin(sizes)]
    return of_task.pivot(index="draw", columns="training_size", values=EPS)[list(sizes)]


def _expected(expected: pd.DataFrame, label: dict) -> float:
    """Geometric mean over the training sizes, NaN unless it is known at all of them."""
    same = [(expected[name].astype(str) == str(label[name])) for name in ("task", "varied", "value")]
    known = expected[np.logical_and.reduce(same)][EPS]
    return float(np.exp(np.log(known).mean())) if len(known) and known.notna().all() else np.nan
