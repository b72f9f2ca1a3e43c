"""Losses of members as files in a scratch folder: what is trained stays, whatever ends the training.

A folder for each ensemble, named by a digest of everything that determines the losses of its members; in it a file for
each chunk of members that were trained together, <start>-<stop>.json.
"""

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel

from replication import atomic, seeds
from replication.errors import ReplicationError
from replication.finite_width.ensemble import Data, Ensemble, EnsembleLosses

# modules of this folder on which no loss depends: what is trained, where, and how it is kept
NOT_COMPUTING = {"member_store.py", "executor.py", "cluster.py", "grid.py"}
LIBRARIES = {"tensorflow": ("tensorflow",), "jax": ("jax", "jaxlib")}


class Stored(NamedTuple):
    """What the store holds of an ensemble: members in increasing order, loss and device of each, files in ruins."""

    members: np.ndarray
    losses: EnsembleLosses
    devices: np.ndarray
    damaged: tuple[Path, ...]

    def first(self, members: int) -> "Stored":
        """Of the members 0, 1, ... members - 1."""
        chosen = self.members < members
        losses = EnsembleLosses(*(values[chosen] for values in self.losses))
        return self._replace(members=self.members[chosen], losses=losses, devices=self.devices[chosen])


class MemberStore:
    """The losses of members, chunk by chunk, in a folder.

    The digest of an ensemble covers every field of Ensemble, the arrays of its Data, the code that computes, versions
    of the libraries it rests on, the Keras backend and the precision of products. It covers neither the number of
    members nor the chunks they are trained in nor where: one kind of device agrees with another to float32 rounding,
    and every file says what its losses were computed on.
    """

    def __init__(self, folder: Path, backend: str = "tensorflow", tensor_float_32: bool = False):
        self.folder = folder
        self.backend = backend
        self.code = code_digest(backend)
        self._shared = {"backend": backend, "code": self.code, "tensor_float_32": tensor_float_32}
        self._digests: dict[int, tuple[np.ndarray, str]] = {}  # of arrays, kept alive so that no other has their id

    def digest(self, ensemble: Ensemble, data: Data) -> str:
        """SHA-256 of everything that determines the losses of the ensemble's members."""
        fields = {
            name: value.model_dump() if isinstance(value, BaseModel) else value
            for name, value in ensemble._asdict().items()
        }
        content = self._shared | {"ensemble": fields, "data": [self._array_digest(array) for array in data]}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def save(
        self, ensemble: Ensemble, data: Data, members: range, losses: EnsembleLosses, device: str
    ) -> None:
        """Store the losses of consecutive members, whole or not at all."""
        digest = self.digest(ensemble, data)
        values = {name: np.asarray(array, np.float32).tolist() for name, array in losses._asdict().items()}
        chunk = {"ensemble": digest, "start": members.start, "stop": members.stop, "device": device} | values
        atomic.write(self._folder_of(digest) / _name(members.start, members.stop), _text(chunk))

    def load(self, ensemble: Ensemble, data: Data) -> Stored:
        """Everything stored of this ensemble.

        A file that is not what `save` wrote there, byte for byte, is named among the damaged and counts as absent.
        Where chunks overlap, the one that begins first counts.
        """
        digest = self.digest(ensemble, data)
        found, damaged = {}, []
        for path in sorted(self._folder_of(digest).glob("*.json"), key=_range_of):
            try:
                chunk = _read(path, digest)
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                damaged.append(path)
                continue
            values = zip(*(chunk[name] for name in EnsembleLosses._fields), strict=True)
            for member, losses in enumerate(values, chunk["start"]):
                found.setdefault(member, (*losses, chunk["device"]))
        members = sorted(found)
        columns = list(zip(*(found[member] for member in members), strict=True)) or [()] * 3
        losses = EnsembleLosses(*(np.array(column, np.float32) for column in columns[:-1]))
        return Stored(np.array(members, int), losses, np.array(columns[-1], dtype=object), tuple(damaged))

    def discard(self, path: Path) -> None:
        """Remove a damaged file."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise ReplicationError(f"cannot remove the damaged {path} ({error.strerror})", "remove it") from None

    def stale(self, digests: set[str]) -> Iterator[Path]:
        """Files of ensembles other than these: of other settings or other code, or of an older layout."""
        names = {digest[: len(self._folder_of(digest).name)] for digest in digests}
        for path in self.folder.glob("**/*.json"):
            if path.parent.name not in names:
                yield path

    def _folder_of(self, digest: str) -> Path:
        return self.folder / digest[:32]

    def _array_digest(self, array: np.ndarray) -> str:
        if id(array) not in self._digests:
            described = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
            described.update(np.ascontiguousarray(array))
            self._digests[id(array)] = array, described.hexdigest()
        return self._digests[id(array)][1]


def code_digest(backend: str) -> str:
    """Digest of the modules that compute losses and versions of what they rest on."""
    if backend not in LIBRARIES:
        raise ReplicationError(f"no training with the Keras backend {backend}", "set KERAS_BACKEND to tensorflow or jax")
    modules = (file for file in sorted(Path(__file__).parent.glob("*.py")) if file.name not in NOT_COMPUTING)
    versions = [f"{name} {version(name)}" for name in (*LIBRARIES[backend], "keras", "numpy", "scipy")]
    content = [file.read_bytes() for file in (Path(seeds.__file__), *modules)]
    return hashlib.sha256(b"\0".join([*content, *map(str.encode, versions)])).hexdigest()


def _name(start: int, stop: int) -> str:
    return f"{start}-{stop}.json"


def _range_of(path: Path) -> tuple:
    """(start, stop) by the file's name; names of another kind come last."""
    start, _, stop = path.stem.partition("-")
    return (int(start), int(stop)) if start.isdecimal() and stop.isdecimal() else (float("inf"), path.name)


def _text(chunk: dict) -> str:
    """The content of a file: the chunk and its checksum."""
    checksum = hashlib.sha256(json.dumps(chunk).encode()).hexdigest()
    return json.dumps({"sha256": checksum, "chunk": chunk}, indent=1) + "\n"


def _read(path: Path, digest: str) -> dict:
    """The chunk in a file; ValueError, among others, unless it is the very text that was written under this name."""
    text = path.read_text(encoding="utf-8")
    chunk = json.loads(text)["chunk"]
    if _text(chunk) != text or chunk["ensemble"] != digest or path.name != _name(chunk["start"], chunk["stop"]):
        raise ValueError("damaged")
    if any(len(chunk[name]) != chunk["stop"] - chunk["start"] for name in EnsembleLosses._fields):
        raise ValueError("losses are missing")
    return chunk
