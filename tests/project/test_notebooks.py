"""Every notebook runs from its first cell to its last, as its kernel would run it, and is kept without outputs."""

import ast
import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.stages.declared import CHILD

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PRINTED = {"eps_of_your_data": "eps_L = 0.", "finite_width": " 1024 ", "paper_figure": "standard_error"}


def program(notebook):
    """The cells one after another; the value of a last expression is printed, as a notebook shows it."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            lines = [line for line in cell["source"] if not line.startswith("%")]  # to Jupyter: show figures
            tree = ast.parse("".join(lines))
            if isinstance(tree.body[-1], ast.Expr):
                tree.body[-1].value = ast.Call(ast.Name("print", ast.Load()), [tree.body[-1].value], [])
            yield ast.unparse(ast.fix_missing_locations(tree))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_has_no_outputs(path):
    notebook = json.loads(path.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    for cell in notebook["cells"]:
        assert cell.get("outputs", []) == []
        assert cell["cell_type"] == "markdown" or cell["execution_count"] is None
    assert f"notebooks/{path.name}" in (ROOT / "docs/notebooks.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    code = "\n".join(program(json.loads(path.read_text())))
    environment = {**CHILD, "MPLBACKEND": "agg", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert PRINTED[path.stem] in ended.stdout
    print(ended.stdout)


def test_there_are_three():
    assert {path.stem for path in NOTEBOOKS} == set(PRINTED)
