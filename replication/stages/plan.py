"""Of an experiment that trains: what the stages and the command that counts members share."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from replication.finite_width.runs import Run


class Plan(NamedTuple):
    """Of an experiment that trains: the table that it ends in, and what makes its runs."""

    experiment: str
    table: Path
    runs: Callable[[], list[Run]]
