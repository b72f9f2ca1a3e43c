"""What a download folder holds after the task has changed its source."""

import json

from replication.datasets.manifest import NAME, write_manifest
from replication.datasets.registry import Remote

REGISTRY = {"web": Remote({"web/a.gz": "md5:" + 32 * "0", "web/b.gz": "md5:" + 32 * "1"}, ("http://x/",))}


def test_the_files_of_a_source_are_listed_and_kept(tmp_path):
    for path in ("web/a.gz", "web/b.gz"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"content")
    write_manifest(tmp_path, "web", REGISTRY)
    assert json.loads((tmp_path / NAME).read_text()) == {"source": "web", "files": REGISTRY["web"].files}
    assert (tmp_path / "web/a.gz").read_bytes() == b"content"


def test_what_is_not_of_the_source_is_deleted(tmp_path):
    for path in ("web/a.gz", "other/deep/file", "web/unknown", NAME):
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).write_bytes(b"content")
    write_manifest(tmp_path, "web", REGISTRY)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == {NAME, "web", "web/a.gz"}
    write_manifest(tmp_path, "embedded", REGISTRY)
    assert [path.name for path in tmp_path.rglob("*")] == [NAME]
    assert json.loads((tmp_path / NAME).read_text()) == {"source": "embedded", "files": {}}


def test_a_folder_that_is_not_there_is_made(tmp_path):
    write_manifest(tmp_path / "data/raw/digits", "embedded", {})
    assert (tmp_path / "data/raw/digits" / NAME).is_file()
