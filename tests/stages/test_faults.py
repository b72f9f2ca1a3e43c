"""What may happen to a project between two runs, and during one: the next run mends it, or one line says what to do.

Stages are stubs, so that this is about DVC, make and what they keep.
"""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from replication.cli.dvc_state import check_dvc_state
from replication.errors import ReplicationError
from tests.conftest import ROOT
from tests.stages.declared import CHILD
from tests.stages.stub_pipeline import clone, dvc, fingerprint

pytestmark = pytest.mark.slow
REPRO = [sys.executable, "-m", "dvc", "repro"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A clone with stub stages whose quick profile has run."""
    folder = clone(tmp_path_factory.mktemp("a project") / "clone")
    dvc(folder, "repro")
    return folder


@pytest.fixture
def project(finished, tmp_path):
    """A copy of it that a test may damage."""
    return shutil.copytree(finished, tmp_path / "clone", symlinks=True)


def mended(project, finished):
    """Runs again; whether everything is as it was, and which stages ran."""
    output = dvc(project, "repro")
    assert fingerprint(project) == fingerprint(finished)
    for path in (finished / "data/prepared").rglob("*.npz"):
        assert (project / path.relative_to(finished)).read_bytes() == path.read_bytes()
    check_dvc_state(project)
    return set(re.findall(r"Running stage '(.*)'", output))


@pytest.mark.parametrize("share", [0.301, 0.999])
def test_a_lock_that_was_cut(project, finished, share):
    lock = project / "dvc.lock"
    whole = lock.read_bytes()
    lock.write_bytes(whole[: int(share * len(whole))])
    try:
        check_dvc_state(project)
    except ReplicationError:
        lock.unlink()
    assert mended(project, finished)


def test_a_damaged_cache_is_found_before_it_is_handed_out(project, finished):
    """A flipped bit under write protection: DVC alone would take it for sound, now and after every further run."""
    damaged = [path for path in (project / ".dvc/cache/files").rglob("*") if path.is_file()]
    for path in damaged:
        mode = path.stat().st_mode
        path.chmod(0o644)
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
        os.chmod(path, mode)
    shutil.rmtree(project / "data/prepared")
    for path in sorted(damaged):
        with pytest.raises(ReplicationError, match="delete it and run again") as error:
            check_dvc_state(project)
        assert str(path) in str(error.value)
        path.unlink()
    assert {name.split("@")[0] for name in mended(project, finished)} <= {"prepare_data", "recompute_published_numbers"}


def test_without_its_cache(project, finished):
    shutil.rmtree(project / ".dvc/cache")
    shutil.rmtree(project / ".dvc/tmp")
    shutil.rmtree(project / "data/prepared")
    mended(project, finished)


def test_damaged_data_are_made_again(project, finished):
    path = project / "data/prepared/quick/digits.npz"
    path.write_bytes(path.read_bytes()[:-1])
    assert mended(project, finished) == {"prepare_data@digits"}


def slowed(project):
    """The first stage takes a while, and has not run."""
    pipeline = project / "dvc.yaml"
    command = "cmd: python stub.py dvc.yaml prepare_data"
    assert command in pipeline.read_text()
    pipeline.write_text(pipeline.read_text().replace(command, command.replace("cmd: ", "cmd: sleep 4; ")))


def ended(process):
    output, _ = process.communicate()
    return process.returncode, output


# make of its own, not one below the make that runs the tests, which would say so before anything else
UNNESTED = {name: value for name, value in CHILD.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def start(project, *command):
    return subprocess.Popen(
        command, cwd=project, env=UNNESTED, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip


def test_two_runs_of_dvc_at_once(project, finished):
    """One of them does the work; the other ends with the process that is in its way, or finds nothing left to do."""
    slowed(project)
    first = start(project, *REPRO)
    time.sleep(3)
    second = start(project, *REPRO)
    results = [ended(process) for process in (second, first)]
    assert 0 in [status for status, _ in results]
    for status, output in results:
        assert "Traceback" not in output
        assert status == 0 or "is busy, it is being blocked by" in output or "Unable to acquire lock" in output
    mended(project, finished)


@pytest.mark.skipif(not shutil.which("make"), reason="no make, as inside the image")
def test_two_runs_of_make_at_once(project, finished):
    """The second is one line and disturbs nothing; a first that is killed leaves nothing in the way."""
    slowed(project)
    shutil.copy(ROOT / "Makefile", project)
    (project / "environment.sh").write_text("#!/bin/sh\n")
    (project / "environment.sh").chmod(0o755)
    first = start(project, "make", "repro")
    time.sleep(3)
    status, output = ended(start(project, "make", "repro"))
    assert status != 0
    assert output.splitlines()[0].startswith("error: another run of profile quick is at work in this folder: wait")
    os.killpg(first.pid, 9)
    ended(first)
    assert mended(project, finished)


def test_a_clock_that_was_set_back(project, finished):
    """Everything is from next year: nothing runs; an older change is seen all the same, and then nothing runs again."""
    future = time.time() + 365 * 86400
    for path in project.rglob("*"):
        os.utime(path, (future, future), follow_symlinks=False)
    assert mended(project, finished) == set()
    code = project / "replication/claims/papers.py"
    code.write_text(code.read_text() + "\n# a remark\n")
    os.utime(code, (0, 0))
    assert {"check_claims", "fit_laws"} & mended(project, finished) == {"check_claims"}
    assert mended(project, finished) == set()


@pytest.mark.skipif(not shutil.which("make"), reason="no make, as inside the image")
def test_pipelines_of_profiles_follow_by_content_and_not_by_date(tmp_path):
    for name in ("dvc.yaml", "params.yaml", "Makefile"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "profiles/laptop").mkdir(parents=True)
    pipeline = tmp_path / "profiles/laptop/dvc.yaml"
    pipeline.write_text("of next year, and wrong")
    os.utime(pipeline, (time.time() + 1e7,) * 2)
    (tmp_path / "replication").symlink_to(ROOT / "replication")
    make, environment = ["make", "profiles/laptop/dvc.yaml"], CHILD
    for _ in range(2):
        subprocess.run(make, cwd=tmp_path, env=environment, check=True, capture_output=True)
        assert "profile: laptop" in pipeline.read_text()
        before = pipeline.stat()
    subprocess.run(make, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (pipeline.stat().st_ino, pipeline.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [path.name for path in pipeline.parent.iterdir()] == ["dvc.yaml"]
