"""Files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

from replication.errors import ReplicationError


def write(path: Path, content: bytes | str) -> None:
    """Write `content` under a temporary name beside `path`, onto the disk, then move it into place.

    A reader, or a process killed at any moment, leaves the old file or the new one. A full disk or a forbidden folder
    is a ReplicationError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as temporary:
            try:
                temporary.write(content.encode() if isinstance(content, str) else content)
                temporary.flush()
                os.fsync(temporary.fileno())
                os.chmod(temporary.name, 0o644)
                os.replace(temporary.name, path)
            except BaseException:
                Path(temporary.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ReplicationError(
            f"cannot write {path} ({error.strerror})", "free space or permit writing there"
        ) from None
