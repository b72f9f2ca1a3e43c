"""What is built from whom, and what the code never does with what it reads."""

import ast
import re
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT

SOURCES = sorted([*(ROOT / "replication").rglob("*.py"), *(ROOT / "container").rglob("*.py")])
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# a file read by one of these could run code
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
UNSAFE_CALLS = {"eval", "exec", "os.system", "os.popen", "pandas.read_pickle", "pd.read_pickle", "subprocess.getoutput"}


def unsafe(source):
    """What the source does that a file or a setting made by someone else could turn against its reader."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            yield from (module for module in modules if module.split(".")[0] in UNSAFE_MODULES)
        if isinstance(node, ast.Call):
            name, given = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
            if name in UNSAFE_CALLS or given.get("shell", "False") != "False":
                yield name
            if name.endswith("np.load") and given.get("allow_pickle") != "False":
                yield name
            if name == "YAML" and given.get("typ") != "'safe'":
                yield name


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pickle_no_eval_no_shell_strings(path):
    assert list(unsafe(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "eval(x)",
        "subprocess.run(c, shell=True)",
        "np.load(f)",
        "YAML().load(f)",
    ],
)
def test_the_search_finds_what_it_looks_for(source):
    assert list(unsafe(source))


def test_every_base_is_pinned_by_digest():
    text = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^ARG PYTHON_IMAGE=\S+@sha256:[0-9a-f]{64}$", text, re.M)
    assert {line.split()[1] for line in text.splitlines() if line.startswith("FROM")} == {"${PYTHON_IMAGE}"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit(path):
    workflow = YAML(typ="safe", pure=True).load(path.read_text())
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name)] == []
    assert workflow["permissions"] == {"contents": "read"}  # what writes says so in its job


def test_the_licence_of_every_package_is_listed():
    listed = set(re.findall(r"^\| ([\w.-]+) \|", (ROOT / "docs/licences.md").read_text(), re.M))
    assert set(re.findall(r"^([a-z][^ =\[]*)", (ROOT / "requirements.txt").read_text(), re.M)) <= listed


def test_the_list_of_licences_is_that_of_this_environment():
    """Of what is installed: a package may have another version on another Python."""
    made = subprocess.run(
        [sys.executable, "container/licences.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert set(made.splitlines()) <= set((ROOT / "docs/licences.md").read_text().splitlines())
