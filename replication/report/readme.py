"""The parts of the README that tell results: taken from tables or a report, so that the numbers are theirs."""

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


def between(text: str, begin: str, end: str, new: str) -> str:
    """The text with `new` as what stands between two marks, each of which is there once."""
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise ReplicationError(f"the marks {begin} and {end} do not stand there once each", "restore them")
    before, after = text[: text.index(begin)], text[text.index(end) + len(end) :]
    return f"{before}{begin}\n\n{new}\n\n{end}{after}"


def _first_table(text: str) -> str:
    return re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].rstrip()
