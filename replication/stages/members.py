"""Members computed into the scratch folder, with a progress bar."""

import sys
import time
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from replication.experiments.training import member_table
from replication.finite_width.member_store import MemberStore
from replication.finite_width.runs import Run
from replication.settings.training import Execution
from replication.stages.plan import Plan

BAR = "{l_bar}{bar}| {elapsed}, {remaining} left{postfix}"


def train(folder: Path, what: str, plans: list[Plan], execution: Execution) -> pd.DataFrame:
    """The members of all plans, a row each (`member_table`): those that the scratch folder lacks are computed."""
    runs = [run for plan in plans for run in plan.runs()]
    store = MemberStore(folder, execution.tensor_float_32, _tell_damage)
    work = sum(run.members * run.ensemble.training.steps * run.work_per_step for run in runs)
    with tqdm(total=work, desc=what, disable=None, bar_format=BAR) as bar:
        return member_table(runs, store, execution, _Progress(bar))


class _Progress:
    """Moves the bar by work done, and tells member-steps a second and what is being trained."""

    def __init__(self, bar: tqdm) -> None:
        self.bar, self.start, self.done = bar, time.monotonic(), 0

    def __call__(self, run: Run, member_steps: int) -> None:
        self.done += member_steps
        self.bar.update(member_steps * run.work_per_step)
        rate = self.done / max(time.monotonic() - self.start, 1e-3)
        experiment, ensemble = run.labels.experiment.replace("_", " "), run.ensemble
        subject = f"{experiment}, width {ensemble.width}, N_D {ensemble.training_size}"
        self.bar.set_postfix_str(f"{rate:,.0f} member-steps/s, {subject}")


def _tell_damage(path: Path) -> None:
    """And delete it: what is computed again may be stored in chunks of other sizes, and leave it there."""
    tqdm.write(f"{path} is damaged: deleted, and its members are computed again", file=sys.stderr)
    path.unlink(missing_ok=True)
