"""The package as it is installed: what it declares, what it brings along, and its console script."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import replication
from replication.errors import EXTRAS
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NAMES = {
    "sklearn": "scikit-learn",
    "neural_tangents": "neural-tangents",
    "dask": "distributed",
    "geant4_pybind": "geant4-pybind",
}
APART = {"geant4", "tables"}  # in no lock, and not among all parts: pyproject.toml says why


def requirement(text):
    return re.match(r"[A-Za-z0-9_.-]+", text)[0].lower()


def test_the_version_stands_in_one_place():
    """Others take it from there, or are held to it here."""
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "replication.__version__"}
    citation = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == replication.__version__
    assert f"## {replication.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_errors_name_the_extra_that_brings_a_module():
    extras = PROJECT["project"]["optional-dependencies"]
    assert set(extras) - {"all"} == set(EXTRAS)
    for extra, modules in EXTRAS.items():
        brought = {requirement(text) for text in extras[extra]}
        assert {NAMES.get(module, module) for module in modules} == brought
    (everything,) = extras["all"]
    assert set(re.search(r"\[(.*)\]", everything)[1].split(",")) == set(EXTRAS) - APART


def test_the_lock_pins_every_requirement_of_every_part():
    extras = PROJECT["project"]["optional-dependencies"]
    parts = [PROJECT["project"]["dependencies"], *(extras[name] for name in set(extras) - APART)]
    wanted = {requirement(text) for part in [*parts, PROJECT["dependency-groups"]["dev"]] for text in part}
    pinned = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line}
    assert wanted - {"replication"} <= pinned


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the files that git knows: building leaves its traces there."""
    folder = tmp_path_factory.mktemp("source")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if name.startswith("replication/") or name in ("pyproject.toml", "README.md", "LICENSE"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def pip(*arguments):
    command = [sys.executable, "-m", "pip", *arguments, "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_the_wheel_holds_templates_and_style_sheet_and_nothing_else(source, tmp_path):
    pip("wheel", str(source), "--wheel-dir", str(tmp_path))
    (wheel,) = tmp_path.glob("replication-*.whl")
    assert wheel.name.startswith(f"replication-{replication.__version__}-py3-none-any")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    there = {str(path.relative_to(source)) for path in (source / "replication").rglob("*") if path.is_file()}
    assert held == there
    assert {Path(name).suffix for name in held} == {".py", ".pyi", ".typed", ".j2", ".mplstyle"}


@pytest.mark.slow
def test_the_installed_script_predicts(source, tmp_path):
    """Installed beside the environment's libraries, called far from the checkout."""
    pip("install", str(source), "--prefix", str(tmp_path / "installed"))
    (packages,) = (tmp_path / "installed").glob("lib/python*/site-packages")
    environment = {"PYTHONPATH": str(packages), "PATH": "/usr/bin:/bin"}
    code = "import numpy, numpy.random as r; x = r.default_rng(0).normal(size=(60, 3)); "
    code += "numpy.savez('data.npz', inputs=x, targets=x[:, 0] ** 2); import replication; print(replication.__file__)"
    options = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "check": True}
    assert str(packages) in subprocess.run([sys.executable, "-c", code], **options).stdout
    script = tmp_path / "installed/bin/replication"
    printed = subprocess.run([script, "predict", "data.npz", "--training-sizes", "8,16"], **options).stdout
    assert "eps_L = " in printed
    assert (tmp_path / "predictions/data_learning_curve.png").stat().st_size > 10_000
