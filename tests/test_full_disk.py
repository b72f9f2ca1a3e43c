"""A disk that is full, wherever something is written: one line, what was there is kept, nothing is left."""

import ast
import subprocess
import sys

import pytest

from replication.datasets import prepared
from tests.conftest import ROOT
from tests.experiments.toy_task import toy_dataset

# a limit on the size of files stands for a disk that is full: it needs no rights and fails in the middle of a write
CHILD = """
import resource, signal, sys
from pathlib import Path

import numpy as np
import pandas as pd

from replication import atomic
from replication.datasets import prepared
from replication.errors import ReplicationError
from replication.finite_width.ensemble import EnsembleLosses
from replication.finite_width.member_store import MemberStore
from replication.infinite_width.disk_factor import factorise_on_disk
from replication.stages import files

folder, data = Path(sys.argv[1]), prepared.read(Path(sys.argv[2]))
losses = EnsembleLosses(*np.random.default_rng(0).normal(size=(len(EnsembleLosses._fields), 900)))
writers = {
    "text": lambda: atomic.write(folder / "there", "x" * 10_000),
    "prepared data": lambda: prepared.write(data, folder / "data.npz"),
    "table": lambda: files.write_table(folder / "table.csv", pd.DataFrame({"mean": np.random.rand(900)})),
    "members": lambda: MemberStore(folder).save("key", range(900), losses, "cpu"),
    "factor": lambda: factorise_on_disk(lambda rows, columns: np.eye(60), [60], folder, 64),
}
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
for name, write in writers.items():
    try:
        write()
        print(name, "was written")
    except ReplicationError as error:
        print(error)
"""


def test_a_full_disk_is_one_line_wherever_something_is_written(tmp_path):
    folder, data = tmp_path / "full", tmp_path / "data.npz"
    folder.mkdir()
    (folder / "there").write_text("old")
    prepared.write(toy_dataset(), data)
    command = [sys.executable, "-c", CHILD, str(folder), str(data)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 5
    for line in lines:
        assert line.startswith(f"cannot write {folder}")
        assert line.endswith("free space or permit writing there")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"there": "old"}


# downloads go on where they were cut, and are checked against their hash before they are moved into place
APART = {"atomic.py", "datasets/transfer.py", "datasets/archive.py"}
SOURCES = sorted((ROOT / "replication").rglob("*.py"))


def writes(source):
    """Calls that write to a path by themselves."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).split(".")[-1]
        arguments = *node.args, *(key.value for key in node.keywords)
        modes = {word.value for word in arguments if isinstance(word, ast.Constant)}
        if name in {"write_text", "write_bytes", "tofile"} or (name == "open" and {"w", "wb", "a", "ab", "x"} & modes):
            yield ast.unparse(node)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_is_written_whole_or_not_at_all(path):
    if str(path.relative_to(ROOT / "replication")) not in APART:
        assert list(writes(path.read_text())) == []


@pytest.mark.parametrize("source", ["p.write_text('')", "open(p, 'w')", "p.open(mode='wb')", "a.tofile(p)"])
def test_the_search_finds_writes(source):
    assert list(writes(source))
