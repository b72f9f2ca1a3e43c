"""What the README says of the reference table is what the table holds."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]


def _script():
    spec = importlib.util.spec_from_file_location("reference_figure", ROOT / "benchmarks" / "reference_figure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_the_lines_of_the_table():
    script, table = _script(), pd.read_csv(ROOT / "reference" / "width_expansion.csv")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(f"{re.escape(script.BEGIN)}\n\n(.*?)\n\n{re.escape(script.END)}", readme, re.DOTALL)
    assert block[1] == script.abstract(table)
    changed = table.assign(eps=np.where(table["width"] == 256, 2, 1) * table["eps"])
    assert block[1] != script.abstract(changed)


def test_the_share_within_the_expansion_is_counted_by_hand():
    script, table = _script(), pd.read_csv(ROOT / "reference" / "width_expansion.csv")
    inside = [
        row.eps / row.expected_eps
        for row in table.itertuples()
        if row.method == "trained" and row.training_size * 4 <= row.width and abs(row.b) * 4 <= row.width
    ]
    text = " ".join(script.abstract(table).split())
    assert f"({len(inside)} ensembles)" in text
    assert f"{min(inside):.2f} to {max(inside):.2f} times what infinite width and its order 1/n say" in text
