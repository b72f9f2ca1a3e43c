"""A child process in which Geant4 runs, seen from its parent."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple, cast

import replication
from replication.errors import ReplicationError

WORKER = ("-m", "replication.datasets.geant4.worker")  # what the interpreter is to run


class Request(NamedTuple):
    """A chunk of showers, [energy in MeV, x in mm, y in mm, four random seeds] each, and the file for it."""

    path: Path
    particle: str
    showers: Sequence[Sequence[float]]


class Child:
    """A child process that simulates one request at a time; killed where its context ends."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed where the context ends
        command, pipe = [sys.executable, *WORKER], subprocess.PIPE
        self.process = subprocess.Popen(
            command, env=environment, bufsize=0, stdin=pipe, stdout=pipe, stderr=self.errors
        )
        self.requests = cast(IO[bytes], self.process.stdin)  # not None, being a pipe
        self.answers = cast(IO[bytes], self.process.stdout)

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.requests, self.answers, self.errors):
            stream.close()

    def ask(self, request: Request | None) -> bool:
        """Hand it a request; False if there is none."""
        if request is not None:
            content = request._asdict() | {"path": str(request.path.absolute())}
            try:
                self.requests.write(json.dumps(content).encode() + b"\n")
            except BrokenPipeError:
                raise self.failure() from None
        return request is not None

    def failure(self) -> ReplicationError:
        """How it ended, with what it said last, or what Geant4 called an exception."""
        status = self.process.wait()
        self.errors.seek(0)
        lines = [line.strip(" *") for line in self.errors.read().decode(errors="replace").splitlines()]
        lines = [line for line in lines if line.strip("-")]
        first = next((number for number, line in enumerate(lines) if line.startswith("G4Exception :")), len(lines) - 1)
        said = f", saying {' '.join(lines[first : first + 3])!r}" if lines else ""
        how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
        return ReplicationError(f"a process of Geant4 {how}{said}", "run it again: finished chunks are kept")


def environment(no_data: Path) -> dict[str, str]:
    """That of a child: Geant4 finds no data files even where some are installed, so the bits are always the same.

    Without GEANT4_DATA_DIR the package would ask, at its import, whether to download them. Geant4 insists on a file
    ENSDFSTATE.dat (nuclear levels), which may be empty.
    """
    (no_data / "ENSDFSTATE.dat").touch()
    own = {name: value for name, value in os.environ.items() if not (name.startswith("G4") and name.endswith("DATA"))}
    package_parent = str(Path(replication.__file__).parents[1])
    return own | {
        "GEANT4_DATA_DIR": str(no_data),
        "G4ENSDFSTATEDATA": str(no_data),
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, (package_parent, os.environ.get("PYTHONPATH")))),
    }
