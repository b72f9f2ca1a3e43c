"""Gradient descent against Bayes at infinite width: the numbers that claims of arXiv 2503.05938 need."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import special

from replication.scaling_laws import fits
from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.tables import by_draw, groups
from replication.schema import BAYES, GRADIENT_DESCENT, STATISTICS, SUBJECT
from replication.settings.analysis import ScalingLaws
from replication.settings.sections import Window

EPS = STATISTICS[2]
Comparison = tuple[str, str, Estimate]  # its name, the statistic, the number


def compare(losses: pd.DataFrame, confidence: float, windows: ScalingLaws) -> pd.DataFrame:
    """Converged gradient descent beside Bayes, draw by draw.

    `exponent_difference`: of mu_L and sigma_L. Ratios are logarithms: of eps_L of gradient descent over Bayes
    (`bayes_ratio`), and of half the credible interval over the sigma_L of a Gaussian (`interval_ratio`).
    """
    rows = []
    for subject, group in groups(losses, SUBJECT):
        for comparison, statistic, estimate in (
            *_exponent_differences(group, windows.infinite_width),
            *_ratios_of_intervals(group, confidence, windows.plateau),
        ):
            label = subject | {"comparison": comparison, "width": np.inf, "statistic": statistic}
            rows.append(label | estimate.row())
    return pd.DataFrame(rows)


def _exponent_differences(group: pd.DataFrame, window: Window) -> Iterator[Comparison]:
    """Exponent of converged gradient descent less that of Bayes, draw by draw."""
    for statistic in STATISTICS[:2]:
        descent, bayes = _both_converged(group, statistic, window)
        sizes = descent.columns.to_numpy(float)
        difference = fits.exponent_difference(sizes, descent.to_numpy(), bayes.to_numpy())
        yield "exponent_difference", statistic, difference


def _ratios_of_intervals(group: pd.DataFrame, confidence: float, window: Window) -> Iterator[Comparison]:
    """Converged, mean over the window and the draws."""
    descent, bayes = _both_converged(group, EPS, window)
    (upper, _), (lower, _), (std, _) = (
        _both_converged(group, column, window) for column in ("loss_upper", "loss_lower", "std")
    )
    gaussian = special.ndtri((1 + confidence) / 2) * std
    for name, ratio in (("interval_ratio", (upper - lower) / 2 / gaussian), ("bayes_ratio", descent / bayes)):
        means = np.log(ratio).mean(axis=1)
        error = means.std(ddof=1) / np.sqrt(len(means))
        yield name, EPS, Estimate(means.mean(), error, len(means) - 1)


def _both_converged(group: pd.DataFrame, column: str, window: Window) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A column of converged gradient descent and of Bayes, draws in rows and sizes in columns."""
    converged = group[np.isinf(group["training_time"])]
    descent, bayes = (by_draw(converged[converged["method"] == m], column, window) for m in (GRADIENT_DESCENT, BAYES))
    return descent, bayes
