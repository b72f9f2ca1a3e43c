"""Finished members in a folder, so that a run that was killed goes on where it stopped. Needs no TensorFlow.

One file for each chunk of members that were computed together, named by a digest of everything that determines their
losses but their number: every field of the ensemble, the data, the code that computes, the versions of what it rests
on, the backend and the precision. Where it was computed is recorded beside the losses and not part of the digest.
"""

import hashlib
import json
import os
import weakref
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication import atomic, network, seeds
from replication.finite_width.ensemble import Data, Ensemble, EnsembleLosses

# what members do not depend on, although it lies in this folder
NOT_COMPUTING = {"member_store.py", "runs.py", "executor.py", "cluster.py"}


class Member(NamedTuple):
    """Losses of one member and its flipped share, as of EnsembleLosses, and the device that they were computed on."""

    training_loss: float
    test_loss: float
    flipped_share: float
    device: str


def array_digest(array: np.ndarray) -> str:
    """SHA-256 of the array's numbers, as float64."""
    return hashlib.sha256(np.ascontiguousarray(array, np.float64).data).hexdigest()


class Digests:
    """`array_digest` that remembers the arrays which are still held: many sets of data share one test set.

    True for as long as nobody writes into them, and so made for going through a list of runs.
    """

    def __init__(self) -> None:
        self.known: list[tuple[weakref.ref[np.ndarray], str]] = []

    def __call__(self, array: np.ndarray) -> str:
        """SHA-256 of the array's numbers."""
        self.known = [(reference, digest) for reference, digest in self.known if reference() is not None]
        for reference, digest in self.known:
            if reference() is array:
                return digest
        digest = array_digest(array)
        self.known.append((weakref.ref(array), digest))
        return digest


class MemberStore:
    """The chunks of any number of ensembles; `on_damage` is told the path of every damaged file."""

    def __init__(
        self, folder: Path, tensor_float_32: bool = False, on_damage: Callable[[Path], object] = lambda _: None
    ) -> None:
        self.folder, self.on_damage = folder, on_damage
        self.common = {"code": code_digest(), "tensor_float_32": tensor_float_32}

    def key(self, ensemble: Ensemble, data: Data, digest: Callable[[np.ndarray], str] = array_digest) -> str:
        """Digest of what determines the losses of the ensemble's members; `data` is that of its training size."""
        fields = ensemble._asdict() | {part: getattr(ensemble, part).model_dump() for part in ("network", "training")}
        arrays = [digest(array) for array in data]
        shapes = [array.shape for array in data]
        content = json.dumps({**self.common, **fields, "data": arrays, "shapes": shapes}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:24]

    def load(self, key: str) -> dict[int, Member]:
        """Every stored member of the ensemble with this key, by its number; damaged files count as absent."""
        members: dict[int, Member] = {}
        for path in sorted(self.folder.glob(f"{key}-*.json")):
            try:
                members |= _read(path)
            except (OSError, ValueError, KeyError, TypeError):
                self.on_damage(path)
        return members

    def save(self, key: str, members: range, losses: EnsembleLosses, device: str) -> None:
        """Store a chunk, whole or not at all."""
        content = {"device": device, "members": [members.start, members.stop]}
        content |= {name: values.tolist() for name, values in losses._asdict().items()}
        name, text = f"{key}-{members.start}-{members.stop}.json", json.dumps(content)
        atomic.write(self.folder / name, f"{_checksum(name, text.encode())}\n{text}\n")

    def chunks(self, key: str) -> list[range]:
        """Which members each stored chunk of the ensemble with this key holds; the files are not read."""
        parts = [path.stem.split("-")[1:] for path in self.folder.glob(f"{key}-*.json")]
        return sorted((range(*map(int, part)) for part in parts), key=lambda chunk: chunk.start)

    def others(self, keys: set[str]) -> int:
        """How many chunks belong to none of these keys: to other settings, data or code."""
        return sum(path.name.split("-")[0] not in keys for path in self.folder.glob("*.json"))


def _checksum(name: str, text: bytes) -> str:
    """Of the file's name too, which says whose losses they are."""
    return hashlib.sha256(name.encode() + b"\n" + text).hexdigest()


def _read(path: Path) -> dict[int, Member]:
    checksum, text, end = path.read_bytes().split(b"\n")
    if _checksum(path.name, text) != checksum.decode() or end:
        raise ValueError("the checksum is another")
    content = json.loads(text)
    numbers = range(*content["members"])
    fields = zip(*(content[name] for name in EnsembleLosses._fields), strict=True)
    return {
        number: Member(training, test, flipped, content["device"])
        for number, (training, test, flipped) in zip(numbers, fields, strict=True)
    }


def code_digest() -> str:
    """Digest of the modules that compute, of the versions they rest on, and of the backend that Keras is to take."""
    files = [Path(seeds.__file__), Path(network.__file__), *sorted(Path(__file__).parent.glob("*.py"))]
    texts = [file.read_bytes() for file in files if file.name not in NOT_COMPUTING]
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    rest = [version(name) for name in ("keras", "numpy", "jax" if backend == "jax" else "tensorflow")]
    return hashlib.sha256(b"".join([*texts, backend.encode(), *map(str.encode, rest)])).hexdigest()
