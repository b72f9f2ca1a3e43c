"""What DVC keeps beside the pipeline, looked at before it runs: damage is one line here.

DVC itself reads a cached file that no longer has its hash as if it had: a file of the cache is trusted once it is
write-protected.
"""

import hashlib
import json
import os
from pathlib import Path

from ruamel.yaml import YAML

from replication.errors import ReplicationError

SMALLEST_ROOM = 2**20  # bytes that a run needs at the least
AGAIN = "its stages run again, and finished members are kept"


def check_dvc_state(folder: Path) -> None:
    """ReplicationError for a damaged lock, configuration or cache of the project in `folder`, and for no room there."""
    for place in (folder / ".dvc/tmp", folder / ".dvc/cache"):
        _check_room(place)
    for config in (folder / ".dvc/config", folder / ".dvc/config.local"):
        _check_config(config)
    for lock in (folder / "dvc.lock", *sorted(folder.glob("profiles/*/dvc.lock"))):
        _check_lock(lock)
    _check_marks(folder / ".dvc/tmp/rwlock")
    for path in sorted((folder / ".dvc/cache/files/md5").glob("[0-9a-f][0-9a-f]/*")):
        if not _has_its_hash(path):
            raise ReplicationError(f"{path} of DVC's cache is damaged", "delete it and run again, which makes it anew")


def _check_room(place: Path) -> None:
    """Where DVC has written before it must be able to again."""
    if not place.is_dir():
        return
    disk = os.statvfs(place)
    if not os.access(place, os.W_OK):
        reason = "not permitted, or a read-only file system"
    elif disk.f_bavail * disk.f_frsize < SMALLEST_ROOM:
        reason = "less than a megabyte is free"
    else:
        return
    raise ReplicationError(f"cannot write {place} ({reason})", "free space or permit writing there")


def _check_config(path: Path) -> None:
    """Lines of an INI file: sections, remarks, and assignments below a section."""
    inside = False
    for number, line in enumerate(_text(path, f"restore it with `git checkout {path}`").splitlines(), start=1):
        stripped = line.strip()
        section = stripped.startswith("[") and stripped.endswith("]")
        if stripped and not stripped.startswith(("#", ";")) and not section and not (inside and "=" in stripped):
            raise ReplicationError(
                f"{path}, line {number}: neither section nor assignment", f"restore or delete {path}"
            )
        inside = inside or section


def _check_lock(path: Path) -> None:
    """Cut between stages it is valid, and the stages that it lacks run again; otherwise it is damaged."""
    remedy = f"delete it, or `git checkout` it where git keeps it: {AGAIN}"
    if not path.exists():
        return
    text = _text(path, remedy)
    try:
        _check_schema(YAML(typ="safe").load(text))
    except Exception as error:  # of the parser and of DVC's schema, and bytes that are no text: no common base
        raise ReplicationError(f"{path} is cut or damaged ({' '.join(str(error).split())[:120]})", remedy) from None


def _check_schema(content: object) -> None:
    if not isinstance(content, dict):
        raise ValueError("not a mapping")
    try:
        from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    except ModuleNotFoundError:  # the extra `pipeline` is not installed, so that nothing will read it
        return
    COMPILED_LOCKFILE_SCHEMA(content)


def _check_marks(path: Path) -> None:
    """Which run reads and writes what at this moment."""
    remedy = "delete it when no other run is at work in this folder"
    text = _text(path, remedy)
    try:
        content = json.loads(text or "{}")
    except ValueError:
        content = None
    if not isinstance(content, dict) or (path.exists() and not text):
        raise ReplicationError(f"{path} is cut or damaged", remedy)


def _text(path: Path, remedy: str) -> str:
    """What a file holds; nothing if it is not there."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ReplicationError(f"cannot read {path} ({type(error).__name__})", remedy) from None


def _has_its_hash(path: Path) -> bool:
    """Whether a file of the cache has the MD5 that it is named by; one that DVC is writing has another name yet."""
    name = path.parent.name + path.name.removesuffix(".dir")
    if len(name) != 32 or path.is_dir():
        return True
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == name
    except OSError:
        return False
