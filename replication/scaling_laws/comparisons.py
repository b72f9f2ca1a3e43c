"""Finite against infinite width, gradient descent against Bayes: the numbers that claims of arXiv 2503.05938 need."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy import special

from replication.scaling_laws import fits
from replication.scaling_laws.coverage import covered, share
from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.loss_tables import SAME_RUN
from replication.scaling_laws.member_bootstrap import Correlations
from replication.scaling_laws.tables import by_draw, groups, within
from replication.schema import BAYES, GRADIENT_DESCENT, STATISTICS, SUBJECT, TRAINED
from replication.settings.analysis import ScalingLaws
from replication.settings.sections import Window

EPS = STATISTICS[2]
Comparison = tuple[str, float, str, Estimate]  # its name, the width, the statistic, the number


def compare(
    losses: pd.DataFrame,
    members: pd.DataFrame,
    correlations: Mapping[tuple, Correlations],
    steps: int,
    confidence: float,
    windows: ScalingLaws,
) -> pd.DataFrame:
    """Finite against infinite width (same set, same steps), and gradient descent against Bayes at infinite width.

    Ratios are logarithms of eps_L over its value at infinite width (`width_ratio`), of gradient descent over Bayes
    (`bayes_ratio`), and of half the credible interval over the sigma_L of a Gaussian (`interval_ratio`). `coverage` is
    the share of trained members within the credible interval, `coverage_relative` that about their own mean.
    """
    rows = []
    for subject, group in groups(losses, SUBJECT):
        trained = members[(members["task"] == subject["task"]) & (members["method"] == TRAINED)]
        for comparison, width, statistic, estimate in (
            *_width_ratios(group, correlations, steps, windows.plateau_finite_width),
            _slope_at_infinite_width(group, steps, windows.plateau_finite_width),
            *_exponent_differences(group, windows.infinite_width),
            *_coverage(trained, group, windows.finite_width),
            *_ratios_of_intervals(group, confidence, windows.plateau),
        ):
            label = subject | {"comparison": comparison, "width": width, "statistic": statistic}
            numbers = {"estimate": estimate.value, "standard_error": estimate.error}
            rows.append(label | numbers | {"degrees_of_freedom": estimate.dof})
    return pd.DataFrame(rows)


def _width_ratios(
    group: pd.DataFrame, correlations: Mapping[tuple, Correlations], steps: int, window: Window
) -> Iterator[Comparison]:
    """ln of the ratio for every width: its mean over the window, and at the largest size, where a trend would show."""
    group = within(group[group["training_time"] == steps], window)
    exact = group[group["method"] == GRADIENT_DESCENT].set_index(["training_size", "draw"])[EPS]
    for width, rows in group[group["method"] == TRAINED].groupby("width"):
        rows = rows.sort_values("training_size")
        same = pd.MultiIndex.from_frame(rows[["training_size", "draw"]])
        ratio = rows[EPS].to_numpy() / exact.loc[same].to_numpy()
        error = (rows[f"{EPS}_standard_error"] / rows[EPS]).to_numpy()
        correlation = correlations[rows["task"].iloc[0], TRAINED, width, EPS]
        covariance = correlation.covariance(rows["training_size"].to_list(), error)
        yield "width_ratio", width, EPS, fits.mean_log_ratio(ratio, covariance, correlation.members)
        largest = fits.mean_log_ratio(ratio[-1:], covariance[-1:, -1:], correlation.members)
        yield "width_ratio_at_largest", width, EPS, largest


def _slope_at_infinite_width(group: pd.DataFrame, steps: int, window: Window) -> Comparison:
    """d ln eps_L / d ln N_D at infinite width, same steps, where the trained curves are tested for a plateau."""
    curve = group[(group["method"] == GRADIENT_DESCENT) & (group["training_time"] == steps)]
    values = by_draw(curve, EPS, window)
    slope = fits.fit_draws(fits.plateau, values.columns.to_numpy(float), values.to_numpy()).parameters["slope"]
    return "slope_in_finite_width_window", np.inf, EPS, slope


def _exponent_differences(group: pd.DataFrame, window: Window) -> Iterator[Comparison]:
    """Exponent of converged gradient descent less that of Bayes, draw by draw."""
    for statistic in STATISTICS[:2]:
        descent, bayes = _both_converged(group, statistic, window)
        sizes = descent.columns.to_numpy(float)
        difference = fits.exponent_difference(sizes, descent.to_numpy(), bayes.to_numpy())
        yield "exponent_difference", np.inf, statistic, difference


def _coverage(trained: pd.DataFrame, group: pd.DataFrame, window: Window) -> Iterator[Comparison]:
    """Shares over all members of a width in the window, and all training sizes."""
    predicted = group[group["method"] == GRADIENT_DESCENT].set_index(SAME_RUN)
    for width, rows in within(trained, window).groupby("width"):
        inside = [
            covered(losses["test_loss"].to_numpy(), predicted.loc[tuple(key[name] for name in SAME_RUN)])
            for key, losses in groups(rows.sort_values(["training_size", "member"]), SAME_RUN)
        ]
        for name, flags in zip(("coverage", "coverage_relative"), zip(*inside, strict=True), strict=True):
            yield name, width, "test_loss", share(np.stack(flags))


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
        yield name, np.inf, EPS, Estimate(means.mean(), error, len(means) - 1)


def _both_converged(group: pd.DataFrame, column: str, window: Window) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A column of converged gradient descent and of Bayes, draws in rows and sizes in columns."""
    converged = group[np.isinf(group["training_time"])]
    descent, bayes = (by_draw(converged[converged["method"] == m], column, window) for m in (GRADIENT_DESCENT, BAYES))
    return descent, bayes
