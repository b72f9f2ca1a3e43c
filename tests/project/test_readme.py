"""The README tells the truth: its commands run, its files exist, its numbers are those of the files."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.stages.declared import CHILD, paths
from tests.stages.test_contract import within

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.S)
LINES = [line for block in BLOCKS for line in block.splitlines()]
COMMANDS = sorted({*LINES, *re.findall(r"`(make [^`]+)`", README)})
# Read-only forms of commands that would run for minutes. Not `dvc repro --dry`: it wants to hash files that only a real
# run makes, so it fails in a fresh clone.
DRY = {"make ": "make -n ", "dvc repro": "dvc stage list"}
# tests/stages/test_dvc.py runs those of DVC that need results
ELSEWHERE = ("docker", "dvc exp", "dvc metrics", "dvc plots")


def dry(command):
    for real, safe in DRY.items():
        if command.startswith(real):
            return safe + command.removeprefix(real)
    return command


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(ELSEWHERE)])
def test_commands_run(command):
    """Long ones as a dry run; the pipeline's tests run them for real."""
    if command.startswith(". .venv"):
        assert "-m venv .venv" in (ROOT / "environment.sh").read_text()
        return
    result = subprocess.run(dry(command), shell=True, cwd=ROOT, env=CHILD, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_own_profile_command(tmp_path):
    """The command that makes a profile's pipeline gives one whose runs are the new profile's."""
    (command,) = (line for line in LINES if "profiles/mine" in line)
    for name in ("dvc.yaml", "Makefile"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    (variables,) = YAML(typ="safe").load(tmp_path / "profiles/mine/dvc.yaml")["vars"]
    assert (variables["profile"], variables["root"]) == ("mine", "../..")


def test_docker_commands_match_the_entry_point():
    """What follows the image's name is a profile that the entry point knows."""
    for command in (c for c in COMMANDS if c.startswith("docker run")):
        profile = command.split(" replication")[1].strip() or "quick"
        assert profile == "quick" or (ROOT / "profiles" / profile / "dvc.yaml").exists()


def test_linked_and_named_files_exist():
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def exhibits():
    """(stage, path) of every file in the table of exhibits, with <p> and <task> in it."""
    for stage, files in re.findall(r"\| `(\w+)` \| (`(?:paper_figures|results)/<p>/[^|]+) \|", README):
        first, *others = map(Path, re.findall(r"`([^`]+)`", files))
        yield stage, str(first)
        for other in others:  # given by its ending or its name alone
            yield stage, str(first.with_suffix(other.name) if other.name[0] == "." else first.with_name(other.name))


def test_exhibits_are_outputs_of_their_stages():
    assert len(list(exhibits())) >= 20
    for stage, path in exhibits():
        assert within(path, paths(stage, "outs", "<p>", "<task>") + paths(stage, "metrics", "<p>", "<task>")), path


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
