"""Damage to what DVC keeps is one line with a remedy; what is sound passes, and nothing is written."""

import hashlib
import json
import os

import pytest

from replication.cli import dvc_state
from replication.cli.dvc_state import check_dvc_state
from replication.errors import ReplicationError

LOCK = """schema: '2.0'
stages:
  prepare_data@digits:
    cmd: python -m replication.stages.prepare_data quick digits
    deps:
    - path: data/registry.yaml
      hash: md5
      md5: aaaabbbbccccddddeeeeffff00001111
      size: 1921
    outs:
    - path: data/prepared/quick/digits.npz
      hash: md5
      md5: 1111bbbbccccddddeeeeffff00001111
      size: 12
  fit_laws:
    cmd: python -m replication.stages.fit_laws quick
"""
CONFIG = "[core]\n    analytics = false\n['remote \"storage\"']\n    url = /path\n# a remark\n"


def cached(folder, content, name=None):
    digest = name or hashlib.md5(content).hexdigest()
    path = folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o444)  # of these DVC believes the name
    return path


@pytest.fixture
def project(tmp_path):
    """As a run leaves it."""
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / ".dvc/config").write_text(CONFIG)
    (tmp_path / ".dvc/tmp/rwlock").write_text('{"read": {}}')
    (tmp_path / "profiles/laptop").mkdir(parents=True)
    for lock in ("dvc.lock", "profiles/laptop/dvc.lock"):
        (tmp_path / lock).write_text(LOCK)
    cached(tmp_path, b"prepared data")
    listing = json.dumps([{"md5": "0" * 32, "relpath": "a"}]).encode()
    cached(tmp_path, listing, hashlib.md5(listing).hexdigest() + ".dir")
    return tmp_path


def state(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(folder, *named):
    before = state(folder)
    with pytest.raises(ReplicationError) as error:
        check_dvc_state(folder)
    assert "\n" not in str(error.value)
    for words in named:
        assert words in str(error.value)
    assert state(folder) == before


def test_what_is_sound_passes(project, tmp_path_factory):
    check_dvc_state(project)
    check_dvc_state(tmp_path_factory.mktemp("before the first run"))


@pytest.mark.parametrize("lock", ["dvc.lock", "profiles/laptop/dvc.lock"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 99, b"stages: [", b"3", b"\xff\xfe", b"schema: '2.0'\nstages: {a: {cmd: }}", b"a: b: c"]
)
def test_a_damaged_lock(project, lock, content):
    (project / lock).write_bytes(content)
    refused(project, lock, "delete it", "finished members are kept")


def test_a_lock_cut_anywhere_is_refused_or_is_that_of_fewer_stages(project):
    """Never a traceback; where it passes, DVC runs again what the rest lacks."""
    problems = []
    for end in range(0, len(LOCK), 3):
        (project / "dvc.lock").write_text(LOCK[:end])
        try:
            check_dvc_state(project)
        except ReplicationError as error:
            problems.append(error.problem)
    assert 0 < len(problems) < len(LOCK) / 3
    assert all(problem.startswith(f"{project / 'dvc.lock'} is cut or damaged") for problem in problems)


@pytest.mark.parametrize("content", ["[core\n", "analytics = false\n", "[core]\nnonsense\n"])
def test_a_damaged_configuration(project, content):
    (project / ".dvc/config").write_text(content)
    refused(project, "config, line", "restore")


@pytest.mark.parametrize("content", ["", "{", "[]", "x"])
def test_damaged_marks_of_what_is_at_work(project, content):
    (project / ".dvc/tmp/rwlock").write_text(content)
    refused(project, "rwlock is cut or damaged", "no other run is at work")


@pytest.mark.parametrize("damage", [lambda old: old[:-1], lambda old: b"x" + old[1:], lambda old: b""])
@pytest.mark.parametrize("number", [0, 1])
def test_a_damaged_file_of_the_cache(project, damage, number):
    """Write-protected as before, so that DVC would hand it out as sound."""
    path = sorted((project / ".dvc/cache").rglob("??/*"))[number]
    content, mode = path.read_bytes(), path.stat().st_mode
    path.chmod(0o644)
    path.write_bytes(damage(content))
    os.chmod(path, mode)
    refused(project, str(path), "delete it and run again")


@pytest.mark.parametrize("place", ["tmp", "cache"])
@pytest.mark.parametrize(("kind", "free"), [("full", 4096), ("read-only", 2**30)])
def test_no_room_where_dvc_writes(project, monkeypatch, place, kind, free):
    """As of a file system that is full, or mounted for reading."""
    there, disk = project / ".dvc" / place, type("Disk", (), {"f_bavail": free // 4096, "f_frsize": 4096})
    monkeypatch.setattr(
        dvc_state.os, "statvfs", lambda path: disk if path == there else os.statvfs_result([2**20] * 10)
    )
    monkeypatch.setattr(dvc_state.os, "access", lambda path, mode: path != there or kind == "full")
    refused(project, f"cannot write {there}", "free space or permit writing there")
