"""README and documentation tell the truth: their commands run, files exist, numbers are those of the files."""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.conftest import ROOT
from tests.stages.declared import CHILD, paths

README, PIPELINE, RESULTS, EXHIBITS = (
    (ROOT / name).read_text() for name in ("README.md", "docs/pipeline.md", "docs/results.md", "docs/exhibits.md")
)
BLOCKS = re.findall(r"```sh\n(.*?)```", README + PIPELINE, re.S)
LINES = [line for block in BLOCKS for line in block.splitlines()]
COMMANDS = sorted({*LINES, *re.findall(r"`((?:make|python) [^`]+)`", README)})
# Read-only forms of commands that would run for minutes. Not `dvc repro --dry`: it wants to hash files that only a real
# run makes, so it fails in a fresh clone.
DRY = {
    "make repro": "make -n repro",
    "make test": "make -n test",
    "make verify": "make -n verify",
    "dvc repro": "dvc stage list",
}
# run for real by other tests: of the pipeline, of a profile of one's own, of the container's entry point
ELSEWHERE = ("docker", "mkdir", "make profiles", "dvc metrics", "dvc plots", "dvc exp", "dvc remote", "dvc pu")


def dry(command):
    for real, safe in DRY.items():
        if command.startswith(real):
            return safe + command.removeprefix(real)
    return command


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(ELSEWHERE) and "PROFILE=mine" not in c])
def test_commands_run(command):
    """Long ones as a dry run; the pipeline's tests run them for real."""
    if command.startswith("make") and not shutil.which("make"):
        pytest.skip("no make, as inside the image")
    if command.startswith(". .venv"):
        assert "-m venv .venv" in (ROOT / "environment.sh").read_text()
        return
    result = subprocess.run(dry(command), shell=True, cwd=ROOT, env=CHILD, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.skipif(not shutil.which("make"), reason="no make, as inside the image")
def test_own_profile_commands(tmp_path):
    """The commands that make a profile give a pipeline whose stages are the new profile's."""
    (block,) = (block for block in BLOCKS if "mkdir profiles/mine" in block)
    for name in ("dvc.yaml", "Makefile"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    params["profiles"]["mine"] = params["profiles"]["quick"]
    YAML(typ="safe").dump(params, tmp_path / "params.yaml")
    (tmp_path / "profiles").mkdir()
    commands = "\n".join(line for line in block.splitlines() if not line.startswith("make repro"))
    (tmp_path / "replication").symlink_to(ROOT / "replication")
    subprocess.run(commands, shell=True, cwd=tmp_path, env=CHILD, check=True, capture_output=True)
    assert "profile: mine" in (tmp_path / "profiles/mine/dvc.yaml").read_text()


def test_docker_commands_match_the_entry_point():
    """What follows the image's name is a profile that the entry point knows."""
    for command in (c for c in COMMANDS if c.startswith("docker run")):
        profile = command.split(" replication")[1].strip() or "quick"
        assert profile == "quick" or (ROOT / "profiles" / profile / "dvc.yaml").exists()


def test_linked_and_named_files_exist():
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def exhibits():
    """(stage, path) of every file in the table of exhibits, with <p> and <task> in it."""
    for stage, files in re.findall(r"\| `(\w+)` \| (`(?:paper_figures|results)/<p>/[^|]+) \|", EXHIBITS):
        first, *others = map(Path, re.findall(r"`([^`]+)`", files))  # the others are given by their names alone
        yield from ((stage, str(path)) for path in (first, *map(first.with_name, map(str, others))))


def test_exhibits_are_outputs_of_their_stages():
    """The test of the whole pipeline finds the files themselves."""
    assert len(list(exhibits())) >= 30
    for stage, path in exhibits():
        outputs = paths(stage, "outs", "<p>", "<task>") + paths(stage, "metrics", "<p>", "<task>")
        assert any(path == output or path.startswith(f"{output}/") for output in outputs), f"{stage}: {path}"


def test_results_are_what_the_command_prints():
    command, table = re.search(r"<!-- verdicts: (.*?) -->\n(.*?)<!-- end of verdicts -->", RESULTS, re.S).groups()
    printed = subprocess.run(
        [sys.executable, *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert table.strip() == printed.strip()


def test_times_are_those_measured():
    with Path(ROOT / "benchmarks/timings.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        assert f"| {row['what']} | {float(row['seconds']):.0f} s |" in README
