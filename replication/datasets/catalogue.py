"""What is known of the seven sources without loading them."""

from typing import Literal, NamedTuple

from replication.errors import ReplicationError


class Source(NamedTuple):
    """A source of data.

    name, title:               its identifier, and its name in figures and tables
    kind:                      where its points come from
    input_shape:               shape of one input
    classes:                   number of classes; 0 for regression
    largest_pool/largest_test: the most points that can be asked for
    """

    name: str
    title: str
    kind: Literal["embedded", "simulated", "downloaded"]
    input_shape: tuple[int, ...]
    classes: int
    largest_pool: int
    largest_test: int


SOURCES = {
    source.name: source
    for source in (
        Source("uci_digits", "UCI handwritten digits (8x8)", "embedded", (8, 8), 10, 1297, 500),
        Source("mnist", "MNIST", "downloaded", (28, 28), 10, 60_000, 10_000),
        Source("photo_patches", "patches of two photographs", "embedded", (32, 32, 3), 2, 5300, 1200),
        Source("cifar10", "CIFAR-10", "downloaded", (32, 32, 3), 10, 40_000, 10_000),
        Source("showers", "simulated showers (GFLASH)", "simulated", (25, 5, 5), 0, 100_000, 10_000),
        Source("geant4", "Geant4 showers (no data files)", "simulated", (25, 5, 5), 0, 100_000, 20_000),
        Source("calochallenge", "CaloChallenge data set 2 (Geant4)", "downloaded", (45, 9), 0, 100_000, 100_000),
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
