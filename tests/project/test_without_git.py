"""An archive of the project, which has no .git, is a project too."""

import os
import shutil
import subprocess

import pytest

from tests.conftest import ROOT


@pytest.fixture
def archive(tmp_path):
    """What git would put into an archive, in a folder of its own, with the environment of this checkout."""
    if not (ROOT / ".git").exists() or not (ROOT / ".venv").exists():
        pytest.skip("not a clone with its environment")
    folder = tmp_path / "archive"
    folder.mkdir()
    packed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, packed.decode().split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("paper_figures/laptop", "notebooks")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def test_make_tells_dvc_that_there_is_no_git(archive):
    """Of `make repro` the line that does so is run, and then DVC; without it DVC asks for a git repository."""
    command = ["python", "-m", "dvc", "status", "dvc.yaml"]
    before = subprocess.run(command, cwd=archive, env=clean(archive), capture_output=True, text=True)
    assert "not a git repository" in before.stderr
    told = subprocess.run(["make", "-n", "repro"], cwd=archive, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    (line,) = [line for line in told.stdout.splitlines() if "no_scm" in line]
    made = subprocess.run(
        ["sh", "-ec", line.lstrip("@")], cwd=archive, env=clean(archive), capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    assert "no_scm = true" in (archive / ".dvc/config.local").read_text()
    status = subprocess.run(command, cwd=archive, env=clean(archive), capture_output=True, text=True)
    assert status.returncode == 0, status.stderr


def test_make_takes_no_package_from_elsewhere(archive):
    foreign = archive / "foreign"
    (foreign / "pydantic").mkdir(parents=True)
    (foreign / "pydantic" / "__init__.py").write_text("raise ImportError('a foreign pydantic')\n")
    environment = os.environ | {"PYTHONPATH": str(foreign)}
    result = subprocess.run(["make", "check"], cwd=archive, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def clean(folder):
    """The environment of a command of the Makefile."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | {"PATH": f"{folder / '.venv/bin'}:{os.environ['PATH']}"}
