"""Where things lie: the paths of one profile, relative to the top of the project."""

from pathlib import Path
from typing import NamedTuple

import replication

REGISTRY = Path("data/registry.yaml")
PUBLISHED_NUMBERS = Path("reference/published_numbers.csv")


class RunPaths(NamedTuple):
    """A profile, and for stages that work on one task, that task."""

    profile: str
    task: str | None = None

    @property
    def raw(self) -> Path:
        """What the task's data come from: downloaded files, and the list of them."""
        return Path("data/raw", self.profile, str(self.task))

    @property
    def prepared(self) -> Path:
        """Prepared data of the task."""
        return Path("data/prepared", self.profile, f"{self.task}.npz")

    @property
    def provenance(self) -> str:
        """What made an exhibit; no date, so that the same content has the same bytes."""
        return f"replication {replication.__version__}, profile {self.profile}"

    @property
    def scratch(self) -> Path:
        """Results of training that is under way; reused after an interruption."""
        return Path("scratch", self.profile, str(self.task))

    def results(self, *parts: str) -> Path:
        """A file or folder under results/<profile>."""
        return Path("results", self.profile, *parts)

    def exhibits(self, *parts: str) -> Path:
        """A file or folder under paper_figures/<profile>."""
        return Path("paper_figures", self.profile, *parts)

    def record(self, stage: str) -> Path:
        """The run record of a stage."""
        return self.results("runs", f"{stage}-{self.task}.json" if self.task else f"{stage}.json")
