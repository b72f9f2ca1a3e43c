"""Showers from Geant4 on every core: child processes simulate (`child`, `worker`), this one shares out and collects.

The showers are simulated in chunks, each kept as a file; see `chunks`. A shower brings its own random seeds, so its
bits depend neither on the chunk it is in nor on the process, nor on how many there are.
"""

import logging
import os
import selectors
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from replication.datasets.geant4 import chunks
from replication.datasets.geant4.child import Child, Request, environment
from replication.errors import ReplicationError

_log = logging.getLogger(__name__)

PACKAGE, VERSION = "geant4-pybind", "0.1.3"  # holds Geant4 11.4.1; another has other bits, and perhaps other symbols
CHUNK = 50  # showers to a file, some seconds of one core
INSTALL = "pip install 'replication[geant4]'"


def check_installed() -> None:
    """ReplicationError unless the package that holds Geant4 is installed, in the version whose bits are known."""
    try:
        installed = version(PACKAGE)
    except PackageNotFoundError:
        problem = f"the source geant4 needs the package {PACKAGE}, which is not installed"
        raise ReplicationError(problem, INSTALL) from None
    if installed != VERSION:
        raise ReplicationError(f"the source geant4 needs {PACKAGE} {VERSION}, and {installed} is installed", INSTALL)


def simulate(
    showers: Sequence[Sequence[float]],
    folder: Path,
    particle: str = "e-",
    processes: int | None = None,
    chunk: int = CHUNK,
    description: str = "Geant4 showers",
) -> Iterator[np.ndarray]:
    """Counts (n, layers, rows, columns) uint32 of 1 keV, chunk by chunk in the order of `showers`.

    Chunks that `folder` holds are taken from there, damaged ones simulated anew. processes: None for one on each core
    that this process may use. ReplicationError if Geant4 is not installed or ends before its time.
    """
    check_installed()
    parts = (list(showers[start : start + chunk]) for start in range(0, len(showers), chunk))
    requests = [Request(folder / chunks.name(particle, part, VERSION), particle, part) for part in parts]
    missing = [request for request in requests if not chunks.is_sound(request.path)]
    for request in missing:
        if request.path.exists():
            _log.warning("%s is damaged; simulating its showers again", request.path)
    done = len(showers) - sum(len(request.showers) for request in missing)
    if missing:
        _simulate(missing, processes or len(os.sched_getaffinity(0)), done, len(showers), description)
    return (chunks.read(request.path) for request in requests)


def _simulate(requests: list[Request], processes: int, done: int, total: int, description: str) -> None:
    from tqdm import tqdm

    waiting = iter(requests)
    with ExitStack() as stack:
        variables = environment(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="geant4-no-data-"))))
        children = [stack.enter_context(Child(variables)) for _ in range(min(processes, len(requests)))]
        selector = stack.enter_context(selectors.DefaultSelector())
        progress = stack.enter_context(
            tqdm(total=total, initial=done, desc=description, unit=" showers", smoothing=0, disable=None)
        )
        for child in children:
            child.ask(next(waiting))
            selector.register(child.answers, selectors.EVENT_READ, child)
        while selector.get_map():
            for key, _ in selector.select():
                answer = os.read(key.fd, 4096)
                if not answer:
                    raise key.data.failure()
                progress.update(answer.count(b"."))
                if b"\n" in answer and not key.data.ask(next(waiting, None)):
                    selector.unregister(key.fileobj)
