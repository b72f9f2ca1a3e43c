"""Ensembles on a Dask cluster: a scheduler and two workers on this machine, of which one is killed."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from replication.errors import ReplicationError
from replication.finite_width import executor
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.executor import complete
from replication.finite_width.member_store import MemberStore
from replication.settings.network import MLP
from replication.settings.training import Execution
from tests.conftest import ROOT
from tests.reference_network import ERF, data, training_of

DATA = data(inputs=5, training_size=8, test_size=4)
MEMBERS, CHUNK = range(8), 2
SECONDS_TO_START = 60


def on(scheduler):
    return Execution(device="cpu", tensor_float_32=False, scheduler=scheduler)


def ensembles(steps=5, learning_rate=0.1):
    rest = MLP(depth=2, **ERF), training_of(steps)
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
    """A client of a scheduler with two workers, and the workers' processes by their addresses."""
    from distributed import Client

    address = f"tcp://127.0.0.1:{free_port()}"
    options = "--no-nanny", "--no-dashboard", "--nthreads", "1", "--death-timeout", "60", "--local-directory"
    started = [dask("scheduler", "--host", address, "--no-dashboard")]
    try:
        started += [dask("worker", address, *options, str(tmp_path / name)) for name in "ab"]
        with Client(address, timeout=SECONDS_TO_START, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=SECONDS_TO_START)
            pids = client.run(os.getpid)
            yield client, {name: process for name, pid in pids.items() for process in started if process.pid == pid}
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


def test_a_worker_that_is_killed_costs_no_losses(tmp_path, cluster, monkeypatch):
    client, workers = cluster
    asked, scheduler, folder = ensembles(steps=100), on(client.scheduler.address), tmp_path / "cluster"
    saved, killed, save = [], [], MemberStore.save
    monkeypatch.setattr(executor, "CLUSTER_CHUNK", CHUNK)

    def killing(store, key, members, *losses):
        save(store, key, members, *losses)
        saved.append((key, members))
        if len(saved) == 4:
            killed.extend([name for name, tasks in client.processing().items() if tasks][:1])
            workers[killed[0]].kill()

    monkeypatch.setattr(MemberStore, "save", killing)
    there = list(complete(asked, MEMBERS, DATA, MemberStore(folder), scheduler))
    assert len(saved) == len(set(saved)) == len(asked) * len(MEMBERS) // CHUNK
    assert [process.wait(5) for name, process in workers.items() if name in killed] == [-signal.SIGKILL]
    assert [process.poll() for name, process in workers.items() if name not in killed] == [None]

    monkeypatch.undo()
    here = list(complete(asked, MEMBERS, DATA, MemberStore(tmp_path / "here"), on(None)))
    assert there == here
    # what the store has needs no scheduler
    assert list(complete(asked, MEMBERS, DATA, MemberStore(folder), on("tcp://127.0.0.1:9"))) == here

    with pytest.raises(ReplicationError, match="of the largest stable one") as error:
        list(complete(ensembles(learning_rate=40.0), MEMBERS, DATA, MemberStore(folder), scheduler))
    assert "\n" not in str(error.value)

    store, before = MemberStore(folder), len(list(folder.iterdir()))
    store.common["code"] = "other"
    with pytest.raises(ReplicationError, match="same version of the project") as error:
        list(complete(ensembles(steps=6), MEMBERS, DATA, store, scheduler))
    assert "\n" not in str(error.value)
    assert len(list(folder.iterdir())) == before


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    assert executor.SECONDS_TO_CONNECT <= 10
    monkeypatch.setattr(executor, "SECONDS_TO_CONNECT", 2)
    start = time.monotonic()
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ReplicationError, match="dask scheduler") as error:
        list(complete(ensembles(), MEMBERS, DATA, MemberStore(tmp_path), on(address)))
    assert time.monotonic() - start < 7
    assert address in str(error.value)
    assert "\n" not in str(error.value)


def test_a_scheduler_that_is_lost_is_one_line(tmp_path):
    """Without workers nothing is ever done, so the kill falls into the work."""
    from distributed import Client

    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = dask("scheduler", "--host", address, "--no-dashboard")
    try:
        Client(address, timeout=SECONDS_TO_START, set_as_default=False).close()
        threading.Timer(2, scheduler.kill).start()
        with pytest.raises(ReplicationError, match=r"was lost.*run it again") as error:
            list(complete(ensembles(), MEMBERS, DATA, MemberStore(tmp_path), on(address)))
        assert "\n" not in str(error.value)
    finally:
        scheduler.kill()
        scheduler.wait()
