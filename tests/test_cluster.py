"""Ensembles on a Dask cluster: a scheduler and two workers on this machine, of which one is killed."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from replication.errors import ReplicationError
from replication.finite_width import executor
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.executor import CLUSTER_CHUNK, complete
from replication.finite_width.member_store import MemberStore
from replication.settings import Execution, MLPSpec
from tests.conftest import ROOT
from tests.reference_network import ERF, data, training_of

DATA = data(inputs=5, training_size=8, test_size=4)
MEMBERS = range(4 * CLUSTER_CHUNK)
SECONDS_TO_START = 40


def on(scheduler):
    return Execution(device="cpu", tensor_float_32=False, scheduler=scheduler)


def ensembles(steps=5, learning_rate=0.1):
    rest = MLPSpec(depth=2, **ERF), training_of(steps)
    return [
        Ensemble(method, 3, "digits", *rest, width, 6, learning_rate, 0.2)
        for method, width in (("trained", 8), ("trained", 9), ("linearised", 8))
    ]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def dask(*arguments):
    """Starts `dask ARGUMENTS` in the top folder, as a reader does."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


@pytest.fixture
def cluster(tmp_path):
    """Address of a scheduler, and its two workers."""
    from distributed import Client

    address = f"tcp://127.0.0.1:{free_port()}"
    options = "--no-nanny", "--no-dashboard", "--nthreads", "1", "--death-timeout", "60", "--local-directory"
    started = [dask("scheduler", "--host", address, "--no-dashboard")]
    try:
        started += [dask("worker", address, *options, str(tmp_path / name)) for name in "ab"]
        with Client(address, timeout=SECONDS_TO_START, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=SECONDS_TO_START)
        yield address, started[1:]
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def chunks(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_worker_that_is_killed_costs_no_losses(tmp_path, cluster, monkeypatch):
    address, workers = cluster
    folder, told = tmp_path / "cluster", []
    save = MemberStore.save

    def killing(store, *arguments):
        save(store, *arguments)
        if len(told) == 3:
            workers[0].kill()
        told.append(workers[0].poll())

    monkeypatch.setattr(MemberStore, "save", killing)
    asked = ensembles(steps=400)
    there = list(complete(asked, MEMBERS, DATA, MemberStore(folder), on(address)))
    assert workers[0].wait() == -signal.SIGKILL
    assert workers[1].poll() is None
    assert len(told) == len(asked) * len(MEMBERS) // CLUSTER_CHUNK
    monkeypatch.undo()
    here = list(complete(asked, MEMBERS, DATA, MemberStore(tmp_path / "here"), on(None)))
    assert there == here
    # with no worker to do it: nothing is left to compute
    assert list(complete(asked, MEMBERS, DATA, MemberStore(folder), on("tcp://127.0.0.1:9"))) == here


def test_no_scheduler_is_one_line(tmp_path):
    start = time.monotonic()
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ReplicationError, match="dask scheduler") as error:
        list(complete(ensembles(), MEMBERS, DATA, MemberStore(tmp_path), on(address)))
    assert time.monotonic() - start < executor.SECONDS_TO_CONNECT + 5
    assert address in str(error.value)
    assert "\n" not in str(error.value)
