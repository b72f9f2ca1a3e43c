"""Stage: power laws, floors and plateaus of every curve, and the comparisons that the claims need."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy import special

from replication.loss_distribution.moments import FINITE, INFINITE_TEST_SET, STATISTICS
from replication.scaling_laws import fits as laws
from replication.settings.analysis import ScalingLaws, Statistics
from replication.settings.sections import Window
from replication.settings.training import Training
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

CURVE = ["task", "dataset", "method", "width", "training_time"]
LAWS = {
    "mean": ("power_law", "power_law_with_floor"),
    "std": ("power_law", "power_law_with_floor"),
    "coefficient_of_variation": ("plateau",),
    INFINITE_TEST_SET: ("plateau",),
}


def fit_scaling_laws(paths: RunPaths, training: Training, statistics: Statistics, scaling_laws: ScalingLaws) -> None:
    """Fit scaling laws to mean, standard deviation and coefficient of variation of the test loss."""
    losses = files.read_table(paths.results("test_loss.csv"))
    fits = []
    for key, curve in losses.groupby(CURVE, sort=False):
        finite = key[CURVE.index("method")] in FINITE
        law_window = scaling_laws.finite_width if finite else scaling_laws.infinite_width
        plateau_window = scaling_laws.plateau_finite_width if finite else scaling_laws.plateau
        for statistic in STATISTICS if finite else (*STATISTICS, INFINITE_TEST_SET):
            for law in LAWS[statistic]:
                if law == "power_law_with_floor" and key[CURVE.index("method")] == "linearised":
                    continue  # slow, and no exhibit asks for it
                window = plateau_window if law == "plateau" else law_window
                fitted = _fit(law, curve, losses, statistic, window, statistics.confidence)
                label = {"statistic": statistic, "law": law, **window.model_dump()}
                fits.append(fitted.assign(**dict(zip(CURVE, key, strict=True)), **label))
    table = pd.concat(fits, ignore_index=True)
    leading = [*CURVE, "statistic", "law", "smallest", "largest", "points", "draws", "parameter"]
    files.write_table(paths.results("scaling_laws.csv"), table[leading + [c for c in table if c not in leading]])
    comparisons = compare(losses, training.steps, statistics.confidence, scaling_laws)
    files.write_table(paths.results("comparisons.csv"), comparisons)


def _fit(law: str, curve: pd.DataFrame, losses: pd.DataFrame, statistic: str, window: Window, confidence: float):
    own = _draws(curve, statistic, window)
    sizes = own.columns.to_numpy(float)
    if len(own) > 1:
        fitted = laws.fit_draws(laws.LAWS[law], sizes, own.to_numpy())
    else:
        reference = losses[
            (losses["task"] == curve["task"].iloc[0])
            & (losses["method"] == "gradient_descent")
            & (losses["training_time"] == curve["training_time"].iloc[0])
        ]
        error = _draws(curve, f"{statistic}_standard_error", window) / own
        drawn = _draws(reference, statistic, window)[own.columns]
        fitted = laws.fit_single_draw(laws.LAWS[law], sizes, own.to_numpy()[0], error.to_numpy()[0], drawn.to_numpy())
    return laws.table(fitted, confidence).assign(points=len(sizes), draws=len(own))


def _draws(curve: pd.DataFrame, column: str, window: Window) -> pd.DataFrame:
    """A column of the curve within the window: draws in rows, training sizes in columns."""
    inside = curve[curve["training_size"].between(window.smallest, window.largest)]
    return inside.pivot(index="draw", columns="training_size", values=column)


def compare(losses: pd.DataFrame, steps: int, confidence: float, windows: ScalingLaws) -> pd.DataFrame:
    """Finite against infinite width (same set, same steps), and gradient descent against Bayes at infinite width.

    Ratios are logarithms of eps_L over its value at infinite width (`width_ratio`), of gradient descent over Bayes
    (`bayes_ratio`), and of half the credible interval over the sigma_L of a Gaussian (`interval_ratio`). `coverage` is
    the share of trained members within the credible interval, `coverage_relative` that about their own mean.
    """
    rows = []
    for (task, dataset), group in losses.groupby(["task", "dataset"], sort=False):
        for comparison, width, ratio in _width_ratios(group, steps, windows.plateau_finite_width):
            rows.append((task, dataset, comparison, width, STATISTICS[2], *ratio))
        slope = _slope_at_infinite_width(group, steps, windows.plateau_finite_width)
        rows.append((task, dataset, "slope_in_finite_width_window", np.inf, STATISTICS[2], *slope))
        for statistic in STATISTICS[:2]:
            difference = _exponent_difference(group, statistic, windows.infinite_width)
            rows.append((task, dataset, "exponent_difference", np.inf, statistic, *difference))
        for comparison, width, share in _coverage(group, windows.finite_width):
            rows.append((task, dataset, comparison, width, "test_loss", *share))
        for comparison, ratio in _ratios_of_intervals(group, confidence, windows.plateau):
            rows.append((task, dataset, comparison, np.inf, STATISTICS[2], *ratio))
    columns = [
        "task",
        "dataset",
        "comparison",
        "width",
        "statistic",
        "estimate",
        "standard_error",
        "degrees_of_freedom",
    ]
    return pd.DataFrame(rows, columns=columns)


def _width_ratios(group: pd.DataFrame, steps: int, window: Window) -> Iterator[tuple[str, float, laws.Estimate]]:
    """ln of the ratio for every width: its mean over the window, and at the largest size, where a trend would show."""
    eps = STATISTICS[2]
    group = group[group["training_size"].between(window.smallest, window.largest) & (group["training_time"] == steps)]
    exact = group[group["method"] == "gradient_descent"].set_index(["training_size", "draw"])[eps]
    for width, rows in group[group["method"] == "trained"].groupby("width"):
        rows = rows.sort_values("training_size").set_index(["training_size", "draw"])
        ratio = (rows[eps] / exact.loc[rows.index]).to_numpy()
        error = (rows[f"{eps}_standard_error"] / rows[eps]).to_numpy()
        yield "width_ratio", width, laws.mean_log_ratio(ratio, error)
        yield "width_ratio_at_largest", width, laws.mean_log_ratio(ratio[-1:], error[-1:])


def _slope_at_infinite_width(group: pd.DataFrame, steps: int, window: Window) -> laws.Estimate:
    """d ln eps_L / d ln N_D at infinite width, same steps, where the trained curves are tested for a plateau."""
    curve = group[(group["method"] == "gradient_descent") & (group["training_time"] == steps)]
    values = _draws(curve, STATISTICS[2], window)
    return laws.fit_draws(laws.plateau, values.columns.to_numpy(float), values.to_numpy()).parameters["slope"]


def _coverage(group: pd.DataFrame, window: Window) -> Iterator[tuple[str, float, laws.Estimate]]:
    """Shares over all members of a width in the window; errors after Agresti and Coull."""
    inside = group[group["training_size"].between(window.smallest, window.largest)]
    for width, rows in inside[inside["method"] == "trained"].groupby("width"):
        total = rows["members"].sum()
        for comparison, column in (("coverage", "covered"), ("coverage_relative", "covered_relative")):
            share = np.average(rows[column], weights=rows["members"])
            shrunk = (share * total + 2) / (total + 4)
            yield comparison, width, laws.Estimate(share, np.sqrt(shrunk * (1 - shrunk) / (total + 4)))


def _ratios_of_intervals(group: pd.DataFrame, confidence: float, window: Window) -> Iterator[tuple[str, laws.Estimate]]:
    """Converged, mean over the window and the draws."""
    converged = group[np.isinf(group["training_time"])]
    descent, bayes = (converged[converged["method"] == m] for m in ("gradient_descent", "bayes"))
    half = (_draws(descent, "loss_upper", window) - _draws(descent, "loss_lower", window)) / 2
    gaussian = special.ndtri((1 + confidence) / 2) * _draws(descent, "std", window)
    eps = STATISTICS[2]
    for name, ratio in (
        ("interval_ratio", half / gaussian),
        ("bayes_ratio", _draws(descent, eps, window) / _draws(bayes, eps, window)),
    ):
        means = np.log(ratio).mean(axis=1)
        yield name, laws.Estimate(means.mean(), means.std(ddof=1) / np.sqrt(len(means)), len(means) - 1)


def _exponent_difference(group: pd.DataFrame, statistic: str, window: Window) -> laws.Estimate:
    converged = group[np.isinf(group["training_time"])]
    descent, bayes = (
        _draws(converged[converged["method"] == m], statistic, window) for m in ("gradient_descent", "bayes")
    )
    return laws.exponent_difference(descent.columns.to_numpy(float), descent.to_numpy(), bayes.to_numpy())


if __name__ == "__main__":
    run(fit_scaling_laws)
