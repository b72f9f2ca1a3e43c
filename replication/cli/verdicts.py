"""Verdicts of a profile in the terminal, or as Markdown."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from replication.errors import ReplicationError
from replication.schema import APPROACHES, subject_name
from replication.settings.profile import Profile
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
    yield from _lines(rows)
    yield f"\nreport: {RunPaths(profile).results('report', 'report.html')} (and report.md beside it)"


def lines_so_far(name: str, profile: Profile, markdown: bool = False) -> Iterator[str]:
    """Verdicts on the tasks that are done, computed from their tables, in a while; in Markdown with effects."""
    from replication.report.tables import to_markdown
    from replication.report.verdict_tables import effects, of_paper
    from replication.report.writer import greek
    from replication.stages.so_far import verdicts_so_far

    tests, verdicts, findings = verdicts_so_far(name, profile)
    if not markdown:
        yield from _lines(verdicts.fillna("").to_dict("records"))
        return
    yield from (greek(f"- {finding}") for finding in findings)
    for paper in dict.fromkeys(verdicts["paper"]):
        table = effects(of_paper(verdicts, paper), of_paper(tests, paper))
        yield greek(f"\n{to_markdown(table).rstrip()}")


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Rows of verdicts, paper by paper and claim by claim."""
    for paper, of_paper in groupby(rows, key=lambda row: row["paper"]):
        yield paper
        for (claim, statement), tests in groupby(of_paper, key=lambda row: (row["claim"], row["statement"])):
            yield f"{claim}  {statement}"
            for row in tests:
                subject = subject_name(row["task"], row["dataset"]) if row["task"] else APPROACHES[row["method"]]
                yield f"    {subject:<28} {row['verdict']}"


def markdown_of_verdicts(profile: str) -> Iterator[str]:
    """What was found and the verdicts on both papers, as in the README, from the report."""
    from replication.report.readme import results_section
    from replication.stages import files

    places = [RunPaths(profile).results(*parts) for parts in (("report", "report.md"), ("report.md",))]
    # where there is no new report, that of the version before, which lay beside the tables
    path = next((path for path in places if path.exists()), places[0])
    yield results_section(files.read(path).decode("utf-8")).rstrip()
