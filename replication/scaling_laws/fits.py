"""Laws fitted to curves over draws of the training set, or to one draw, with errors that know what sizes share."""

from collections.abc import Callable

import numpy as np

from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.power_laws import (
    LAWS,
    Fit,
    plateau,
    power_law,
    power_law_with_floor,
    table,
)

__all__ = [
    "LAWS", "Estimate", "Fit", "exponent_difference", "fit_draws", "fit_members", "plateau", "power_law",
    "power_law_with_floor", "table",
]  # fmt: skip

Law = Callable[[np.ndarray, np.ndarray, np.ndarray], Fit]


def fit_draws(law: Law, x: np.ndarray, y: np.ndarray) -> Fit:
    """Fit `law` through the geometric mean of the draws y (draws, sizes) at sizes x.

    All sizes weigh the same: weights from the scatter of a few draws would be noise, which costs coverage. The errors
    of the parameters are jackknifed over draws, with draws - 1 degrees of freedom, because nested training sets make
    the sizes of one draw correlated; the chi-square takes them as independent, with the scatter pooled over sizes.
    """
    draws, log_y = len(y), np.log(y)
    scatter = _pooled_scatter(y)
    centre = law(x, np.exp(log_y.mean(axis=0)), scatter / np.sqrt(draws))
    without = [law(x, np.exp(np.delete(log_y, i, axis=0).mean(axis=0)), scatter) for i in range(draws)]
    parameters = {}
    for name, estimate in centre.parameters.items():
        values = np.array([one.parameters[name].value for one in without])
        jackknife = np.sqrt((draws - 1) / draws * np.sum((values - values.mean()) ** 2))
        parameters[name] = Estimate(estimate.value, jackknife, draws - 1)
    return centre._replace(parameters=parameters)


def fit_members(law: Law, x: np.ndarray, y: np.ndarray, covariance: np.ndarray, members: int) -> Fit:
    """Fit `law` to one curve y (sizes,) of so many members, all trained on one training set, of which it speaks.

    covariance: of ln y over members (sizes, sizes), as measured (`member_bootstrap`): members start from the same
    weights at every size, so what a member is off by at one size it is partly off by at the others. Of a slope that
    part cancels, of a level it does not average out. The error of a parameter is g' covariance g, g its gradient with
    respect to ln y.
    """
    error = np.sqrt(np.diag(covariance))
    centre = law(x, y, error)
    step = 1e-4  # moves ln y one point at a time: how the members' errors pass on to the parameters
    moved = [law(x, y * np.exp(step * unit), error).parameters for unit in np.eye(len(x))]
    parameters = {}
    for name, estimate in centre.parameters.items():
        gradient = np.array([one[name].value - estimate.value for one in moved]) / step
        parameters[name] = Estimate(estimate.value, float(np.sqrt(gradient @ covariance @ gradient)), members - 1)
    return centre._replace(parameters=parameters)


def exponent_difference(x: np.ndarray, y1: np.ndarray, y2: np.ndarray) -> Estimate:
    """Exponent of y1 minus exponent of y2, both (draws, sizes) on the same draws, paired draw by draw."""
    slopes = np.polyfit(np.log(x), (np.log(y2) - np.log(y1)).T, 1)[0]
    return Estimate(slopes.mean(), slopes.std(ddof=1) / np.sqrt(len(slopes)), len(slopes) - 1)


def _pooled_scatter(y: np.ndarray) -> np.ndarray:
    """Standard deviation of ln y over draws, root mean square over sizes, for each size."""
    return np.full(y.shape[1], np.sqrt(np.log(y).var(axis=0, ddof=1).mean()))
