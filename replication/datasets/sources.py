"""The seven sources behind one interface."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from replication.datasets import calochallenge, cifar10, mnist, photo_patches, showers, uci_digits
from replication.datasets.catalogue import SOURCES, check_sizes
from replication.datasets.dataset import Dataset, Files
from replication.datasets.download import fetch
from replication.datasets.geant4 import source as geant4
from replication.datasets.registry import Registry

# (pool_size, test_size, seed, files) -> Dataset of every source, where files() fetches the source's files, or for
# a simulated one names the folder that keeps what is finished
LOADERS: dict[str, Callable[[int, int, int, Files], Dataset]] = {
    "uci_digits": uci_digits.load,
    "mnist": mnist.load,
    "photo_patches": photo_patches.load,
    "cifar10": cifar10.load,
    "showers": showers.load,
    "geant4": geant4.load,
    "calochallenge": calochallenge.load,
}


def load(
    name: str, pool_size: int, test_size: int, seed: int, folder: Path, registry: Registry, mirror: str | None = None
) -> Dataset:
    """Training pool and test set of source `name`, the same on every machine.

    folder, registry, mirror: where downloaded files are kept, what they are, and where to look first (see `fetch`);
    sources that need no file leave them alone, and a simulation that takes long keeps its showers in that folder.
    ReplicationError for impossible sizes and unobtainable files.
    """
    check_sizes(name, pool_size, test_size)
    downloaded = SOURCES[name].kind == "downloaded"
    files = partial(fetch, name, registry, folder, mirror) if downloaded else lambda: [folder / name]
    return LOADERS[name](pool_size, test_size, seed, files)
