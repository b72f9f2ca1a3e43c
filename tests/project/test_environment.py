"""The lock and the script that builds the environment from it."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOCKS = {
    name: (ROOT / name).read_text()
    for name in ("requirements.txt", "requirements-cuda.txt", "container/requirements.txt", "website/requirements.txt")
}
LOCK = LOCKS["requirements.txt"]
TOOLS = ("sh", "cmp", "dirname", "awk", "rm", "cp")


@pytest.mark.parametrize(("name", "least"), list(zip(LOCKS, (100, 100, 20, 25), strict=True)))
def test_every_package_is_pinned_and_hashed(name, least):
    entries = re.split(r"\n(?=[a-z])", LOCKS[name].strip())
    assert len(entries) > least
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z]+\])?==[^ ]+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_no_address_and_no_path(name):
    assert not re.search(r"https?:|file:|^-|@ ", LOCKS[name], re.M)
    assert "/" not in LOCKS[name]


def test_the_lock_for_gpus_has_the_same_pins_and_nvidia_s_libraries():
    plain, cuda = (set(re.findall(r"^([a-z][^ ;]*==[^ ;]+)", LOCKS[name], re.M)) for name in list(LOCKS)[:2])
    added = {entry.split("==")[0] for entry in cuda - plain}
    assert {name for name in added if not name.startswith(("nvidia-", "jax-cuda12-"))} == set()
    assert {"nvidia-cudnn-cu12", "jax-cuda12-plugin"} <= added


def test_the_environment_is_that_of_the_lock():
    for name in ("tensorflow", "keras", "jax", "neural-tangents", "dvc", "numpy", "scipy", "pandas"):
        assert f"{name}=={version(name)} " in LOCK


@pytest.fixture
def folder(tmp_path):
    """A copy of the script and the lock, and a search path with basic tools and no Python."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool))
    project = tmp_path / "a project"
    project.mkdir()
    for name in ("environment.sh", "requirements.txt"):
        shutil.copy(ROOT / name, project)
    return project


def create(project):
    environment = {"PATH": str(project.parent / "bin")}
    return subprocess.run(["./environment.sh"], cwd=project, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("present", [None, "3.9", "broken"])
def test_without_a_suitable_python_one_line_says_so(folder, present):
    if present:
        fake = folder.parent / "bin/python3"
        fake.write_text("#!/bin/sh\nexit 1\n")  # what the check of the version and of the venv module answers
        fake.chmod(0o755)
    result = create(folder)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: no Python 3.11 or 3.12")
    assert not (folder / ".venv").exists()


def test_an_environment_that_is_complete_is_left_alone(folder):
    (folder / ".venv").mkdir()
    shutil.copy(folder / "requirements.txt", folder / ".venv/complete")
    result = create(folder)
    assert result.returncode == 0
    assert result.stdout == result.stderr == ""


def test_the_version_check_accepts_this_python():
    script = (ROOT / "environment.sh").read_text()
    check = re.search(r"suitable='(.*)'", script)[1]
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
    too_new = check.replace("sys.version_info[:2]", "(3, 13)")
    assert subprocess.run([sys.executable, "-c", too_new], check=False).returncode != 0


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout, as inside the image")
def test_project_names_no_registry():
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    # written in two halves, so that this file does not name what it forbids
    halves = [("py", "pi.org"), ("python", "hosted"), ("np", "mjs"), ("deb.", "debian"), ("anaconda", ".org")]
    hosts = re.compile("|".join(re.escape(first + second) for first, second in halves))
    for name in names:
        path = Path(ROOT, name)
        if path.suffix in {".png", ".pdf"} or not path.is_file() or os.path.islink(path):
            continue
        assert not hosts.search(path.read_text(encoding="utf-8")), name


def test_settings_of_the_shell_that_would_put_packages_elsewhere_are_left_out(folder):
    fake = folder.parent / "bin/python3"
    fake.write_text(f"#!/bin/sh\nset >'{folder.parent}/seen'\nexit 1\n")
    fake.chmod(0o755)
    told = {"PIP_USER": "1", "PIP_TARGET": "/elsewhere", "PYTHONPATH": "/elsewhere", "PYTHONHOME": "/elsewhere"}
    environment = told | {"PATH": str(folder.parent / "bin")}
    subprocess.run(["./environment.sh"], cwd=folder, env=environment, capture_output=True, text=True)
    seen = dict(line.split("=", 1) for line in (folder.parent / "seen").read_text().splitlines() if "=" in line)
    assert not set(told) & set(seen)
    assert seen["PYTHONNOUSERSITE"].strip("'") == "1"
