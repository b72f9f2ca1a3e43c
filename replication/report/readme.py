"""The part of the README that tells results: taken from a report, so that its numbers are those of the tables."""

import re

from replication.errors import ReplicationError

FOUND, VERDICTS, REGIMES = "**What was found.**", "\n## Verdicts\n", "\n## Explaining the laws: four regimes\n"


def results_section(report: str) -> str:
    """What was found, and the verdicts on both papers, from the Markdown of a report."""
    try:
        found = report[report.index(FOUND) : report.index(VERDICTS)]
        tables = [_first_table(report[report.index(heading) :]) for heading in (VERDICTS, REGIMES)]
    except (ValueError, IndexError):
        raise ReplicationError("this is no report, or a damaged one", "write it again with write_report") from None
    return "\n\n".join((found.strip(), *tables)) + "\n"


def _first_table(text: str) -> str:
    return re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].rstrip()
