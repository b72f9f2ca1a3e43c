"""The README's verdicts are those of the tables of `laptop`."""

import importlib.util
import re
import shutil
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
CLAIMS = ROOT / "results" / "laptop" / "claims"


def _script():
    spec = importlib.util.spec_from_file_location("readme_verdicts", ROOT / "benchmarks" / "readme_verdicts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_has_the_verdicts_of_the_tables(tmp_path):
    script, readme = _script(), (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(f"{re.escape(script.BEGIN)}\n\n(.*?)\n\n{re.escape(script.END)}", readme, re.DOTALL)
    assert block[1] == script.table(CLAIMS)
    shutil.copytree(CLAIMS, tmp_path / "claims")
    tests = pd.read_csv(CLAIMS / "tests.csv")
    tests.assign(estimate=tests["estimate"] + 1).to_csv(tmp_path / "claims" / "tests.csv", index=False)
    assert block[1] != script.table(tmp_path / "claims")
    assert block[1].count("\n") < 10  # a heading, its line, and eight claims at most
