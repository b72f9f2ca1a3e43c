"""Verdicts of a profile in the terminal, or as Markdown."""

import csv
from collections.abc import Iterator
from itertools import groupby

from replication.errors import ReplicationError
from replication.schema import APPROACHES, subject_name
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
        yield paper
        for (claim, statement), tests in groupby(of_paper, key=lambda row: (row["claim"], row["statement"])):
            yield f"{claim}  {statement}"
            for row in tests:
                subject = subject_name(row["task"], row["dataset"]) if row["task"] else APPROACHES[row["method"]]
                yield f"    {subject:<28} {row['verdict']}"
    yield f"\nreport: {RunPaths(profile).results('report', 'report.html')} (and report.md beside it)"


def markdown_of_verdicts(profile: str) -> Iterator[str]:
    """What was found and the verdicts on both papers, as in the README, from the report."""
    from replication.report.readme import results_section
    from replication.stages import files

    places = [RunPaths(profile).results(*parts) for parts in (("report", "report.md"), ("report.md",))]
    # where there is no new report, that of the version before, which lay beside the tables
    path = next((path for path in places if path.exists()), places[0])
    yield results_section(files.read(path).decode("utf-8")).rstrip()
