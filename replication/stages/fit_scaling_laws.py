"""Stage: power laws, floors and plateaus of every curve, and the comparisons that the claims need."""

import numpy as np
import pandas as pd

from replication import scaling_laws as laws
from replication.settings import ScalingLaws, Statistics, Training, Window
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place
from replication.test_loss import STATISTICS

CURVE = ["task", "source", "method", "width", "training_time"]


def fit_scaling_laws(place: Place, training: Training, statistics: Statistics, scaling_laws: ScalingLaws) -> None:
    """Fit scaling laws to mean, standard deviation and coefficient of variation of the test loss."""
    losses = files.read_table(place.results("test_loss.csv"))
    scatter = draw_scatter(losses, training.steps)
    fits = []
    for key, curve in losses.groupby(CURVE, sort=False):
        trained = key[CURVE.index("method")] == "trained"
        law_window = scaling_laws.finite_width if trained else scaling_laws.infinite_width
        plateau_window = scaling_laws.plateau_finite_width if trained else scaling_laws.plateau
        for statistic in STATISTICS:
            for law in ("power_law", "power_law_with_floor") if statistic != STATISTICS[2] else ("plateau",):
                window = plateau_window if law == "plateau" else law_window
                fitted = _fit(law, curve, statistic, window, scatter, statistics.confidence)
                label = {"statistic": statistic, "law": law, **window.model_dump()}
                fits.append(fitted.assign(**dict(zip(CURVE, key, strict=True)), **label))
    table = pd.concat(fits, ignore_index=True)
    leading = [*CURVE, "statistic", "law", "smallest", "largest", "points", "draws", "parameter"]
    files.write_table(place.results("scaling_laws.csv"), table[leading + [c for c in table if c not in leading]])
    files.write_table(place.results("comparisons.csv"), compare(losses, training.steps, scaling_laws))


def draw_scatter(losses: pd.DataFrame, steps: int) -> pd.DataFrame:
    """Relative standard deviation over training-set draws, from infinite width after the same number of steps.

    A trained curve has one draw; a law in N_D speaks of all, so this scatter is part of the error of its points.
    """
    exact = losses[(losses["method"] == "gradient_descent") & (losses["training_time"] == steps)]
    return exact.groupby(["task", "training_size"])[list(STATISTICS)].agg(lambda values: np.log(values).std(ddof=1))


def _fit(law: str, curve: pd.DataFrame, statistic: str, window: Window, scatter, confidence: float) -> pd.DataFrame:
    inside = curve[curve["training_size"].between(window.smallest, window.largest)]
    values = inside.pivot(index="draw", columns="training_size", values=statistic)
    members = (inside[f"{statistic}_standard_error"] / inside[statistic]).groupby(inside["training_size"]).mean()
    between = scatter.loc[curve["task"].iloc[0], statistic].loc[values.columns]
    error = np.hypot(members.to_numpy(), between.to_numpy())
    fitted = laws.fit(laws.LAWS[law], values.columns.to_numpy(float), values.to_numpy(), error)
    return laws.table(fitted, confidence).assign(points=values.shape[1], draws=len(values))


def compare(losses: pd.DataFrame, steps: int, windows: ScalingLaws) -> pd.DataFrame:
    """eps_L at finite over infinite width (same set, same steps), and exponents of gradient descent minus Bayes."""
    rows = []
    for (task, source), group in losses.groupby(["task", "source"], sort=False):
        for width, ratio in _width_ratios(group, steps, windows.plateau_finite_width).items():
            rows.append((task, source, "width_ratio", width, STATISTICS[2], *ratio))
        for statistic in STATISTICS[:2]:
            difference = _exponent_difference(group, statistic, windows.infinite_width)
            rows.append((task, source, "exponent_difference", np.inf, statistic, *difference))
    columns = ["task", "source", "comparison", "width", "statistic", "estimate", "standard_error", "degrees_of_freedom"]
    return pd.DataFrame(rows, columns=columns)


def _width_ratios(group: pd.DataFrame, steps: int, window: Window) -> dict[float, laws.Estimate]:
    eps = STATISTICS[2]
    group = group[group["training_size"].between(window.smallest, window.largest) & (group["training_time"] == steps)]
    exact = group[group["method"] == "gradient_descent"].set_index(["training_size", "draw"])[eps]
    ratios = {}
    for width, rows in group[group["method"] == "trained"].groupby("width"):
        rows = rows.set_index(["training_size", "draw"])
        error = rows[f"{eps}_standard_error"] / rows[eps]
        ratios[width] = laws.mean_log_ratio((rows[eps] / exact.loc[rows.index]).to_numpy(), error.to_numpy())
    return ratios


def _exponent_difference(group: pd.DataFrame, statistic: str, window: Window) -> laws.Estimate:
    inside = group[group["training_size"].between(window.smallest, window.largest) & np.isinf(group["training_time"])]
    curves = [
        inside[inside["method"] == method].pivot(index="draw", columns="training_size", values=statistic)
        for method in ("gradient_descent", "bayes")
    ]
    return laws.exponent_difference(curves[0].columns.to_numpy(float), *(curve.to_numpy() for curve in curves))


if __name__ == "__main__":
    run(fit_scaling_laws)
