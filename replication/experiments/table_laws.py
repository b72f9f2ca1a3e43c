"""Scaling laws of learning-curve tables, with the errors that the table at hand allows."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication import seeds
from replication.errors import ReplicationError
from replication.experiments.exact_curves import ESTIMATES
from replication.loss_distribution.moments import member_moments
from replication.scaling_laws import fits
from replication.scaling_laws.curve_fits import CURVE
from replication.scaling_laws.fits import Estimate, Fit
from replication.scaling_laws.tables import groups
from replication.schema import STATISTICS

LAW = dict.fromkeys(ESTIMATES, "plateau") | {"mean": "power_law", "std": "power_law"}
Law = Callable[[np.ndarray, np.ndarray, np.ndarray], Fit]


class Resampling(NamedTuple):
    """Of members: how many resamples, and the seed that they are drawn by."""

    resamples: int
    seed: int


def laws_of_table(
    table: pd.DataFrame, window: tuple[float, float], confidence: float, resampling: Resampling
) -> pd.DataFrame:
    """One row for each curve, statistic and parameter: power laws of mu_L and sigma_L, plateaus of eps_L.

    A curve is what shares all key columns but size and draw. `errors_from` says what the standard errors come from:
    "draws", jackknifed over draws of the training set; "members", bootstrapped over members at all sizes at once, where
    the table has a row for each member; "sizes", jackknifed over the sizes of a single curve, which is its scatter
    about the law. Only sizes in the window, ends included, enter.
    """
    inside = table[table["training_size"].between(*window)]
    rows = []
    for key, curve in groups(inside, CURVE):
        for statistic, every in _values(curve):
            values = every.dropna(axis="columns")  # sizes that every draw has
            sizes, y = values.columns.to_numpy(float), values.to_numpy()
            if len(sizes) > 1 and np.all(y > 0):
                source, fitted = _fitted(fits.LAWS[LAW[statistic]], sizes, y, curve, statistic, resampling)
                label = key | {"statistic": statistic, "law": LAW[statistic]}
                label |= {"smallest": sizes[0], "largest": sizes[-1], "points": len(sizes), "draws": len(y)}
                rows.append(fits.table(fitted, confidence).assign(**label, errors_from=source))
    if not rows:
        problem = f"no curve has two training sizes with positive values from {window[0]:g} to {window[1]:g}"
        raise ReplicationError(problem, "give a table of more sizes, or a wider window")
    laws = pd.concat(rows, ignore_index=True)
    leading = [*CURVE, "statistic", "law", "smallest", "largest", "points", "draws", "parameter"]
    return laws[leading + [name for name in laws if name not in leading]]


def _values(curve: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """(statistic, its values with draws in rows and training sizes in columns)."""
    if "member" in curve:
        losses = curve.groupby(["draw", "training_size"])["test_loss"]
        moments = {"mean": losses.mean(), "std": losses.std()}
        moments["coefficient_of_variation"] = moments["std"] / moments["mean"]
        yield from ((name, moments[name].unstack()) for name in STATISTICS)
    else:
        for name in ESTIMATES:
            if name in curve and curve[name].notna().any():
                yield name, curve.pivot(index="draw", columns="training_size", values=name)


def _fitted(
    law: Law, sizes: np.ndarray, y: np.ndarray, curve: pd.DataFrame, statistic: str, resampling: Resampling
) -> tuple[str, Fit]:
    if len(y) > 1:
        return "draws", fits.fit_draws(law, sizes, y)
    if "member" in curve:
        losses = curve.pivot(index="member", columns="training_size", values="test_loss").to_numpy()
        return "members", _over_members(law, sizes, losses, STATISTICS.index(statistic), resampling)
    return "sizes", _over_sizes(law, sizes, y[0])


def _over_members(law: Law, sizes: np.ndarray, losses: np.ndarray, which: int, resampling: Resampling) -> Fit:
    """Fit to the moments of members (members, sizes), weighted by their errors.

    A resample holds the same members at every size, which share their initial weights: so what their losses have in
    common counts in the errors of the parameters.
    """
    members = len(losses)
    rng = seeds.generator(resampling.seed, "bootstrap of laws")
    resampled = member_moments(losses[rng.integers(members, size=(resampling.resamples, members))], axis=1)[which]
    resampled = resampled[np.all(resampled > 0, axis=1)]
    widening = np.sqrt(members / (members - 1))
    error = np.log(resampled).std(axis=0) * widening
    centre = law(sizes, member_moments(losses, axis=0)[which], error)
    others = [law(sizes, one, error).parameters for one in resampled]
    return _with_errors(centre, lambda name: widening * np.std([one[name].value for one in others]), members - 1)


def _over_sizes(law: Law, sizes: np.ndarray, y: np.ndarray) -> Fit:
    """Fit to a single curve, all sizes weighing the same; of two sizes, which every law meets, no errors are known."""
    ones, count = np.ones(len(sizes)), len(sizes)
    centre = law(sizes, y, ones)._replace(chi_square=np.nan)
    if count < 3:
        return _with_errors(centre, lambda name: np.nan, 1)
    others = [law(*(np.delete(values, i) for values in (sizes, y, ones))).parameters for i in range(count)]
    return _with_errors(
        centre, lambda name: np.sqrt(count - 1) * np.std([one[name].value for one in others]), count - 2
    )


def _with_errors(fit: Fit, error: Callable[[str], float], dof: float) -> Fit:
    parameters = {name: Estimate(one.value, float(error(name)), dof) for name, one in fit.parameters.items()}
    return fit._replace(parameters=parameters)
