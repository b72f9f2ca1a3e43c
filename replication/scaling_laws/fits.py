"""Laws fitted to curves over draws of the training set, or to one draw, with errors that know what sizes share."""

from collections.abc import Callable

import numpy as np

from replication.scaling_laws.estimates import Estimate, combined_dof
from replication.scaling_laws.power_laws import (
    LAWS,
    Fit,
    plateau,
    power_law,
    power_law_with_floor,
    straight_line,
    table,
)

__all__ = [
    "LAWS", "Estimate", "Fit", "exponent_difference", "fit_draws", "fit_single_draw", "mean_log_ratio", "plateau",
    "power_law", "power_law_with_floor", "straight_line", "table",
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


def fit_single_draw(
    law: Law, x: np.ndarray, y: np.ndarray, covariance: np.ndarray, members: int, reference: np.ndarray
) -> Fit:
    """Fit `law` to one curve y (sizes,) of so many members, trained on a single draw of the training set.

    covariance: of ln y over members (sizes, sizes), as measured (`member_bootstrap`): members start from the same
    weights at every size, so what a member is off by at one size it is partly off by at the others. Of a slope that
    part cancels, of a level it does not average out.

    A law in N_D speaks of all training sets, so each parameter has two errors, added in quadrature: g' covariance g
    over members, g the gradient of the parameter with respect to ln y, and from the draw, as the parameter scatters
    when the same weighted fit is made to `reference` (draws, sizes), the curves of several draws at infinite width. The
    degrees of freedom, members - 1 and draws - 1, are combined as Welch and Satterthwaite do.
    """
    total = np.sqrt(np.diag(covariance) + _pooled_scatter(reference) ** 2)
    centre = law(x, y, total)
    step = 1e-4  # moves ln y one point at a time: how the members' errors pass on to the parameters
    moved = [law(x, y * np.exp(step * unit), total).parameters for unit in np.eye(len(x))]
    drawn = [law(x, curve, total).parameters for curve in reference]
    parameters = {}
    for name, estimate in centre.parameters.items():
        gradient = np.array([one[name].value - estimate.value for one in moved]) / step
        of_members = float(gradient @ covariance @ gradient)
        of_draw = float(np.var([one[name].value for one in drawn], ddof=1))
        dof = combined_dof([(of_members, members - 1), (of_draw, len(reference) - 1)])
        parameters[name] = Estimate(estimate.value, np.sqrt(of_members + of_draw), dof)
    return centre._replace(parameters=parameters)


def exponent_difference(x: np.ndarray, y1: np.ndarray, y2: np.ndarray) -> Estimate:
    """Exponent of y1 minus exponent of y2, both (draws, sizes) on the same draws, paired draw by draw."""
    slopes = np.polyfit(np.log(x), (np.log(y2) - np.log(y1)).T, 1)[0]
    return Estimate(slopes.mean(), slopes.std(ddof=1) / np.sqrt(len(slopes)), len(slopes) - 1)


def mean_log_ratio(ratio: np.ndarray, covariance: np.ndarray, members: int) -> Estimate:
    """Mean of ln ratio (sizes,) with weights 1 / variance; `covariance` (sizes, sizes): of ln ratio, over `members`.

    The weights are those of independent ratios, the error, sqrt(w' covariance w), is not.
    """
    weights = 1 / np.diag(covariance)
    weights /= weights.sum()
    return Estimate(float(weights @ np.log(ratio)), float(np.sqrt(weights @ covariance @ weights)), members - 1)


def _pooled_scatter(y: np.ndarray) -> np.ndarray:
    """Standard deviation of ln y over draws, root mean square over sizes, for each size."""
    return np.full(y.shape[1], np.sqrt(np.log(y).var(axis=0, ddof=1).mean()))
