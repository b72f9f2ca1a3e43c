"""Members computed into the scratch folder with a progress bar, and their losses as a table."""

import sys
import time
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.executor import complete
from replication.finite_width.member_store import MemberStore
from replication.settings.training import Execution
from replication.stages.planning import DRAW
from replication.stages.run_paths import RunPaths

BAR = "{l_bar}{bar}| {elapsed}, {remaining} left{postfix}"
LINEARISED_WORK = 0.3  # of training the same member


def losses_tables(
    paths: RunPaths, what: str, ensembles: list[Ensemble], members: int, data: Data, execution: Execution, dataset: str
) -> list[pd.DataFrame]:
    """Losses of `members` members of every ensemble: those that the scratch folder lacks are computed."""
    store = MemberStore(paths.scratch, execution.tensor_float_32, _tell_damage)
    # one unit of work is a member-step times training size times width: what a step costs, roughly
    work = sum(members * ensemble.training.steps * _weight(ensemble) for ensemble in ensembles)
    with tqdm(total=work, desc=f"{what}, {paths.task}", disable=None, bar_format=BAR) as bar:
        progress = _Progress(bar)
        losses = list(complete(ensembles, range(members), data, store, execution, progress))
    return [_table(paths.task, dataset, *pair) for pair in zip(ensembles, losses, strict=True)]


class _Progress:
    """Moves the bar by work done, and tells member-steps a second."""

    def __init__(self, bar: tqdm):
        self.bar, self.start, self.done = bar, time.monotonic(), 0

    def __call__(self, ensemble: Ensemble, member_steps: int) -> None:
        self.done += member_steps
        self.bar.update(member_steps * _weight(ensemble))
        rate = self.done / max(time.monotonic() - self.start, 1e-3)
        self.bar.set_postfix_str(f"{rate:,.0f} member-steps/s, width {ensemble.width}, N_D {ensemble.training_size}")


def _weight(ensemble: Ensemble) -> float:
    weight = ensemble.width * ensemble.training_size
    return weight * LINEARISED_WORK if ensemble.method == "linearised" else weight


def _tell_damage(path: Path) -> None:
    """And delete it: what is computed again may be stored in chunks of other sizes, and leave it there."""
    tqdm.write(f"{path} is damaged: deleted, and its members are computed again", file=sys.stderr)
    path.unlink(missing_ok=True)


def _table(task, dataset, ensemble, losses):
    return pd.DataFrame(
        {
            "task": task,
            "dataset": dataset,
            "method": ensemble.method,
            "width": ensemble.width,
            "training_size": ensemble.training_size,
            "draw": DRAW,
            "training_time": ensemble.training.steps,
            "learning_rate": ensemble.learning_rate,
            "member": list(losses),
            "training_loss": [member.training_loss for member in losses.values()],
            "test_loss": [member.test_loss for member in losses.values()],
            "device": [member.device for member in losses.values()],
        }
    )
