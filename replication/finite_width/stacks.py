"""Members shared out among devices: stacked along a leading axis, each stack computed by one device."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np

from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import EnsembleLosses
from replication.network import Weights, stacked

StackLosses = tuple[np.ndarray, ...]  # fields of EnsembleLosses for the members of a stack


def on_every_device(
    losses_of: Callable[[str, Weights], StackLosses], members: list[Weights], placement: Placement
) -> EnsembleLosses:
    """Losses of all members, in their order, from `losses_of` a device and the stacked weights of some of them."""
    devices = placement.devices
    share = -(-len(members) // len(devices)) if placement.stacked else 1
    stacks = [stacked(some) for some in _grouped(members, share)]
    # the frameworks let go of the interpreter while they compute, so threads keep every device busy
    pool = ThreadPoolExecutor(len(devices))
    try:
        placed = [devices[index % len(devices)] for index, _ in enumerate(stacks)]
        fields = zip(*pool.map(losses_of, placed, stacks), strict=True)
        return EnsembleLosses(*map(np.concatenate, fields))
    finally:
        pool.shutdown(cancel_futures=True)


def _grouped(members: list[Weights], size: int) -> Iterator[list[Weights]]:
    remaining = iter(members)
    return iter(lambda: list(islice(remaining, size)), [])
