"""Power laws, floors and plateaus of the learning curves of infinite width in arXiv 2503.05938."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from replication.scaling_laws import fits
from replication.scaling_laws.tables import by_draw, groups
from replication.schema import INFINITE_TEST_SET, STATISTICS, STD_INFINITE_TEST_SET, SUBJECT
from replication.settings.analysis import ScalingLaws
from replication.settings.sections import Window

CURVE = ["experiment", *SUBJECT, "method", "width", "training_time"]
POWER_LAWS, PLATEAU = ("power_law", "power_law_with_floor"), ("plateau",)
MEAN, STD, EPS = STATISTICS
LAWS = {
    MEAN: POWER_LAWS, STD: POWER_LAWS, STD_INFINITE_TEST_SET: POWER_LAWS, EPS: PLATEAU, INFINITE_TEST_SET: PLATEAU,
}  # fmt: skip


def fit_curves(losses: pd.DataFrame, windows: ScalingLaws, confidence: float) -> pd.DataFrame:
    """One row for each converged curve of infinite width, statistic, law and parameter, over draws of the training set.

    losses: as `losses_of_training_sets` gives them. smallest, largest: the sizes between which the law was fitted.
    """
    rows = []
    converged = losses[np.isinf(losses["width"]) & np.isinf(losses["training_time"])]
    for key, curve in groups(converged, CURVE):
        for statistic, law, window in _laws(windows):
            values = by_draw(curve, statistic, window)
            fitted = fits.fit_draws(fits.LAWS[law], values.columns.to_numpy(float), values.to_numpy())
            sizes = values.columns  # those within the window that the task has
            counts = {"smallest": sizes.min(), "largest": sizes.max(), "points": len(sizes), "draws": len(values)}
            rows.append(fits.table(fitted, confidence).assign(**key, statistic=statistic, law=law, **counts))
    table = pd.concat(rows, ignore_index=True)
    leading = [*CURVE, "statistic", "law", "smallest", "largest", "points", "draws", "parameter"]
    return table[leading + [name for name in table if name not in leading]]


def _laws(windows: ScalingLaws) -> Iterator[tuple[str, str, Window]]:
    """Which statistics have which laws, in which window."""
    for statistic, laws in LAWS.items():
        for law in laws:
            yield statistic, law, windows.plateau if law == "plateau" else windows.infinite_width
