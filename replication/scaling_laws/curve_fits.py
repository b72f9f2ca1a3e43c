"""Power laws, floors and plateaus of every learning curve of arXiv 2503.05938."""

from collections.abc import Iterator, Mapping

import pandas as pd

from replication.scaling_laws import fits
from replication.scaling_laws.member_bootstrap import Correlations
from replication.scaling_laws.tables import by_draw, groups
from replication.schema import FINITE, GRADIENT_DESCENT, INFINITE_TEST_SET, LINEARISED, STATISTICS, SUBJECT
from replication.settings.analysis import ScalingLaws
from replication.settings.sections import Window

CURVE = ["experiment", *SUBJECT, "method", "width", "training_time"]
LAWS = {
    "mean": ("power_law", "power_law_with_floor"),
    "std": ("power_law", "power_law_with_floor"),
    "coefficient_of_variation": ("plateau",),
    INFINITE_TEST_SET: ("plateau",),
}


def fit_curves(
    losses: pd.DataFrame, correlations: Mapping[tuple, Correlations], windows: ScalingLaws, confidence: float
) -> pd.DataFrame:
    """One row for each curve, statistic, law and parameter.

    losses: as `losses_of_training_sets` gives them; correlations: of their ensembles, by (task, method, width,
    statistic). Curves of several draws are fitted by `fit_draws`, those of one by `fit_single_draw`.
    """
    rows = []
    for key, curve in groups(losses, CURVE):
        for statistic, law, window in _laws(key["method"], windows):
            correlation = correlations.get((key["task"], key["method"], key["width"], statistic))
            fitted = _fit(law, curve, losses, statistic, window, correlation, confidence)
            rows.append(fitted.assign(**key, statistic=statistic, law=law, **window.model_dump()))
    table = pd.concat(rows, ignore_index=True)
    leading = [*CURVE, "statistic", "law", "smallest", "largest", "points", "draws", "parameter"]
    return table[leading + [name for name in table if name not in leading]]


def _laws(method: str, windows: ScalingLaws) -> Iterator[tuple[str, str, Window]]:
    """Which statistics of a method's curves have which laws, in which window."""
    finite = method in FINITE
    laws = windows.finite_width if finite else windows.infinite_width
    plateaus = windows.plateau_finite_width if finite else windows.plateau
    for statistic in STATISTICS if finite else (*STATISTICS, INFINITE_TEST_SET):
        for law in LAWS[statistic]:
            if not (method == LINEARISED and law == "power_law_with_floor"):  # slow, and no exhibit asks for it
                yield statistic, law, plateaus if law == "plateau" else laws


def _fit(
    law: str, curve: pd.DataFrame, losses: pd.DataFrame, statistic: str, window: Window,
    correlation: Correlations | None, confidence: float,
) -> pd.DataFrame:  # fmt: skip
    values = by_draw(curve, statistic, window)
    sizes, y = values.columns.to_numpy(float), values.to_numpy()
    if correlation is None:
        fitted = fits.fit_draws(fits.LAWS[law], sizes, y)
    else:
        error = (by_draw(curve, f"{statistic}_standard_error", window) / values).to_numpy()[0]
        reference = by_draw(_at_infinite_width(losses, curve), statistic, window)[values.columns]
        fitted = fits.fit_single_draw(
            fits.LAWS[law], sizes, y[0], correlation.covariance(sizes, error), correlation.members, reference.to_numpy()
        )
    return fits.table(fitted, confidence).assign(points=len(sizes), draws=len(values))


def _at_infinite_width(losses: pd.DataFrame, curve: pd.DataFrame) -> pd.DataFrame:
    """The same task after the same steps, for every draw."""
    first = curve.iloc[0]
    same = (losses["task"] == first["task"]) & (losses["training_time"] == first["training_time"])
    return losses[same & (losses["method"] == GRADIENT_DESCENT)]
