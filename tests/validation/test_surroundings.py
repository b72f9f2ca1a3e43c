"""Memory and devices that are not there, and a listener that never answers, are one line."""

import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from replication.api.infinite_width import learning_curve
from replication.errors import ReplicationError
from replication.settings.network import MLP
from replication.validation.surroundings import check_memory, check_scheduler
from tests.conftest import ROOT


def test_a_listener_that_never_answers_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(ReplicationError, match=f"{address} does not answer as a Dask scheduler, for 1 s") as caught:
            check_scheduler(address, 1.0)
        assert time.monotonic() - start < 10
        assert "\n" not in str(caught.value)


def test_memory_is_asked_for_before_the_kernels_are_computed(monkeypatch):
    check_memory(1000, 500, available=8 * (3 * 1000**2 + 4 * 1000 * 500 + 500**2))
    with pytest.raises(ReplicationError, match=r"take 900\.0 GiB at the least, and 20\.0 GiB"):
        check_memory(200_000, 1000, available=20 * 2**30)
    x = np.zeros((4, 2)) + np.arange(4)[:, None]
    monkeypatch.setattr("replication.validation.surroundings._free_memory", lambda: 100)
    with pytest.raises(ReplicationError, match="lower the training sizes, or keep kernels on disk"):
        learning_curve(MLP(depth=1), x, x[:, 0], x, x[:, 0], training_sizes=[4])


def test_where_nobody_listens_is_left_to_whoever_needs_it():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"tcp://127.0.0.1:{gone.getsockname()[1]}"
    check_scheduler(address, 1.0)
    check_scheduler("tls://127.0.0.1:1", 1.0)


def test_a_scheduler_that_answers_passes():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, protocol="tcp://") as cluster:
        check_scheduler(cluster.scheduler_address, 10.0)


@pytest.mark.parametrize("option", [["--linear-algebra", "jax"], ["--engine", "neural_tangents"]])
def test_a_device_of_jax_that_is_not_there_is_one_line(option, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "own.npz", inputs=rng.normal(size=(30, 3)), targets=rng.normal(size=30))
    command = [sys.executable, "-m", "replication", "predict", "own.npz", "--output", "out", *option]
    environment = os.environ | {"JAX_PLATFORMS": "cuda", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()[-1:]
    assert "JAX finds no device of JAX_PLATFORMS=cuda: unset it" in line
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("told", "used"), [(None, "tensorflow"), ("jax", "jax")])
def test_keras_json_does_not_choose_what_trains(told, used, tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "torch", "floatx": "float64"}')
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment |= {"KERAS_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)} | ({"KERAS_BACKEND": told} if told else {})
    code = "import replication, os; print(os.environ['KERAS_BACKEND'])"
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == [used]
