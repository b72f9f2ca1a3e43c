"""Showers in a folder, so that a simulation that was killed goes on where it stopped.

One file for each request, named by a digest of everything that determines its bits: the showers asked for, the
package that simulates and the code that directs it. It holds a SHA-256 checksum of its name and its content, then the
counts as a compressed .npz.
"""

import hashlib
import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np

from replication import atomic
from replication.errors import ReplicationError

_CHECKSUM_BYTES = hashlib.sha256().digest_size
_SIMULATING = ("../showers.py", "detector.py", "native.py", "physics.py", "session.py")  # relative to this folder


def name(particle: str, showers: Sequence[Sequence[float]], version: str) -> str:
    """Name of the file that holds the answer to a request; `version` is that of geant4-pybind."""
    code = [hashlib.sha256((Path(__file__).parent / file).read_bytes()).hexdigest() for file in _SIMULATING]
    content = json.dumps([version, code, particle, showers])
    return f"{hashlib.sha256(content.encode()).hexdigest()[:24]}.showers"


def write(path: Path, counts: np.ndarray) -> None:
    """Store counts (n, layers, rows, columns), whole or not at all."""
    buffer = BytesIO()
    np.savez_compressed(buffer, counts=counts)
    content = buffer.getvalue()
    atomic.write(path, _checksum(path, content) + content)


def is_sound(path: Path) -> bool:
    """Whether the file is there, and whole."""
    return _content(path) is not None


def read(path: Path) -> np.ndarray:
    """The counts stored at `path`; ReplicationError if there are none, or damaged ones."""
    content = _content(path)
    if content is None:
        raise ReplicationError(f"{path} is missing or damaged", "run it again")
    with np.load(BytesIO(content), allow_pickle=False) as file:
        return file["counts"]


def _content(path: Path) -> bytes | None:
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    checksum, content = stored[:_CHECKSUM_BYTES], stored[_CHECKSUM_BYTES:]
    return content if _checksum(path, content) == checksum else None


def _checksum(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\n" + content).digest()
