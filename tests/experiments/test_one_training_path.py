"""What holds for every experiment that trains: kills, damage, clusters and devices change nothing but the time."""

import contextlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import zip_longest

import numpy as np
import pandas as pd
import pytest

from replication.experiments.training import COLUMNS, member_table, of_experiment
from replication.finite_width import cluster as dask_cluster
from replication.finite_width import members
from replication.finite_width.member_store import MemberStore
from replication.settings.training import Execution
from tests.conftest import ROOT
from tests.dask_cluster import cluster
from tests.trained_experiments import RUNS

CPU = Execution(device="cpu")
CHUNK = 2  # members
NAMES = list(RUNS)
every_experiment = pytest.mark.parametrize("name", NAMES)


def in_small_chunks():
    members.chunk_size = lambda *_: CHUNK


@pytest.fixture(scope="module", autouse=True)
def small_chunks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "chunk_size", lambda *_: CHUNK)
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Folder of the store and table of every experiment."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return {name: (folder / name, member_table(make(), MemberStore(folder / name), CPU)) for name, make in RUNS.items()}


def chunks(folder):
    """Content of every file of a store; what a kill in the middle of a write leaves is none."""
    return {path.name: path.read_bytes() for path in folder.glob("*.json")}


@every_experiment
def test_tables_have_a_row_for_every_member(undisturbed, name):
    _, table = undisturbed[name]
    runs = RUNS[name]()
    assert list(table) == COLUMNS
    assert len(table) == sum(run.members for run in runs)
    assert set(table["experiment"]) == {name}
    losses = table[["training_loss", "test_loss"]].to_numpy()
    assert np.isfinite(losses).all()
    assert (table["test_loss"] > 0).all()
    assert ((table["training_loss"] > 0) == np.isfinite(table["training_time"])).all()  # what converged has none left
    first = table.drop_duplicates([column for column in COLUMNS if column not in (
        "member", "training_loss", "test_loss", "flipped_share", "reached", "device")])  # fmt: skip
    assert len(first) == len(runs)  # the columns tell all runs apart


# kills and damage


def train_to_be_killed(name, folder, told):
    """What a child does: says when it starts on a chunk."""
    in_small_chunks()
    compute = members.member_losses

    def telling(*arguments):
        told.send(None)
        return compute(*arguments)

    members.member_losses = telling
    member_table(RUNS[name](), MemberStore(folder), CPU)


@pytest.fixture(scope="module")
def server():
    """Forks children from a process that has loaded the libraries: at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.experiments.test_one_training_path", "tensorflow"])
    return context


@every_experiment
def test_a_run_that_is_killed_goes_on_where_it_stopped(undisturbed, server, name, tmp_path, monkeypatch):
    whole, expected = undisturbed[name]
    rng = np.random.default_rng(NAMES.index(name))
    here, there = server.Pipe(duplex=False)
    child = server.Process(target=train_to_be_killed, args=(name, tmp_path, there))
    child.start()
    there.close()
    try:
        started = [here.recv() for _ in range(rng.integers(3, 6))]
        time.sleep(rng.uniform(0, 0.01))
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.join()
    assert child.exitcode == -signal.SIGKILL
    with contextlib.suppress(EOFError):
        while True:
            started.append(here.recv())
    left = chunks(tmp_path)
    assert len(started) - 1 <= len(left) <= len(started)  # all but the chunk in progress
    assert left.items() <= chunks(whole).items()  # every file is whole

    computed, compute = [], members.member_losses
    monkeypatch.setattr(members, "member_losses", lambda *rest: computed.append(rest) or compute(*rest))
    pd.testing.assert_frame_equal(member_table(RUNS[name](), MemberStore(tmp_path), CPU), expected)
    assert chunks(tmp_path) == chunks(whole)
    assert len(computed) == len(chunks(whole)) - len(left)  # nothing is computed twice


@every_experiment
def test_damaged_files_cost_their_chunks(undisturbed, name, tmp_path, monkeypatch):
    whole, expected = undisturbed[name]
    folder = shutil.copytree(whole, tmp_path / "store")
    flipped, cut, *_ = paths = sorted(folder.iterdir())
    assert len(paths) > 2
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 4
    flipped.write_bytes(content)
    cut.write_bytes(cut.read_bytes()[:-9])

    computed, told, compute = [], [], members.member_losses
    monkeypatch.setattr(members, "member_losses", lambda *rest: computed.append(rest) or compute(*rest))
    found = member_table(RUNS[name](), MemberStore(folder, on_damage=told.append), CPU)
    pd.testing.assert_frame_equal(found, expected)
    assert set(told) == {flipped, cut}
    assert len(computed) == 2
    assert chunks(folder) == chunks(whole)


# clusters


@pytest.fixture(scope="module")
def on_cluster(tmp_path_factory):
    """The table of all experiments at once, trained on two workers of which one is killed."""
    interleaved = [run for some in zip_longest(*(make() for make in RUNS.values())) for run in some if run]
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder / "workers") as (client, workers), pytest.MonkeyPatch.context() as patch:
        killed = kill_at(patch, client, workers, chunk=10)
        execution = Execution(device="cpu", scheduler=client.scheduler.address)
        table = member_table(interleaved, MemberStore(folder / "store"), execution)
        (name,) = killed
        assert workers[name].wait(5) == -signal.SIGKILL
    return table


def kill_at(patch, client, workers, chunk):
    """Kills a worker at work when so many chunks are stored; gives the list that will hold its name."""
    saved, killed, save = [], [], MemberStore.save

    def killing(store, *arguments):
        save(store, *arguments)
        saved.append(arguments)
        if len(saved) == chunk:
            killed.extend([name for name, tasks in client.processing().items() if tasks][:1])
            workers[killed[0]].kill()

    patch.setattr(MemberStore, "save", killing)
    return killed


def same_rows(table, expected):
    order = [column for column in COLUMNS if column not in ("training_loss", "test_loss", "device")]
    found, asked = (
        one.astype({"value": str}).sort_values(order, ignore_index=True) for one in (table, expected)
    )  # fmt: skip
    pd.testing.assert_frame_equal(found, asked)


@every_experiment
def test_a_cluster_gives_the_same_losses(undisturbed, on_cluster, name):
    _, expected = undisturbed[name]
    same_rows(of_experiment(on_cluster, name), expected)


@pytest.mark.slow
@every_experiment
def test_a_worker_that_is_killed_costs_no_losses(undisturbed, name, tmp_path, monkeypatch):
    _, expected = undisturbed[name]
    with cluster(tmp_path / "workers") as (client, workers):
        monkeypatch.setattr(dask_cluster, "CHUNK", CHUNK)
        killed = kill_at(monkeypatch, client, workers, chunk=2)
        execution = Execution(device="cpu", scheduler=client.scheduler.address)
        table = member_table(RUNS[name](), MemberStore(tmp_path / "store"), execution)
        assert len(killed) == 1
    pd.testing.assert_frame_equal(table, expected)


# devices

ON_TWO_DEVICES = """
import sys
from pathlib import Path
import tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from replication.experiments.training import member_table
from replication.finite_width import members
from replication.finite_width.devices import Placement
from replication.finite_width.member_store import MemberStore
from tests.experiments.test_one_training_path import CPU
from tests.trained_experiments import RUNS
# in upper case they are no cores, which take one member at a time, but devices that take a stack, as GPUs
members.select_devices = lambda *_: Placement(("CPU:0", "CPU:1"), "two devices")
for name, make in RUNS.items():
    table = member_table(make(), MemberStore(Path(sys.argv[1]) / "store"), CPU)
    table.to_pickle(f"{sys.argv[1]}/{name}.pkl")
"""


@pytest.fixture(scope="module")
def on_two_devices(tmp_path_factory):
    folder = tmp_path_factory.mktemp("devices")
    command = [sys.executable, "-c", ON_TWO_DEVICES, str(folder)]
    ended = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert ended.returncode == 0, ended.stderr
    return folder


@every_experiment
def test_two_devices_give_the_same_losses_to_rounding(undisturbed, on_two_devices, name):
    _, expected = undisturbed[name]
    table = pd.read_pickle(on_two_devices / f"{name}.pkl")
    assert set(table["device"]) == {"two devices"}
    # Adam divides by small gradients
    pd.testing.assert_frame_equal(table.assign(device="cpu"), expected, rtol=2e-4)
