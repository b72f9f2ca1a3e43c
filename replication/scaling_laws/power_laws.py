"""Power laws, floors, plateaus and straight lines, fitted to one curve.

Fits are made in ln y with relative standard errors as weights, so that a law and its amplitude are fitted on equal
terms over decades.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, special

from replication.scaling_laws.estimates import UNKNOWN, Estimate


class LeastSquares(NamedTuple):
    """Coefficients, their covariance, and the chi-square."""

    coefficients: np.ndarray
    covariance: np.ndarray
    chi_square: float


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

    `error` are relative standard errors of y. The drift comes from a fit with one more term in (ln x)^2;
    relative_drift is its share of the exponent.
    """
    (level, slope), covariance, chi_square = _polynomial(x, y, error, 1)
    centre = np.log(x).mean()
    amplitude = np.exp(level - slope * centre)
    amplitude_error = amplitude * np.sqrt(np.array([1, -centre]) @ covariance @ np.array([1, -centre]))
    drift = _drift(x, y, error)
    parameters = {
        "exponent": Estimate(-slope, np.sqrt(covariance[1, 1])),
        "amplitude": Estimate(amplitude, amplitude_error),
        "drift": drift,
        "relative_drift": Estimate(drift.value / -slope, drift.error / abs(slope)),
    }
    return Fit(parameters, chi_square, len(x) - 2)


class _Floored(NamedTuple):
    """ln(a (x / scale)^-exponent + floor lowest), whose parameters are well conditioned: ln a, exponent, floor <= 1."""

    scale: float
    lowest: float

    def log(self, x: np.ndarray, log_amplitude: float, exponent: float, floor: float) -> np.ndarray:
        """The law at x (n,)."""
        return np.log(np.exp(log_amplitude) * (x / self.scale) ** -exponent + floor * self.lowest)

    def gradient(self, x: np.ndarray, log_amplitude: float, exponent: float, floor: float) -> np.ndarray:
        """Its derivatives with respect to the parameters: (n, 3)."""
        power = np.exp(log_amplitude) * (x / self.scale) ** -exponent
        parts = np.stack([power, -np.log(x / self.scale) * power, np.full_like(power, self.lowest)], axis=1)
        return parts / (power + floor * self.lowest)[:, None]


def power_law_with_floor(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Fit:
    """y = amplitude x^-exponent + floor with floor >= 0; `error` are relative standard errors of y."""
    start = power_law(x, y, error).parameters
    law = _Floored(float(np.exp(np.log(x).mean())), float(np.min(y)))
    exponent, log_scale = start["exponent"].value, np.log(law.scale)
    guess = (np.log(start["amplitude"].value) - exponent * log_scale, 1.2 * np.clip(exponent, 0.05, 15), 0.1)
    bounds = ((-np.inf, 0, 0), (np.inf, 20, 1))
    options = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 2000, "x_scale": "jac"}
    options |= {"sigma": error, "absolute_sigma": True, "bounds": bounds, "jac": law.gradient}
    try:
        best, covariance = optimize.curve_fit(law.log, x, np.log(y), p0=guess, **options)
    except (RuntimeError, ValueError):  # no minimum found: the data say nothing about a floor
        return Fit(dict.fromkeys(("exponent", "amplitude", "floor"), UNKNOWN), np.nan, len(x) - 3)
    errors, to_unit = np.sqrt(np.diag(covariance)), np.array([1, log_scale, 0])
    amplitude = np.exp(best[0] + best[1] * log_scale)
    parameters = {
        "exponent": Estimate(best[1], errors[1]),
        "amplitude": Estimate(amplitude, amplitude * np.sqrt(to_unit @ covariance @ to_unit)),
        "floor": Estimate(best[2] * law.lowest, errors[2] * law.lowest),
    }
    chi_square = float(np.sum(((np.log(y) - law.log(x, *best)) / error) ** 2))
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


LAWS = {"power_law": power_law, "power_law_with_floor": power_law_with_floor, "plateau": plateau}


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


def _drift(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> Estimate:
    """Local exponent at the largest x minus that at the smallest, from a parabola in ln x."""
    if len(x) < 3:
        return UNKNOWN
    (_, _, bend), covariance, _ = _polynomial(x, y, error, 2)
    span = np.log(x.max() / x.min())
    return Estimate(-2 * bend * span, 2 * np.sqrt(covariance[2, 2]) * span)


def _polynomial(x: np.ndarray, y: np.ndarray, error: np.ndarray, degree: int) -> LeastSquares:
    """Weighted least squares of ln y in powers of ln x about its mean: coefficients, covariance, chi-square."""
    u = np.log(x) - np.log(x).mean()
    return _least_squares(np.vander(u, degree + 1, increasing=True), np.log(y), error)


def _least_squares(columns: np.ndarray, y: np.ndarray, error: np.ndarray) -> LeastSquares:
    design, scaled = columns / error[:, None], y / error
    coefficients = np.linalg.lstsq(design, scaled)[0]
    covariance = np.linalg.inv(design.T @ design)
    return LeastSquares(coefficients, covariance, float(np.sum((scaled - design @ coefficients) ** 2)))
