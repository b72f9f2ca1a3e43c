"""Finished ensembles in a scratch folder, so that a stage that was killed goes on where it stopped."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

from replication import atomic, seeds
from replication.finite_width.training import EnsembleLosses


class MemberStore:
    """One small file for each finished ensemble, named by a digest of everything that determines its losses."""

    def __init__(self, folder: Path, **specification):
        """`specification`: JSON values and arrays shared by all ensembles of the folder, such as network and data."""
        self.folder = folder
        self.specification = _describe(specification | {"code": _code()})

    def load(self, **ensemble) -> EnsembleLosses | None:
        """The losses stored for this ensemble, or None; a damaged file counts as absent."""
        try:
            losses = json.loads(self._path(ensemble).read_text(encoding="utf-8"))
            found = EnsembleLosses(*(np.array(losses[field], np.float32) for field in EnsembleLosses._fields))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if all(values.shape == (ensemble["members"],) for values in found) else None

    def save(self, losses: EnsembleLosses, **ensemble) -> None:
        """Store the losses of this ensemble, whole or not at all."""
        content = {name: values.tolist() for name, values in losses._asdict().items()}
        atomic.write(self._path(ensemble), json.dumps(content))

    def _path(self, ensemble):
        content = json.dumps(self.specification | ensemble, sort_keys=True)
        return self.folder / f"{hashlib.sha256(content.encode()).hexdigest()[:24]}.json"


def _describe(specification):
    """Arrays are described by their digest."""
    return {
        name: hashlib.sha256(np.ascontiguousarray(value)).hexdigest() if isinstance(value, np.ndarray) else value
        for name, value in specification.items()
    }


def _code():
    """Digest of the modules that train and versions of what they rest on: new code never takes over old members."""
    files = [Path(seeds.__file__), *sorted(Path(__file__).parent.glob("*.py"))]
    versions = "".join(map(version, ("tensorflow", "keras", "numpy")))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files) + versions.encode()).hexdigest()
