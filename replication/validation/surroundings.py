"""What a machine must have before work begins: memory, devices that JAX is told to use, a scheduler that answers."""

import asyncio
import os
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

from replication.errors import ReplicationError

SECONDS_TO_ANSWER = 20.0


def check_memory(points: int, tests: int, available: int | None = None) -> None:
    """ReplicationError if kernels of so many training and test points, float64, cannot lie in the memory that is free.

    At least 8 (3 N^2 + 4 N N_T + N_T^2) bytes: both kernels and a factor, what is solved with it, a covariance.
    """
    needed, free = 8 * (3 * points**2 + 4 * points * tests + tests**2), available or _free_memory()
    if free is None or needed <= free:
        return
    problem = f"kernels of {points:,} training and {tests:,} test points take {needed / 2**30:,.1f} GiB at the least"
    remedy = "lower the training sizes, or keep kernels on disk (folder=, --on-disk)"
    raise ReplicationError(f"{problem}, and {free / 2**30:,.1f} GiB are free", remedy)


def _free_memory() -> int | None:
    """Bytes that can be had without swapping; None where the system does not tell."""
    try:
        found = re.search(r"^MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def check_jax() -> None:
    """ReplicationError if JAX_PLATFORMS names devices that are not there: JAX itself ends in a bare AssertionError."""
    platforms = os.environ.get("JAX_PLATFORMS")
    if not platforms:
        return
    try:
        import jax
    except ImportError:  # whoever needs it says how it is installed
        return
    try:
        jax.devices()
    except (AssertionError, RuntimeError):
        problem = f"JAX finds no device of JAX_PLATFORMS={platforms}"
        raise ReplicationError(problem, "unset it, or install the driver and JAX's build for that device") from None


def check_scheduler(address: str, seconds: float = SECONDS_TO_ANSWER) -> None:
    """ReplicationError if what listens at this address, tcp://host:port, does not answer as Dask does.

    Dask's client would wait for it without an end. One that takes none is left to whoever needs it.
    """
    where = urlsplit(address)
    if where.scheme != "tcp":
        return
    try:
        socket.create_connection((where.hostname, where.port), timeout=seconds).close()
    except OSError:
        return
    from distributed.core import connect

    async def shake_hands() -> None:
        await (await connect(address, timeout=seconds)).close()

    try:
        asyncio.run(asyncio.wait_for(shake_hands(), 2 * seconds))
    except OSError:  # of which TimeoutError is one
        problem = f"what listens at {address} does not answer as a Dask scheduler, for {seconds:g} s"
        raise ReplicationError(problem, "start `python -m dask scheduler` there, or correct the address") from None
