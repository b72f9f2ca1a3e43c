"""Curves and exponents of trained networks in the regimes of arXiv 2102.06701, from the losses of their members."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import over_draws
from replication.scaling_laws.estimates import UNKNOWN, Estimate
from replication.scaling_laws.exponents import exponent_of_means
from replication.scaling_laws.tables import groups
from replication.schema import (
    CURVE,
    DATA_VARIATION,
    HYPERCUBE,
    LABELS,
    LINEARISED,
    POINT,
    RESOLUTION_LIMITED_WIDTH,
    SIZE,
    STUDENTS,
    TEACHER,
    TEACHER_STUDENT,
    TRAINED,
    VARIANCE_LIMITED,
    VARIANCE_LIMITED_DATA,
    VARIANCE_LIMITED_WIDTH,
)
from replication.settings.regimes import TrainedRegimes

Values = Mapping[float, np.ndarray]  # by width or training size, what is averaged there


def trained_curves(members: pd.DataFrame, population: int, confidence: float) -> pd.DataFrame:
    """A row for each size of three regimes: POINT, draws, the mean that follows its law.

    members: rows of the experiments of these regimes on one task. `mean` is the size of the mean over so many `draws`
    (members or draws of the points), with its interval, and `sign` its sign.
    """
    chosen = {name: rows for name, rows in members.groupby("experiment")}
    values: dict[str, Values] = {
        VARIANCE_LIMITED_WIDTH: trained_less_linearised(chosen[VARIANCE_LIMITED_WIDTH]),
        VARIANCE_LIMITED_DATA: excess_over_population(chosen[VARIANCE_LIMITED_DATA], population),
        RESOLUTION_LIMITED_WIDTH: losses_of_widths(chosen[RESOLUTION_LIMITED_WIDTH]),
    }
    rows = []
    for experiment, at_sizes in values.items():
        first = chosen[experiment].assign(method=TRAINED, target=LABELS).iloc[0]
        fixed = first[POINT].to_dict()
        for size, found in at_sizes.items():
            rows.append(fixed | {SIZE[experiment]: size} | _mean(found, confidence) | {"theory": np.nan})
    return pd.DataFrame(rows)


def trained_less_linearised(members: pd.DataFrame) -> Values:
    """Variance-limited in width: L trained less L linearised from the same weights, of each member: ~ 1 / width.

    At fixed data the network of infinite width is its linearisation, and the loss a smooth function of averages over
    neurons.
    """
    wide = members.pivot(index=["width", "member"], columns="method", values="test_loss")
    difference = (wide[TRAINED] - wide[LINEARISED]).dropna()
    return {width: values.to_numpy() for width, values in difference.groupby("width")}


def excess_over_population(members: pd.DataFrame, population: int) -> Values:
    """Variance-limited in data: loss on D points drawn from the population less that on all of it: ~ 1 / D.

    From the same weights, mean over members; a value for each draw of the points.
    """
    whole = members["training_size"] == population
    limit = members[whole].groupby("member")["test_loss"].first()
    drawn = members[~whole]
    excess = drawn.assign(excess=drawn["test_loss"].to_numpy() - limit.loc[drawn["member"]].to_numpy())
    means = excess.groupby(["training_size", "draw"])["excess"].mean()
    return {size: values.to_numpy() for size, values in means.groupby("training_size")}


def losses_of_widths(members: pd.DataFrame) -> Values:
    """Resolution-limited in width: the loss of each member."""
    return {width: rows["test_loss"].to_numpy() for width, rows in members.groupby("width")}


def on_changed_data(members: pd.DataFrame) -> pd.DataFrame:
    """Losses of networks trained on a task's data and on the same data changed: POINT, draw, members, mean."""
    return _of_draws(members[members["experiment"] == DATA_VARIATION].assign(target=LABELS))


def of_students(members: pd.DataFrame) -> pd.DataFrame:
    """Losses of trained students of random teachers; varied is the dimension: POINT, draw, members, mean."""
    of_teachers = {"task": STUDENTS, "dataset": HYPERCUBE, "target": TEACHER}
    return _of_draws(members[members["experiment"] == TEACHER_STUDENT].assign(**of_teachers))


def trained_exponents(curves: pd.DataFrame, regimes: TrainedRegimes, confidence: float) -> pd.DataFrame:
    """Exponent, amplitude and interval of every curve in its regime's window, and the prediction beside it."""
    windows = {
        VARIANCE_LIMITED_WIDTH: regimes.variance_width.window,
        VARIANCE_LIMITED_DATA: regimes.variance_data.window,
        RESOLUTION_LIMITED_WIDTH: regimes.resolution_width.window,
    }
    rows = []
    for label, curve in groups(curves, CURVE):
        experiment = label["experiment"]
        prediction = Estimate(1.0, 0.0) if experiment in VARIANCE_LIMITED else UNKNOWN
        origin = VARIANCE_LIMITED.get(experiment, "")
        fitted = exponent_of_means(SIZE[experiment], curve, windows[experiment], confidence, prediction, origin)
        rows.append(label | fitted)
    return pd.DataFrame(rows)


def _of_draws(members: pd.DataFrame) -> pd.DataFrame:
    """Mean over the members of each draw of the data; no `theory` is known."""
    rows = []
    for label, losses in groups(members, [*POINT, "draw"]):
        rows.append(label | {"members": len(losses), "mean": losses["test_loss"].mean(), "theory": np.nan})
    return pd.DataFrame(rows)


def _mean(values: np.ndarray, confidence: float) -> dict:
    """Size and sign of the mean, and its interval."""
    mean, lower, upper, error = over_draws(np.sign(values.mean()) * values, confidence)
    interval = {"mean_lower": lower, "mean_upper": upper, "mean_standard_error": error}
    return {"draws": len(values), "mean": mean} | interval | {"sign": np.sign(values.mean())}
