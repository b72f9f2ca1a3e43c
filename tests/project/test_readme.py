"""The README tells the truth: its commands run, its files exist, its numbers are those of the files."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.stages.test_pipeline import CHILD, PIPELINE

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.S)
LINES = [line for block in BLOCKS for line in block.splitlines()]
COMMANDS = sorted({*LINES, *re.findall(r"`(make [^`]+)`", README)})
# Read-only forms of commands that would run for minutes. Not `dvc repro --dry`: it wants to hash files that only a real
# run makes, so it fails in a fresh clone.
DRY = {"make repro": "make -n repro", "make test": "make -n test", "dvc repro": "dvc stage list"}


def dry(command):
    for real, safe in DRY.items():
        if command.startswith(real):
            return safe + command.removeprefix(real)
    return command


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(("docker", "mkdir", "ln ", "sed "))])
def test_commands_run(command):
    """Long ones as a dry run; the pipeline's tests run them for real."""
    if command.startswith(". .venv"):
        assert "-m venv .venv" in (ROOT / "environment.sh").read_text()
        return
    result = subprocess.run(dry(command), shell=True, cwd=ROOT, env=CHILD, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_own_profile_commands(tmp_path):
    """The three commands that make a profile give a pipeline whose stages are the new profile's."""
    (block,) = (block for block in BLOCKS if "mkdir profiles/mine" in block)
    for name in ("dvc.yaml", "params.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    folder = tmp_path / "profiles/laptop"
    folder.mkdir(parents=True)
    (folder / "params.yaml").write_text((ROOT / "profiles/laptop/params.yaml").read_text())
    subprocess.run(block, shell=True, cwd=tmp_path, check=True)
    made = tmp_path / "profiles/mine"
    assert (made / "dvc.yaml").resolve() == tmp_path / "dvc.yaml"
    assert YAML(typ="safe").load((made / "params.yaml").read_text())["pipeline"]["profiles"] == ["mine"]


def test_docker_commands_match_the_entry_point():
    """What follows the image's name is a profile that the entry point knows."""
    for command in (c for c in COMMANDS if c.startswith("docker run")):
        profile = command.split(" replication")[1].strip() or "quick"
        assert profile == "quick" or (ROOT / "profiles" / profile / "dvc.yaml").exists()


def test_linked_and_named_files_exist():
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_exhibits_are_outputs_of_their_stages():
    rows = re.findall(r"\| `(\w+)` \| (`(?:paper_figures|results)/<p>/[^|]+) \|", README)
    assert len(rows) >= 8
    for stage, files in rows:
        outputs = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in PIPELINE[stage]["outs"]]
        known = {path.replace("${item.profile}", "<p>").replace("${item.task}", "<task>") for path in outputs}
        first, *others = map(Path, re.findall(r"`([^`]+)`", files))
        # the others are given by their ending or their name alone
        named = [first, *(first.with_suffix(o.name) if o.name[0] == "." else first.with_name(o.name) for o in others)]
        assert set(map(str, named)) <= known, stage


def test_verdict_table_is_that_of_the_results():
    command, table = re.search(r"<!-- verdicts: (.*?) -->\n(.*?)<!-- end of verdicts -->", README, re.S).groups()
    printed = subprocess.run(
        [sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert table.strip() == printed.strip()


def test_times_are_those_measured():
    with Path(ROOT / "benchmarks/timings.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        assert f"| {row['what']} | {float(row['seconds']):.0f} s |" in README
