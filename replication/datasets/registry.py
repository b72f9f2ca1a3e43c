"""The registry of downloadable files: data/registry.yaml as values."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple

from replication.errors import ReplicationError

DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}  # hexadecimal digits of a hash


class Archive(NamedTuple):
    """A packed set of files: its own path and hash, and the folder of the members inside it."""

    path: str
    hash: str
    members: str

    def member(self, path: str) -> str:
        """Name inside the archive of the file that is stored at `path`."""
        return f"{self.members}/{PurePosixPath(path).name}"


class Remote(NamedTuple):
    """What a source downloads.

    files:     hash ("algorithm:hexadecimal digest") of every file, by its path below the download folder
    addresses: web folders that hold the files, or the archive, under their own names, in the order of trying
    archive:   where the web holds the files only packed, the archive they come in
    """

    files: dict[str, str]
    addresses: tuple[str, ...]
    archive: Archive | None = None


Registry = dict[str, Remote]


def has_hash(file: Path, known_hash: str) -> bool:
    """Whether the content of `file` has the registered hash."""
    import pooch

    algorithm, digest = known_hash.split(":")
    return pooch.file_hash(str(file), alg=algorithm) == digest


def read_registry(path: Path) -> Registry:
    """Read a registry file; a missing or malformed one is a ReplicationError."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return {source: _remote(**entry) for source, entry in raw.items()}
    except (OSError, UnicodeDecodeError, YAMLError, TypeError, AttributeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise ReplicationError(
            f"{path} is not a registry of files ({reason})", "restore it from the project's repository"
        ) from None


def _remote(files: dict[str, str], addresses: list[str], archive: dict[str, str] | None = None) -> Remote:
    for known in (*files.values(), *([archive["hash"]] if archive else [])):
        algorithm, _, digest = known.partition(":")
        if len(digest) != DIGITS.get(algorithm):
            raise TypeError(f"{known!r} is not a hash such as md5:... or sha256:...")
    return Remote(dict(files), tuple(addresses), Archive(**archive) if archive else None)
