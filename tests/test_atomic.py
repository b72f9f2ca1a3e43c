"""Files that are written whole or not at all."""

import os
import stat

import pytest

from replication import atomic
from replication.errors import ReplicationError


def test_content_replaces_what_was_there_and_folders_are_made(tmp_path):
    path = tmp_path / "some" / "folder" / "table.csv"
    for content, expected in (("a\nβ\n", "a\nβ\n".encode()), (b"\x00\r\n", b"\x00\r\n")):
        atomic.write(path, content)
        assert path.read_bytes() == expected
        assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch, step, trouble):
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fails(*_):
        raise trouble

    monkeypatch.setattr(os, step, fails)
    expected = ReplicationError if isinstance(trouble, OSError) else KeyboardInterrupt
    with pytest.raises(expected) as error:
        atomic.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    if expected is ReplicationError:
        assert str(error.value).startswith(f"cannot write {path} (No space left on device): ")


def test_a_folder_that_cannot_be_made_or_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    places = [tmp_path / "file" / "table.csv", tmp_path / "file" / "deeper" / "table.csv", tmp_path / "folder"]
    if os.geteuid():  # root may write anywhere
        (tmp_path / "locked").mkdir(mode=0o500)
        places.append(tmp_path / "locked" / "table.csv")
    for path in places:
        with pytest.raises(ReplicationError, match="permit writing there") as error:
            atomic.write(path, "content")
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)
    assert (tmp_path / "file").read_text() == "in the way"
    assert {path.name for path in tmp_path.iterdir()} <= {"file", "folder", "locked"}
