"""Power laws, floors, plateaus and their uncertainties.

Fits are made in ln y with relative standard errors as weights, so that a law and its amplitude are fitted on equal
terms over decades.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, special


class Estimate(NamedTuple):
    """A number with its standard error; `dof` degrees of freedom (inf: normal) set the width of its intervals."""

    value: float
    error: float
    dof: float = np.inf

    def interval(self, confidence: float) -> tuple[float, float]:
        """Central interval of the given confidence level."""
        half = special.stdtrit(self.dof, (1 + confidence) / 2) * self.error
        return self.value - half, self.value + half


class Fit(NamedTuple):
    """Parameters with errors, and the chi-square of the fit with its degrees of freedom."""

    parameters: dict[str, Estimate]
    chi_square: float
    dof: int

    @property
    def p_value(self) -> float:
        """Probability of a larger chi-square if the law is right and the errors are independent."""
        return float(special.chdtrc(self.dof, self.chi_square)) if self.dof > 0 else np.nan


def power_law(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Fit:
    """y = amplitude x^-exponent, and its drift: how much the local exponent grows across the window.

    `error` are relative standard errors of y. The drift comes from a fit with one more term in (ln x)^2.
    """
    (level, slope), covariance, chi_square = _polynomial(x, y, error, 1)
    centre = np.log(x).mean()
    amplitude = np.exp(level - slope * centre)
    amplitude_error = amplitude * np.sqrt(np.array([1, -centre]) @ covariance @ np.array([1, -centre]))
    parameters = {
        "exponent": Estimate(-slope, np.sqrt(covariance[1, 1])),
        "amplitude": Estimate(amplitude, amplitude_error),
        "drift": _drift(x, y, error),
    }
    return Fit(parameters, chi_square, len(x) - 2)


def power_law_with_floor(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Fit:
    """y = amplitude x^-exponent + floor with floor >= 0; `error` are relative standard errors of y."""
    start = power_law(x, y, error).parameters
    lowest = np.min(y)
    scale = np.exp(np.log(x).mean())  # the amplitude at the centre of the window is the better conditioned parameter

    def law(x, log_amplitude, exponent, floor):
        return np.log(np.exp(log_amplitude) * (x / scale) ** -exponent + floor * lowest)

    exponent = np.clip(start["exponent"].value, 0.05, 15)
    guess = (np.log(start["amplitude"].value) - start["exponent"].value * np.log(scale), 1.2 * exponent, 0.1)
    bounds = ((-np.inf, 0, 0), (np.inf, 20, 1))
    options = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 2000, "x_scale": "jac"}
    try:
        best, covariance = optimize.curve_fit(
            law, x, np.log(y), p0=guess, sigma=error, absolute_sigma=True, bounds=bounds, **options
        )
    except (RuntimeError, ValueError):  # no minimum found: the data say nothing about a floor
        unknown = Estimate(np.nan, np.nan)
        return Fit(dict.fromkeys(("exponent", "amplitude", "floor"), unknown), np.nan, len(x) - 3)
    errors = np.sqrt(np.diag(covariance))
    chi_square = float(np.sum(((np.log(y) - law(x, *best)) / error) ** 2))
    to_unit = np.array([1, np.log(scale), 0])
    amplitude = np.exp(best[0] + best[1] * np.log(scale))
    parameters = {
        "exponent": Estimate(best[1], errors[1]),
        "amplitude": Estimate(amplitude, amplitude * np.sqrt(to_unit @ covariance @ to_unit)),
        "floor": Estimate(best[2] * lowest, errors[2] * lowest),
    }
    return Fit(parameters, chi_square, len(x) - 3)


def plateau(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Fit:
    """A constant y: its value, the slope d ln y / d ln x, and the drift of the local exponent across the window."""
    (level,), covariance, chi_square = _polynomial(x, y, error, 0)
    (_, slope), slope_covariance, _ = _polynomial(x, y, error, 1)
    parameters = {
        "value": Estimate(np.exp(level), np.exp(level) * np.sqrt(covariance[0, 0])),
        "slope": Estimate(slope, np.sqrt(slope_covariance[1, 1])),
        "drift": _drift(x, y, error),
    }
    return Fit(parameters, chi_square, len(x) - 1)


def straight_line(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Fit:
    """y = intercept + slope x; `error` are standard errors of y."""
    values, covariance, chi_square = _least_squares(np.vander(x, 2, increasing=True), y, error)
    errors = np.sqrt(np.diag(covariance))
    parameters = {name: Estimate(*pair) for name, *pair in zip(("intercept", "slope"), values, errors, strict=True)}
    return Fit(parameters, chi_square, len(x) - 2)


LAWS = {"power_law": power_law, "power_law_with_floor": power_law_with_floor, "plateau": plateau}


def fit_draws(law: Callable[..., Fit], x: np.ndarray, y: np.ndarray) -> Fit:
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
    law: Callable[..., Fit], x: np.ndarray, y: np.ndarray, error: np.ndarray, reference: np.ndarray
) -> Fit:
    """Fit `law` to one curve y (sizes,) that was trained on a single draw of the training set.

    A law in N_D speaks of all training sets, so each parameter has two errors, added in quadrature: from `error`, the
    relative standard errors over members, and from the draw, as the parameter scatters when the same weighted fit is
    made to `reference` (draws, sizes), the curves of several draws at infinite width. The degrees of freedom are those
    of Welch and Satterthwaite.
    """
    total = np.hypot(error, _pooled_scatter(reference))
    centre = law(x, y, total)
    step = 1e-4  # moves ln y one point at a time: how the members' errors pass on to the parameters
    moved = [law(x, y * np.exp(step * unit), total).parameters for unit in np.eye(len(x))]
    drawn = [law(x, curve, total).parameters for curve in reference]
    dof = len(reference) - 1
    parameters = {}
    for name, estimate in centre.parameters.items():
        slopes = np.array([one[name].value - estimate.value for one in moved]) / step
        of_members, of_draw = np.sum((slopes * error) ** 2), np.var([one[name].value for one in drawn], ddof=1)
        freedom = dof * ((of_members + of_draw) / of_draw) ** 2 if of_draw > 0 else np.inf
        parameters[name] = Estimate(estimate.value, np.sqrt(of_members + of_draw), freedom)
    return centre._replace(parameters=parameters)


def _pooled_scatter(y: np.ndarray) -> np.ndarray:
    """Standard deviation of ln y over draws, root mean square over sizes, for each size."""
    return np.full(y.shape[1], np.sqrt(np.log(y).var(axis=0, ddof=1).mean()))


def exponent_difference(x: np.ndarray, y1: np.ndarray, y2: np.ndarray) -> Estimate:
    """Exponent of y1 minus exponent of y2, both (draws, sizes) on the same draws, paired draw by draw."""
    slopes = np.polyfit(np.log(x), (np.log(y2) - np.log(y1)).T, 1)[0]
    return Estimate(slopes.mean(), slopes.std(ddof=1) / np.sqrt(len(slopes)), len(slopes) - 1)


def mean_log_ratio(ratio: np.ndarray, error: np.ndarray) -> Estimate:
    """Mean of ln ratio with weights 1 / error^2; `error` are the relative standard errors of independent ratios."""
    weights = error**-2.0
    return Estimate(float(np.average(np.log(ratio), weights=weights)), float(weights.sum() ** -0.5))


def table(fitted: Fit, confidence: float) -> pd.DataFrame:
    """One row for each parameter of a fit."""
    rows = [
        {
            "parameter": name,
            "estimate": estimate.value,
            "lower": estimate.interval(confidence)[0],
            "upper": estimate.interval(confidence)[1],
            "standard_error": estimate.error,
            "degrees_of_freedom": estimate.dof,
            "chi_square": fitted.chi_square,
            "chi_square_dof": fitted.dof,
            "p_value": fitted.p_value,
        }
        for name, estimate in fitted.parameters.items()
    ]
    return pd.DataFrame(rows)


def _drift(x, y, error):
    """Local exponent at the largest x minus that at the smallest, from a parabola in ln x."""
    if len(x) < 3:
        return Estimate(np.nan, np.nan)
    (_, _, bend), covariance, _ = _polynomial(x, y, error, 2)
    span = np.log(x.max() / x.min())
    return Estimate(-2 * bend * span, 2 * np.sqrt(covariance[2, 2]) * span)


def _polynomial(x, y, error, degree):
    """Weighted least squares of ln y in powers of ln x about its mean: coefficients, covariance, chi-square."""
    u = np.log(x) - np.log(x).mean()
    return _least_squares(np.vander(u, degree + 1, increasing=True), np.log(y), error)


def _least_squares(columns, y, error):
    design, scaled = columns / error[:, None], y / error
    coefficients = np.linalg.lstsq(design, scaled)[0]
    covariance = np.linalg.inv(design.T @ design)
    return coefficients, covariance, float(np.sum((scaled - design @ coefficients) ** 2))
