"""Ensembles on a Dask cluster: what is sent, and how mistakes and losses end. tests/experiments kills workers."""

import threading
import time

import pytest

from replication.errors import ReplicationError
from replication.finite_width import cluster as on_cluster
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.executor import complete
from replication.finite_width.member_store import MemberStore
from replication.finite_width.runs import Labels, Run
from replication.settings.network import MLP
from replication.settings.training import Execution
from tests.dask_cluster import SECONDS_TO_START, cluster, dask, free_port
from tests.reference_network import ERF, data, training_of

DATA = data(inputs=5, training_size=8, test_size=4)
LABELS = Labels("toys", "digits", "toys")


def on(scheduler):
    return Execution(device="cpu", scheduler=scheduler)


def runs(steps=5, learning_rate=0.1, members=8):
    rest = MLP(depth=2, **ERF), training_of(steps)
    ensembles = [
        Ensemble(method, 3, "digits", *rest, width, 6, learning_rate, 0.2)
        for method, width in (("trained", 8), ("trained", 9), ("linearised", 8))
    ]
    return [Run(ensemble, members, lambda: DATA, LABELS) for ensemble in ensembles]


def test_mistakes_on_workers_are_one_line_and_what_is_stored_needs_no_scheduler(tmp_path, monkeypatch):
    folder = tmp_path / "store"
    with cluster(tmp_path / "workers") as (client, _):
        scheduler = on(client.scheduler.address)
        monkeypatch.setattr(on_cluster, "CHUNK", 2)
        monkeypatch.setattr(on_cluster, "AHEAD", 3)  # so that chunks are sent as others come back
        there = list(complete(runs(), MemberStore(folder), scheduler))

        with pytest.raises(ReplicationError, match="of the largest stable one") as error:
            list(complete(runs(learning_rate=40.0), MemberStore(folder), scheduler))
        assert "\n" not in str(error.value)

        store, before = MemberStore(folder), len(list(folder.iterdir()))
        store.common["code"] = "other"
        with pytest.raises(ReplicationError, match="same version of the project") as error:
            list(complete(runs(steps=6), store, scheduler))
        assert "\n" not in str(error.value)
        assert len(list(folder.iterdir())) == before
    assert there == list(complete(runs(), MemberStore(tmp_path / "here"), on(None)))
    assert there == list(complete(runs(), MemberStore(folder), on("tcp://127.0.0.1:9")))


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    assert on_cluster.SECONDS_TO_CONNECT <= 10
    monkeypatch.setattr(on_cluster, "SECONDS_TO_CONNECT", 2)
    start = time.monotonic()
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ReplicationError, match="dask scheduler") as error:
        list(complete(runs(), MemberStore(tmp_path), on(address)))
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
            list(complete(runs(), MemberStore(tmp_path), on(address)))
        assert "\n" not in str(error.value)
    finally:
        scheduler.kill()
        scheduler.wait()
