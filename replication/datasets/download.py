"""Registered files, brought to the download folder and verified; a file appears there whole or not at all."""

import errno
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from replication.datasets.archive import extract
from replication.datasets.registry import Archive, Registry, Remote, has_hash
from replication.datasets.transfer import Refused, cause, transfer
from replication.errors import ReplicationError

_log = logging.getLogger(__name__)

_LOCAL_TROUBLE = {
    errno.ENOSPC: ("disk full", "free some space"),
    errno.EDQUOT: ("disk quota used up", "free some space"),
    errno.EACCES: ("no permission", "make the folder readable and writable"),
    errno.EROFS: ("read-only file system", "use a writable folder"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "move it away"),
    errno.EEXIST: ("a file stands where a folder is needed", "move it away"),
}


class Unobtainable(Exception):
    """A file that no address delivered: its path, and what was tried with what result."""

    def __init__(self, path: str, tried: Sequence[str]):
        super().__init__(path)
        self.path, self.tried = path, list(tried)


def fetch(source: str, registry: Registry, folder: Path, mirror: str | None = None) -> list[Path]:
    """Paths below `folder` of all files of `source`, in registry order, each of the registered hash.

    A file that is there already is used as it is; one that is missing or damaged is taken from `mirror` (a folder, a
    file:// or an http(s) address with the registry's own paths below it), then from the registered addresses in
    order. ReplicationError, in one line, if a file cannot be had: what was tried, why it failed, and the remedy.
    """
    remote = registry[source]
    addresses = () if remote.archive else remote.addresses
    with _local_trouble_explained(folder):
        try:
            for path, known_hash in remote.files.items():
                _obtain(path, known_hash, folder, _addresses(path, addresses, mirror))
        except Unobtainable as error:
            if remote.archive is None:
                raise _explanation(error) from None
            _obtain_packed(remote, remote.archive, folder, mirror, error)
    return [folder / path for path in remote.files]


def _addresses(path: str, folders: Sequence[str], mirror: str | None) -> list[str]:
    """Where to look for a file: below the mirror under its path, then at the web folders under its name."""
    below_mirror = [f"{mirror.rstrip('/')}/{path}"] if mirror else []
    return below_mirror + [address.rstrip("/") + "/" + PurePosixPath(path).name for address in folders]


def _is_stored(file: Path, known_hash: str) -> bool:
    return file.is_file() and has_hash(file, known_hash)


def _obtain(path: str, known_hash: str, folder: Path, addresses: Sequence[str]) -> None:
    """Bring one file to `folder / path` from the first address that delivers it; Unobtainable if none does."""
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    target, tried = folder / path, []
    if _is_stored(target, known_hash):
        return
    if target.is_file():
        _log.warning("%s is damaged (wrong hash); fetching it again", target)
    target.parent.mkdir(parents=True, exist_ok=True)
    for address in addresses:
        try:
            pooch.retrieve(address, known_hash, fname=target.name, path=target.parent, downloader=transfer)
        except (Refused, ValueError, OSError) as error:
            if _local_trouble(error):
                raise
            tried.append(f"{address} ({cause(error)})")
        else:
            if tried:
                _log.warning("%s is taken from %s, after trying %s", path, address, ", ".join(tried))
            return
    raise Unobtainable(path, tried)


def _obtain_packed(
    remote: Remote, archive: Archive, folder: Path, mirror: str | None, unobtainable: Unobtainable
) -> None:
    """Fetch the archive to a temporary folder, take out the files that are missing, and delete it."""
    parent = (folder / archive.path).parent
    parent.mkdir(parents=True, exist_ok=True)
    missing = {path: known for path, known in remote.files.items() if not _is_stored(folder / path, known)}
    with TemporaryDirectory(prefix=".", dir=parent) as temporary:
        try:
            addresses = _addresses(archive.path, remote.addresses, mirror)
            _obtain(archive.path, archive.hash, Path(temporary), addresses)
        except Unobtainable as error:
            raise _explanation(Unobtainable(unobtainable.path, unobtainable.tried + error.tried)) from None
        extract(archive, Path(temporary), missing, folder)


def _explanation(error: Unobtainable) -> ReplicationError:
    tried = " ".join(", ".join(error.tried).split()) or "no address is registered"
    return ReplicationError(
        f"cannot obtain {error.path}; tried {tried}",
        f"check the connection, or set REPLICATION_DATA_MIRROR to a folder or http address that holds {error.path}",
    )


def _local_trouble(error: Exception) -> tuple[str, str] | None:
    """Problem and remedy if the error is this machine's own, which no other address can fix."""
    # pooch raises PermissionError without a number; those of a mirror were turned into Refused
    number = errno.EACCES if isinstance(error, PermissionError) else getattr(error, "errno", None)
    return _LOCAL_TROUBLE.get(number) if number is not None else None


@contextmanager
def _local_trouble_explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem, remedy = _local_trouble(error) or (error.strerror or str(error), "check that folder and its disk")
        where = error.filename or folder
        raise ReplicationError(
            f"cannot store data files below {folder}: {problem} ({where})", f"{remedy} and run again"
        ) from None
