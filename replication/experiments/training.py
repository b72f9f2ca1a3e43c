"""Runs of ensembles into a table of members: the one path by which every network is trained."""

import pandas as pd

from replication.finite_width.executor import complete
from replication.finite_width.member_store import Member, MemberStore
from replication.finite_width.runs import OnProgress, Run
from replication.settings.training import Execution

COLUMNS = [
    "experiment", "task", "dataset", "varied", "value", "method", "width", "training_size", "draw", "training_time",
    "learning_rate", "member", "training_loss", "test_loss", "device",
]  # fmt: skip


def member_table(
    runs: list[Run],
    store: MemberStore,
    execution: Execution,
    on_progress: OnProgress = lambda run, member_steps: None,
) -> pd.DataFrame:
    """A row for every member of every run, in their order, with the columns COLUMNS.

    training_loss and test_loss are L = 1/(2 N) sum_{a,i} (f_i(x_a) - y_ia)^2 after training_time steps. Members that
    the store lacks are computed where `execution` says. ReplicationError if training diverges, the device is not there
    or the scheduler cannot be reached.
    """
    members = complete(runs, store, execution, on_progress)
    rows = [row for run, losses in zip(runs, members, strict=True) for row in _rows(run, losses)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(run: Run, losses: list[Member]) -> list[dict[str, object]]:
    ensemble = run.ensemble
    shared = run.labels._asdict() | {
        "method": ensemble.method,
        "width": ensemble.width,
        "training_size": ensemble.training_size,
        "training_time": ensemble.training.steps,
        "learning_rate": ensemble.learning_rate,
    }
    return [shared | {"member": number} | member._asdict() for number, member in enumerate(losses)]
