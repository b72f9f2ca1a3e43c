"""A number with its error: intervals, and how it is written for a reader."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from scipy import special


class Estimate(NamedTuple):
    """A number with its standard error; `dof` degrees of freedom (inf: normal) set the width of its intervals."""

    value: float
    error: float
    dof: float = np.inf

    def interval(self, confidence: float) -> tuple[float, float]:
        """Central interval of the given confidence level."""
        half = float(special.stdtrit(self.dof, (1 + confidence) / 2)) * self.error
        return self.value - half, self.value + half

    def columns(self, name: str, confidence: float) -> dict[str, float]:
        """The estimate as columns of a table: name, name_lower, name_upper, name_standard_error."""
        lower, upper = self.interval(confidence)
        ends = {f"{name}_lower": lower, f"{name}_upper": upper}
        return {name: self.value} | ends | {f"{name}_standard_error": self.error}

    def row(self) -> dict[str, float]:
        """The estimate as columns of a table of comparisons: estimate, standard_error, degrees_of_freedom."""
        return {"estimate": self.value, "standard_error": self.error, "degrees_of_freedom": self.dof}


UNKNOWN = Estimate(np.nan, np.nan)


def shorter(row: Mapping[str, Any], statistic: str) -> str:
    """Which estimate of a statistic has the smaller error, as the beginning of its columns' names.

    "controlled_", by control variates, or "", plain, in a row of the moments of ensembles.
    """
    return min(("", "controlled_"), key=lambda stem: row[f"{stem}{statistic}_standard_error"])


def value_with_error(value: float, error: float) -> str:
    """0.2853 with error 0.0042 as `0.285(4)`: the error in units of the last digit, rounded as the PDG does."""
    return _rounded(value, error, "{value}({units})")


def plus_minus(value: float, error: float) -> str:
    """0.2853 with error 0.0042 as `0.285 ± 0.004`."""
    return _rounded(value, error, "{value} ± {error}")


def _rounded(value: float, error: float, form: str) -> str:
    if np.isnan(value):
        return ""
    if not np.isfinite(error) or error <= 0:
        return f"{value:.4g}"
    power = int(np.floor(np.log10(error)))
    leading = round(error / 10.0 ** (power - 2))
    # Particle Data Group: two digits for leading digits 100 to 354, one to 949, and above that 1000 again
    digits = 2 if leading < 355 or leading >= 950 else 1
    if leading >= 950:
        power += 1
    decimals = max(digits - 1 - power, 0)
    shown = f"{error:.{decimals}f}"
    return form.format(value=f"{value:.{decimals}f}", error=shown, units=shown.replace(".", "").lstrip("0"))
