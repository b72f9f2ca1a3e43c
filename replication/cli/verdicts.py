"""Verdicts of a profile in the terminal, or as Markdown."""

import csv
from collections.abc import Iterator
from itertools import groupby

from replication.errors import ReplicationError
from replication.stages.run_paths import RunPaths


def lines_of_verdicts(profile: str) -> Iterator[str]:
    """Every claim with its verdict for each task, and where the report lies."""
    path = RunPaths(profile).results("claims", "verdicts.csv")
    try:  # not by pandas, whose import takes longer than everything else here
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        remedy = f"run the pipeline, `make repro PROFILE={profile}`"
        raise ReplicationError(f"cannot read {path} ({error.strerror})", remedy) from None
    for paper, of_paper in groupby(rows, key=lambda row: row["paper"]):
        yield f"arXiv {paper}"
        for (claim, statement), tests in groupby(of_paper, key=lambda row: (row["claim"], row["statement"])):
            yield f"{claim}  {statement}"
            for row in tests:
                subject = row["task"] + (f" ({row['dataset']})" if row["dataset"] else "")
                yield f"    {subject:<28} {row['verdict']}"
    yield f"\nreport: {RunPaths(profile).results('report', 'report.html')} (and report.md beside it)"


def markdown_of_verdicts(profile: str) -> Iterator[str]:
    """A table for each paper, claims in rows and tasks in columns."""
    from replication.report.tables import to_markdown
    from replication.report.writer import overview
    from replication.stages import files

    table = files.read_table(RunPaths(profile).results("claims", "verdicts.csv"))
    yield "\n\n".join(to_markdown(overview(rows)) for _, rows in table.groupby("paper", sort=False))
