"""What a machine must have before work begins on it: devices that JAX is told to use, a scheduler that answers."""

import asyncio
import os
import socket
from urllib.parse import urlsplit

from replication.errors import ReplicationError

SECONDS_TO_ANSWER = 20.0


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
