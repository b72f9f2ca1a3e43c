"""The plan's table of power says what the file of power says."""

import re
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]


def planned():
    """Rows of the table under the heading Power: claim, half of the interval, bound, shares in per cent."""
    text = (ROOT / "docs" / "analysis_plan.md").read_text(encoding="utf-8")
    section = re.search(r"^## Power\n(.*?)^## ", text, re.DOTALL | re.MULTILINE)[1]
    row = re.compile(r"^\| ([^|]+) \| ([\d.]+) of ([\d.]+) \| (\d+)% \| (\d+)% \|$", re.MULTILINE)
    return [(claim, *map(float, numbers)) for claim, *numbers in row.findall(section)]


def test_every_number_of_the_plan_stands_in_the_file():
    power = pd.read_csv(ROOT / "reference" / "power.csv")
    rows = []
    for claim, shares in power.groupby("claim", sort=False):
        by_truth = shares.set_index("truth")
        true, false = by_truth.loc["holds"], by_truth.loc["fails by twice its bound"]
        half, bound = float(f"{true['half_interval']:.3f}"), float(f"{true['bound']:.3f}")
        rows.append((claim, half, bound, round(100 * true["holds"]), round(100 * false["does_not_hold"])))
    assert planned() == [tuple(row) for row in rows]
