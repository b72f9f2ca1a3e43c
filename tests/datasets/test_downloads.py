import errno
import gzip
import hashlib
import io
import os
import shutil
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from replication.datasets.download import fetch
from replication.datasets.registry import Archive, Remote, read_registry
from replication.errors import ReplicationError

GOOD = b"\x00\x01 the data " * 500
HTML = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
CLOSED = "http://127.0.0.1:9/"  # the discard port: nothing listens there


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture
def server():
    """Serves `pages`: path -> (status, body) or (status, body, announced length); a missing path is a 404."""
    pages = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body, *length = pages.get(self.path, (404, b"not here"))
            self.send_response(status)
            self.send_header("Content-Length", str(*length or [len(body)]))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.handle_error = lambda *_: None  # a client that gave up is no error here
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        http.pages, http.address = pages, f"http://127.0.0.1:{http.server_port}/"
        yield http
        http.shutdown()
        thread.join()


def registry(*addresses, content=GOOD):
    return {"toy": Remote({"toy/points.bin": sha256(content)}, addresses)}


def stored(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def failure(folder, entries, mirror=None):
    """Message of the ReplicationError that fetching ends in: one line, and no file is left."""
    with pytest.raises(ReplicationError) as caught:
        fetch("toy", entries, folder, mirror)
    assert "\n" not in str(caught.value)
    assert stored(folder) == []
    return str(caught.value)


def make_mirror(folder, content=GOOD, path="toy/points.bin"):
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    return str(folder)


def test_a_good_file_arrives_whole_and_alone(server, tmp_path):
    server.pages["/points.bin"] = (200, GOOD)
    assert fetch("toy", registry(server.address), tmp_path) == [tmp_path / "toy/points.bin"]
    assert (tmp_path / "toy/points.bin").read_bytes() == GOOD
    assert stored(tmp_path) == ["toy/points.bin"]
    assert (tmp_path / "toy/points.bin").stat().st_mode & 0o777 == 0o644


def test_an_intact_file_is_not_fetched_again(tmp_path):
    make_mirror(tmp_path)
    assert fetch("toy", registry(CLOSED), tmp_path, "/nowhere") == [tmp_path / "toy/points.bin"]


@pytest.mark.parametrize(
    ("page", "cause"),
    [
        ((200, GOOD[:-1] + b"!"), "wrong hash"),
        ((200, HTML), "an HTML page instead of data"),
        ((200, GOOD[:100], len(GOOD)), "truncated: the connection closed early"),
        ((404, b""), "HTTP status 404"),
        ((503, HTML), "HTTP status 503"),
    ],
)
def test_a_bad_answer_is_named(server, tmp_path, page, cause):
    server.pages["/points.bin"] = page
    message = failure(tmp_path, registry(server.address))
    assert f"cannot obtain toy/points.bin; tried {server.address}points.bin ({cause}" in message
    assert "REPLICATION_DATA_MIRROR" in message


def test_an_unreachable_host_is_named(tmp_path):
    assert f"{CLOSED}points.bin (host unreachable" in failure(tmp_path, registry(CLOSED))


def test_an_address_that_is_none_is_named(tmp_path):
    assert "(the request failed: " in failure(tmp_path, registry("http://[/"))


def test_a_silent_host_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr("replication.datasets.transfer.TIMEOUT", (0.2, 0.2))
    server.pages["/points.bin"] = (200, GOOD[:10], len(GOOD))
    release = threading.Event()
    monkeypatch.setattr(server.RequestHandlerClass, "send_response", lambda *_: release.wait(5))
    try:
        assert "(no answer in time)" in failure(tmp_path, registry(server.address))
    finally:
        release.set()


def test_the_second_address_serves_where_the_first_does_not(server, tmp_path, caplog):
    server.pages["/second/points.bin"] = (200, GOOD)
    fetch("toy", registry(server.address + "first", server.address + "second/"), tmp_path)
    assert stored(tmp_path) == ["toy/points.bin"]
    assert "second/points.bin, after trying" in caplog.text


def test_all_addresses_are_named(server, tmp_path):
    message = failure(tmp_path, registry(CLOSED, server.address), mirror="/no such folder")
    assert (
        "/no such folder/toy/points.bin (No such file or directory: there is no folder /no such folder/toy)" in message
    )
    assert CLOSED in message
    assert server.address in message


@pytest.mark.parametrize("form", ["folder", "file address", "http address"])
def test_a_mirror_comes_first(server, tmp_path, form):
    folder = make_mirror(tmp_path / "a mirror with spaces")
    server.pages["/mirror/toy/points.bin"] = (200, GOOD)
    forms = {"folder": folder, "file address": Path(folder).as_uri(), "http address": server.address + "mirror/"}
    fetch("toy", registry(CLOSED), tmp_path / "raw", forms[form])
    assert (tmp_path / "raw/toy/points.bin").read_bytes() == GOOD


def test_a_damaged_mirror_gives_way_to_the_network(server, tmp_path):
    folder = make_mirror(tmp_path / "mirror", GOOD[:-1])
    assert "mirror/toy/points.bin (wrong hash" in failure(tmp_path / "raw", registry(CLOSED), folder)
    server.pages["/points.bin"] = (200, GOOD)
    fetch("toy", registry(server.address), tmp_path / "raw", folder)
    assert stored(tmp_path / "raw") == ["toy/points.bin"]


def test_a_damaged_file_in_the_folder_is_named_and_replaced(tmp_path, caplog):
    folder = make_mirror(tmp_path / "mirror")
    make_mirror(tmp_path / "raw", GOOD[:-1])
    fetch("toy", registry(), tmp_path / "raw", folder)
    assert f"{tmp_path}/raw/toy/points.bin is damaged" in caplog.text
    assert (tmp_path / "raw/toy/points.bin").read_bytes() == GOOD


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk full"),
        (OSError(errno.EROFS, "Read-only file system"), "read-only"),
        (PermissionError(errno.EPERM, "Operation not permitted"), "no permission"),
        (PermissionError("raised without a number"), "no permission"),
    ],
)
def test_trouble_with_the_own_disk_ends_the_search(tmp_path, monkeypatch, error, words):
    def fail(*_):
        raise error

    folder = make_mirror(tmp_path / "mirror")
    monkeypatch.setattr(shutil, "copyfileobj", fail)
    message = failure(tmp_path / "raw", registry(CLOSED), folder)
    assert words in message
    assert CLOSED not in message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_really_full(tmp_path, monkeypatch):
    copy = shutil.copyfileobj

    def to_a_full_disk(stream, _copy, length):
        with open("/dev/full", "wb") as full:
            copy(stream, full, length)

    folder = make_mirror(tmp_path / "mirror")
    monkeypatch.setattr(shutil, "copyfileobj", to_a_full_disk)
    assert "disk full" in failure(tmp_path / "raw", registry(), folder)


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "raw").write_text("")
    with pytest.raises(ReplicationError, match="a file stands where a folder is needed"):
        fetch("toy", registry(), tmp_path / "raw", make_mirror(tmp_path / "mirror"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_a_folder_that_cannot_be_made(tmp_path):
    with pytest.raises(ReplicationError, match="cannot store data files below /proc/none: "):
        fetch("toy", registry(), Path("/proc/none"), make_mirror(tmp_path / "mirror"))


def test_an_interrupted_download_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(stream, copy, _length):
        copy.write(stream.read(10))
        raise KeyboardInterrupt

    folder = make_mirror(tmp_path / "mirror")
    monkeypatch.setattr(shutil, "copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("toy", registry(), tmp_path / "raw", folder)
    assert stored(tmp_path / "raw") == []


# Archives.

MEMBERS = {"a.bin": b"first " * 1000, "b.bin": b"second " * 1000}


def pack(members, links=()):
    """A .tar.gz of the members (name -> content), with symbolic links (name, target); the same bytes at any time."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file, tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    return buffer.getvalue()


def packed_registry(packed, *addresses):
    files = {f"toy/{name}": sha256(content) for name, content in MEMBERS.items()}
    return {"toy": Remote(files, addresses, Archive("toy/all.tar.gz", sha256(packed), "inside"))}


def inside(members):
    return {f"inside/{name}": content for name, content in members.items()}


def test_members_are_taken_out_and_the_archive_is_deleted(server, tmp_path):
    packed = pack(inside(MEMBERS) | {"inside/readme": b"not asked for"})
    server.pages["/all.tar.gz"] = (200, packed)
    assert fetch("toy", packed_registry(packed, server.address), tmp_path) == [
        tmp_path / "toy/a.bin",
        tmp_path / "toy/b.bin",
    ]
    assert stored(tmp_path) == ["toy/a.bin", "toy/b.bin"]
    assert os.listdir(tmp_path) == ["toy"]
    assert (tmp_path / "toy/b.bin").read_bytes() == MEMBERS["b.bin"]


def test_a_mirror_may_hold_single_files_or_the_archive(tmp_path):
    packed = pack(inside(MEMBERS))
    single, whole = tmp_path / "single", tmp_path / "whole"
    for name, content in MEMBERS.items():
        make_mirror(single, content, f"toy/{name}")
    make_mirror(whole, packed, "toy/all.tar.gz")
    for mirror in (single, whole):
        fetch("toy", packed_registry(packed, CLOSED), tmp_path / f"raw from {mirror.name}", str(mirror))
        assert stored(tmp_path / f"raw from {mirror.name}") == ["toy/a.bin", "toy/b.bin"]


def test_only_what_is_missing_comes_from_the_archive(server, tmp_path):
    packed = pack(inside(MEMBERS))
    server.pages["/all.tar.gz"] = (200, packed)
    make_mirror(tmp_path, MEMBERS["a.bin"], "toy/a.bin")
    before = (tmp_path / "toy/a.bin").stat().st_ino
    fetch("toy", packed_registry(packed, server.address), tmp_path)
    assert (tmp_path / "toy/a.bin").stat().st_ino == before
    assert (tmp_path / "toy/b.bin").read_bytes() == MEMBERS["b.bin"]


def test_members_that_point_elsewhere_are_never_written(server, tmp_path):
    packed = pack({"../../evil": b"x", str(tmp_path / "evil"): b"x"} | inside(MEMBERS), [("inside/link", "/etc")])
    server.pages["/all.tar.gz"] = (200, packed)
    fetch("toy", packed_registry(packed, server.address), tmp_path / "deep/raw")
    assert stored(tmp_path) == ["deep/raw/toy/a.bin", "deep/raw/toy/b.bin"]


@pytest.mark.parametrize(
    ("packed", "problem"),
    [
        (
            pack({}, [("inside/a.bin", "/etc/hostname"), ("inside/b.bin", "a.bin")]),
            "inside/a.bin in the archive is not",
        ),
        (pack({}), "lacks inside/a.bin, inside/b.bin"),
        (pack(inside(MEMBERS | {"a.bin": b"other"})), "inside/a.bin in the archive is damaged"),
        (pack(inside(MEMBERS))[:60], "cannot be unpacked"),
        (b"no archive at all", "cannot be unpacked"),
    ],
)
def test_an_unusable_archive_is_named(server, tmp_path, packed, problem):
    server.pages["/all.tar.gz"] = (200, packed)
    assert problem in failure(tmp_path, packed_registry(packed, server.address))


def test_a_missing_archive_is_named_with_all_that_was_tried(server, tmp_path):
    (tmp_path / "mirror/toy").mkdir(parents=True)
    message = failure(tmp_path / "raw", packed_registry(b"", server.address), str(tmp_path / "mirror"))
    for place in (
        "mirror/toy/a.bin (No such",
        "mirror/toy/all.tar.gz (No such",
        f"{server.address}all.tar.gz (HTTP status",
    ):
        assert place in message


def test_an_interrupted_archive_leaves_nothing(server, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    packed = pack(inside(MEMBERS))
    server.pages["/all.tar.gz"] = (200, packed)
    monkeypatch.setattr("replication.datasets.archive.has_hash", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fetch("toy", packed_registry(packed, server.address), tmp_path)
    assert os.listdir(tmp_path / "toy") == []


# The registry itself.


def test_the_registry_of_the_project():
    registry = read_registry(Path(__file__).parents[2] / "data/registry.yaml")
    assert set(registry) == {"mnist", "cifar10", "calochallenge"}
    for source, remote in registry.items():
        assert all(path.startswith(f"{source}/") for path in remote.files)
        assert all(known.split(":")[0] in ("sha256", "md5") for known in remote.files.values())
    assert registry["cifar10"].archive.member("cifar10/data_batch_1.bin") == "cifar-10-batches-bin/data_batch_1.bin"


@pytest.mark.parametrize("text", ["", "toy: [", "toy: {files: {}}", "toy: {files: {}, addresses: [], more: 1}"])
def test_a_malformed_registry_is_named(tmp_path, text):
    (tmp_path / "registry.yaml").write_text(text)
    with pytest.raises(ReplicationError, match="not a registry of files") as caught:
        read_registry(tmp_path / "registry.yaml")
    assert "\n" not in str(caught.value)
