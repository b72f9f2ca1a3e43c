"""Puts the verdicts of `laptop` into the README, as results/laptop/claims holds them.

python benchmarks/readme_verdicts.py    # rewrites README.md's table
"""

from pathlib import Path

import pandas as pd

from replication.report.readme import between
from replication.report.tables import to_markdown
from replication.report.verdict_tables import effects, of_paper
from replication.report.writer import greek
from replication.schema import UNCERTAINTY

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- results/laptop/claims: python benchmarks/readme_verdicts.py -->", "<!-- end of verdicts -->"
CLAIMS = ("A1 infinite", "A1 trained", "A2 infinite", "A2 infinite test set", "A2 trained", "A3", "A5 trained", "W1")


def table(folder: Path) -> str:
    """The claims that a reader asks for first: verdict and effect with its interval, on every task, in Markdown."""
    verdicts, tests = (of_paper(pd.read_csv(folder / f"{name}.csv"), UNCERTAINTY) for name in ("verdicts", "tests"))
    return greek(to_markdown(effects(verdicts[verdicts["claim"].isin(CLAIMS)], tests)).rstrip())


def main() -> None:
    """Rewrite the README between the two marks."""
    readme = ROOT / "README.md"
    text = between(readme.read_text(encoding="utf-8"), BEGIN, END, table(ROOT / "results/laptop/claims"))
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
