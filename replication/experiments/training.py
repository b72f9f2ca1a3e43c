"""Runs of ensembles into a table of members: the one path by which every network is trained."""

import math

import numpy as np
import pandas as pd

from replication.finite_width.executor import complete
from replication.finite_width.member_store import Member, MemberStore
from replication.finite_width.runs import OnProgress, Run
from replication.settings.training import Execution

COLUMNS = [
    "experiment", "task", "dataset", "varied", "value", "method", "width", "training_size", "draw", "training_time",
    "learning_rate", "member", "training_loss", "test_loss", "flipped_share", "reached", "device",
]  # fmt: skip


def member_table(
    runs: list[Run],
    store: MemberStore,
    execution: Execution,
    on_progress: OnProgress = lambda run, member_steps: None,
) -> pd.DataFrame:
    """A row for every member of every run, in their order, with the columns COLUMNS.

    training_loss and test_loss are L = 1/(2 N) sum_{a,i} (f_i(x_a) - y_ia)^2 after training_time steps; flipped_share
    is that of EnsembleLosses; reached, 1 or 0, says whether the training loss came down to the share of the test loss
    that `training_loss_ratio` asks for, and is empty where it asks for none. Members that the store lacks are computed
    where `execution` says. ReplicationError if training diverges, the device is not there or the scheduler cannot be
    reached.
    """
    members = complete(runs, store, execution, on_progress)
    rows = [row for run, losses in zip(runs, members, strict=True) for row in _rows(run, losses)]
    return pd.DataFrame(rows, columns=COLUMNS)


def of_experiment(members: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """Its rows; numbers of steps are whole numbers, unless some members converged beside them."""
    rows = members[members["experiment"] == experiment]
    return rows.astype({"training_time": int}) if np.isfinite(rows["training_time"]).all() else rows


def _rows(run: Run, losses: list[Member]) -> list[dict[str, object]]:
    ensemble, training = run.ensemble, run.ensemble.training
    shared = run.labels._asdict() | {
        "method": ensemble.method,
        "width": ensemble.width,
        "training_size": ensemble.training_size,
        "training_time": math.inf if training.algorithm == "convergence" else training.steps,
        "learning_rate": ensemble.learning_rate,
    }
    rows = [shared | {"member": number} | member._asdict() for number, member in enumerate(losses)]
    if (ratio := training.training_loss_ratio) is None:
        return rows
    return [row | {"reached": float(row["training_loss"] <= ratio * row["test_loss"])} for row in rows]
