"""eps_L at infinite width as a function of the number of test points and of the output scale, from one run.

sigma_L^2 is a mean over pairs of test points. Averaged over test sets of N_T points,

  eps_L^2(N_T) = eps_L^2(infinite) + kappa / N_T,

kappa the excess of a point's covariance with itself over that with another point. Outputs multiplied by r have r^2
times the covariance, and the same mean function.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.scaling_laws import fits
from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.tables import by_draw, groups
from replication.schema import GRADIENT_DESCENT, INFINITE_TEST_SET, SUBJECT
from replication.settings.sections import Window

TEST_SIZES = (100, 1000, 10_000, np.inf)
CANDIDATES = np.array([1, 2, 5])[None] * 10.0 ** np.arange(1, 6)[:, None]  # where a plateau is sought
COLUMN = "eps"


def at_output_scale(exact: pd.DataFrame, scale: float) -> pd.DataFrame:
    """Rows of learning curves at infinite width as they are with another output scale g.

    exact: with the columns `output_scale` and those of `Sources`. mean, std, coefficient_of_variation, that of an
    infinitely large test set, and output_scale are replaced.
    """
    square = (scale / exact["output_scale"]) ** 2
    diagonal = exact["diagonal_variance_term"] * square**2
    diagonal += (exact["diagonal_term"] - exact["diagonal_variance_term"]) * square
    variance = exact["variance_term"] * square**2 + exact["cross_term"] * square
    mean = exact["squared_bias"] + exact["variance"] * square
    points = exact["test_size"]
    of_pairs = (variance - diagonal).clip(lower=0) * points / (points - 1)
    return exact.assign(
        mean=mean, std=np.sqrt(variance), coefficient_of_variation=np.sqrt(variance) / mean, output_scale=scale,
        **{INFINITE_TEST_SET: np.sqrt(of_pairs) / mean},
    )  # fmt: skip


def kappa(exact: pd.DataFrame) -> pd.Series:
    """kappa of every row: N_T (eps_L^2(N_T) - eps_L^2(infinite)) at the test set that was computed."""
    return exact["test_size"] * (exact["coefficient_of_variation"] ** 2 - exact[INFINITE_TEST_SET] ** 2)


def of_test_size(exact: pd.DataFrame, points: float) -> pd.Series:
    """eps_L of every row, averaged over test sets of so many points (inf: infinitely many)."""
    return np.sqrt(exact[INFINITE_TEST_SET] ** 2 + kappa(exact) / points)


def plateaus_by_test_size(
    exact: pd.DataFrame, scales: Mapping[str, Mapping[str, float]], window: Window, confidence: float, bound: float
) -> pd.DataFrame:
    """Slope of ln eps_L against ln N_D in the window, for every task, output scale and number of test points.

    exact: converged gradient descent and others, draw by draw; scales: of every task, g by name. `kappa` is that of the
    largest N_D, mean over draws; `given` says whether these are the test points that there are. `holds_up_to`: the most
    test points, of 1, 2 and 5 times powers of ten, at which the slope lies within +-`bound`; NaN for none.
    """
    converged = exact[(exact["method"] == GRADIENT_DESCENT) & np.isinf(exact["training_time"])]
    rows = []
    for subject, curves in groups(converged, SUBJECT):
        for name, scale in scales[subject["task"]].items():
            scaled = at_output_scale(curves, scale)
            slopes = {points: _slope(scaled, points, window) for points in (*TEST_SIZES, *CANDIDATES.ravel())}
            flat = [n for n in CANDIDATES.ravel() if abs(slopes[n].value) <= bound]
            largest = scaled[scaled["training_size"] == window.inside(scaled["training_size"].unique())[-1]]
            label = subject | {"value": name, "output_scale": scale, **window.model_dump()}
            label |= {"kappa": kappa(largest).mean(), "holds_up_to": max(flat, default=np.nan)}
            given = float(curves["test_size"].iloc[0])
            for points in dict.fromkeys((*TEST_SIZES, given)):
                level = of_test_size(largest, points).mean()
                numbers = slopes[points] if points in slopes else _slope(scaled, points, window)
                rows.append(
                    label
                    | {"test_size": points, "given": points == given, "coefficient_of_variation": level}
                    | _numbers(numbers, confidence)
                )
    return pd.DataFrame(rows)


def _slope(curves: pd.DataFrame, points: float, window: Window) -> Estimate:
    values = by_draw(curves.assign(**{COLUMN: of_test_size(curves, points)}), COLUMN, window)
    return fits.fit_draws(fits.plateau, values.columns.to_numpy(float), values.to_numpy()).parameters["slope"]


def _numbers(estimate: Estimate, confidence: float) -> dict[str, float]:
    lower, upper = estimate.interval(confidence)
    return {"estimate": estimate.value, "lower": lower, "upper": upper} | estimate.row()
