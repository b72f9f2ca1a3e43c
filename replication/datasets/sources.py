"""The seven sources behind one interface."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

from replication.datasets import calochallenge, cifar10, mnist, photo_patches, showers, uci_digits
from replication.datasets.dataset import Dataset
from replication.datasets.download import fetch
from replication.datasets.geant4 import source as geant4
from replication.datasets.registry import Registry
from replication.errors import ReplicationError


class Source(NamedTuple):
    """What is known of a source without loading it.

    name, title:               its identifier, and its name in figures and tables
    kind:                      where its points come from
    input_shape:               shape of one input
    classes:                   number of classes; 0 for regression
    largest_pool/largest_test: the most points that can be asked for
    load:                      (pool_size, test_size, seed, files) -> Dataset, where files() fetches the source's files,
                               or for a simulated one names the folder that keeps what is finished
    """

    name: str
    title: str
    kind: Literal["embedded", "simulated", "downloaded"]
    input_shape: tuple[int, ...]
    classes: int
    largest_pool: int
    largest_test: int
    load: Callable[[int, int, int, Callable[[], list[Path]]], Dataset]


SOURCES = {
    source.name: source
    for source in (
        Source("uci_digits", "UCI handwritten digits (8x8)", "embedded", (8, 8), 10, 1297, 500, uci_digits.load),
        Source("mnist", "MNIST", "downloaded", (28, 28), 10, 60_000, 10_000, mnist.load),
        Source(
            "photo_patches", "patches of two photographs", "embedded", (32, 32, 3), 2, 5300, 1200, photo_patches.load
        ),
        Source("cifar10", "CIFAR-10", "downloaded", (32, 32, 3), 10, 40_000, 10_000, cifar10.load),
        Source("showers", "simulated showers (GFLASH)", "simulated", (25, 5, 5), 0, 100_000, 10_000, showers.load),
        Source("geant4", "Geant4 showers (no data files)", "simulated", (25, 5, 5), 0, 100_000, 20_000, geant4.load),
        Source(
            "calochallenge",
            "CaloChallenge data set 2 (Geant4)",
            "downloaded",
            (45, 9),
            0,
            100_000,
            100_000,
            calochallenge.load,
        ),
    )
}


def check_sizes(name: str, pool_size: int, test_size: int) -> None:
    """ReplicationError unless source `name` exists and has that many points."""
    if name not in SOURCES:
        raise ReplicationError(f"no data source {name!r}", f"choose one of {', '.join(SOURCES)}")
    source = SOURCES[name]
    for key, asked, largest in (
        ("pool_size", pool_size, source.largest_pool),
        ("test_size", test_size, source.largest_test),
    ):
        if not 0 < asked <= largest:
            raise ReplicationError(f"{key} = {asked} of source {name}", f"choose 1 to {largest}")


def load(
    name: str, pool_size: int, test_size: int, seed: int, folder: Path, registry: Registry, mirror: str | None = None
) -> Dataset:
    """Training pool and test set of source `name`, the same on every machine.

    folder, registry, mirror: where downloaded files are kept, what they are, and where to look first (see `fetch`);
    sources that need no file leave them alone, and a simulation that takes long keeps its showers in that folder.
    ReplicationError for impossible sizes and unobtainable files.
    """
    check_sizes(name, pool_size, test_size)
    source = SOURCES[name]
    files = partial(fetch, name, registry, folder, mirror) if source.kind == "downloaded" else lambda: [folder / name]
    return source.load(pool_size, test_size, seed, files)
