"""Tables as figures, for programs."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from replication.api.options import CONFIDENCE, check_table
from replication.errors import ReplicationError
from replication.experiments import exact_curves, member_tables
from replication.validation.numbers import check_share

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LAW_COLUMNS = ["task", "method", "width", "training_time", "statistic", "law", "parameter"]
CORRECTION = {"b", "c", "c_error", "output_scale"}  # columns that tell the table of finite_width_correction
RESAMPLES = 1000  # of tables of members, whose moments are drawn


def plot(*tables: pd.DataFrame, laws: pd.DataFrame | None = None, confidence: float = CONFIDENCE) -> "Figure":
    """mu_L, sigma_L and eps_L = sigma_L / mu_L against the training-set size, of tables of one or several tasks.

    Lines are infinite width with bands over draws of the training set, points are ensembles with intervals over
    members or, of several draws, over draws, all at `confidence`. Linearised ensembles have a row of panels of their
    own. `laws`, from `fit`, are drawn for converged gradient descent. Both axes are logarithmic, but for eps_L where a
    linear axis from zero shows it well; the loss is in units of the targets squared. The table of
    `finite_width_correction`, alone, becomes eps_L against 1 / n.

    Returns a matplotlib Figure, whose `savefig` writes it; a notebook shows it. ReplicationError for what is no table
    of `learning_curve` or `train_ensemble`.

    >>> import numpy as np, replication as rep
    >>> x, x_test = (np.random.default_rng(seed).normal(size=(32, 3)) for seed in (0, 1))
    >>> plot(rep.learning_curve(rep.MLP(depth=1), x, x[:, 0], x_test, x_test[:, 0]))
    <Figure size 1100x365 with 3 Axes>
    """
    # seconds, that only those who draw should wait
    from replication.figures.learning_curves import learning_curves

    if not tables:
        raise ReplicationError("no table to plot", "give what learning_curve or train_ensemble returned")
    if len(tables) == 1 and set(tables[0]) >= CORRECTION:
        from replication.figures.width_expansion import width_expansion

        return width_expansion(tables[0])
    confidence = check_share("confidence", confidence)
    moments = [_moments(check_table(table), confidence) for table in tables]
    together = check_table(pd.concat(moments, ignore_index=True))
    curves = _linearised_apart(exact_curves.average_over_draws(together, confidence))
    if laws is None:
        laws = pd.DataFrame(columns=LAW_COLUMNS).astype({"width": float, "training_time": float})
    figure = learning_curves(curves, laws)
    _mark_single_points(figure)
    return figure


def _mark_single_points(figure: "Figure") -> None:
    """A line through one point is invisible."""
    for line in (line for axes in figure.axes for line in axes.lines):
        if np.size(line.get_xdata()) == 1 and line.get_linestyle() != "None":
            line.set_marker("_")
            line.set_markersize(16)


def _moments(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    if "member" in table:
        return member_tables.moments_of_members(table, confidence, RESAMPLES, seed=0)
    return table


def _linearised_apart(curves: pd.DataFrame) -> pd.DataFrame:
    """Linearised ensembles as a task of their own, beside the same infinite width."""
    linearised = curves["method"] == "linearised"
    tasks = curves.loc[linearised, "task"].unique()
    beside = curves[curves["task"].isin(tasks) & (curves["method"] != "trained")]
    apart = beside.assign(task=beside["task"] + ", linearised")
    rest = curves[~linearised]
    has_rest = rest["task"].isin(rest.loc[rest["method"] == "trained", "task"]) | ~rest["task"].isin(tasks)
    return pd.concat([rest[has_rest], apart], ignore_index=True)
