"""A Dask scheduler and two workers on this machine, as a reader starts them."""

import contextlib
import os
import socket
import subprocess
import sys

from tests.conftest import ROOT

SECONDS_TO_START = 120


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def dask(*arguments):
    """Starts `dask ARGUMENTS` in the top folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@contextlib.contextmanager
def cluster(folder):
    """A client of a scheduler with two workers, and the workers' processes by their addresses."""
    from distributed import Client

    address = f"tcp://127.0.0.1:{free_port()}"
    options = "--no-nanny", "--no-dashboard", "--nthreads", "1", "--death-timeout", "120", "--local-directory"
    started = [dask("scheduler", "--host", address, "--no-dashboard")]
    try:
        started += [dask("worker", address, *options, str(folder / name)) for name in "ab"]
        with Client(address, timeout=SECONDS_TO_START, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=SECONDS_TO_START)
            pids = client.run(os.getpid)
            yield client, {name: process for name, pid in pids.items() for process in started if process.pid == pid}
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
