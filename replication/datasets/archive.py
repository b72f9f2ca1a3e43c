"""Named files out of a tar archive, and nothing else out of it."""

import os
import shutil
import tarfile
import zlib
from pathlib import Path

from replication.datasets.registry import Archive, has_hash
from replication.errors import ReplicationError

REMEDY = "the archive is not the registered one; compare data/registry.yaml with the source's own page"


def extract(archive: Archive, below: Path, wanted: dict[str, str], folder: Path) -> None:
    """Extract the members that belong to the paths `wanted` (path -> hash) of `archive` to `folder`.

    `below` is the folder that holds the archive, and a scratch folder on the disk of `folder`: each member is written
    there, verified and moved. Members are found by their exact name and must be regular files; every other
    member, whatever its name says, is never written. ReplicationError if a member is absent, a link, or damaged.
    """
    paths = {archive.member(path): path for path in wanted}
    try:
        with tarfile.open(below / archive.path, "r|*") as tar:
            for member in tar:
                if member.name in paths:
                    path = paths.pop(member.name)
                    _extract_member(tar, member, wanted[path], below / "member", folder / path)
                if not paths:
                    break
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise ReplicationError(f"{archive.path} cannot be unpacked ({error})", REMEDY) from None
    if paths:
        raise ReplicationError(f"{archive.path} lacks {', '.join(paths)}", REMEDY)


def _extract_member(
    tar: tarfile.TarFile, member: tarfile.TarInfo, known_hash: str, scratch: Path, target: Path
) -> None:
    content = tar.extractfile(member) if member.isreg() else None
    if content is None:
        raise ReplicationError(f"{member.name} in the archive is not a regular file", REMEDY)
    with content as stream, scratch.open("wb") as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
    if not has_hash(scratch, known_hash):
        raise ReplicationError(f"{member.name} in the archive is damaged: wrong hash", REMEDY)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(scratch, target)
