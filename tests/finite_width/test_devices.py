"""Devices and backends: what a setting chooses, and that the same members come out."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.finite_width import devices
from replication.finite_width.devices import Placement, free_memory, select_devices
from tests.conftest import ROOT

# Trains and linearises three members, and saves their losses.
PROGRAM = """
import sys
import numpy as np
{prepare}
from replication.finite_width.devices import Placement
from replication.finite_width.linearised import linearise
from replication.finite_width.training import train
from replication.settings.network import MLP
from tests.reference_network import ERF, data, members_of, training_of
spec = MLP(depth=2, **ERF)
members = members_of(spec, 12, 16, 3)
devices = tuple({devices})
runs = [train(spec, training_of(110, name), members, data(), rate, Placement(devices, "any"))
        for name, rate in (("gradient_descent", 0.1), ("momentum", 0.05), ("adam", 0.01))]
runs += [train(spec, training_of(110), members, data(), 0.1, Placement(devices, "any"), dual=False)]
runs += [linearise(spec, training_of(110), members, data(), 0.1, Placement(devices, "any"))]
np.save(sys.argv[1], np.array([losses[:2] for losses in runs]))
"""
TWO_DEVICES = """
import tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
"""


def start(path, prepare="", devices=("cpu:0",), **environment):
    program = PROGRAM.format(prepare=prepare, devices=devices)
    command = [sys.executable, "-c", program, str(path)]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stderr=subprocess.PIPE, text=True)


def test_backends_and_several_devices_agree_to_float32(tmp_path):
    """TensorFlow on one device and stacked on two, as on two GPUs; JAX on a core and stacked."""
    # upper case: a device is a core, which takes one member at a time, only if it is called cpu
    runs = {
        "tensorflow": start(tmp_path / "tensorflow.npy", KERAS_BACKEND="tensorflow"),
        "two devices": start(tmp_path / "two devices.npy", TWO_DEVICES, ("CPU:0", "CPU:1"), KERAS_BACKEND="tensorflow"),
        "jax": start(tmp_path / "jax.npy", KERAS_BACKEND="jax"),
    }
    for name, process in runs.items():
        assert process.wait(timeout=300) == 0, name + process.stderr.read()
    expected = np.load(tmp_path / "tensorflow.npy")
    assert np.isfinite(expected).all()
    for name in runs:
        # converged training losses are differences of nearly equal numbers; Adam divides by small gradients
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), expected, rtol=2e-4, err_msg=name)


def test_another_backend_is_refused():
    command = [
        sys.executable,
        "-c",
        "from replication.finite_width.devices import select_devices; select_devices('auto')",
    ]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"KERAS_BACKEND": "numpy"}, capture_output=True, text=True
    )
    assert "KERAS_BACKEND" in ended.stderr.splitlines()[-1]


class Machine:
    """A backend with two GPUs."""

    def __init__(self):
        self.tensor_float_32 = None

    def configure(self, tensor_float_32, cores):
        self.tensor_float_32 = tensor_float_32

    def gpus(self):
        return ["gpu:0", "gpu:1"]

    def model_of(self, device):
        return "A card"


@pytest.mark.parametrize(
    ("setting", "names"),
    [("auto", ("gpu:0", "gpu:1")), ("gpu", ("gpu:0", "gpu:1")), ("gpu:1", ("gpu:1",)), ("cpu", None)],
)
def test_a_setting_chooses_the_devices(monkeypatch, setting, names):
    machine = Machine()
    monkeypatch.setattr(devices, "backend", lambda: machine)
    cores = ("cpu:0",) * len(os.sched_getaffinity(0))
    assert select_devices(setting).devices == (names or cores)
    assert machine.tensor_float_32 is False
    assert select_devices(setting).model == ("A card" if names else "cpu")
    assert select_devices(setting, tensor_float_32=True).model == ("A card, TF32" if names else "cpu")
    assert machine.tensor_float_32 is True


@pytest.mark.parametrize("setting", ["gpu", "gpu:0"])
def test_a_device_that_is_not_there_is_an_error(monkeypatch, setting):
    monkeypatch.setattr(devices, "backend", lambda: SimpleNamespace(configure=lambda *_: None, gpus=list))
    with pytest.raises(ReplicationError, match="no GPU found"):
        select_devices(setting)
    assert select_devices("auto").devices[0] == "cpu:0"


def test_memory_of_a_card_is_asked_for(monkeypatch):
    def nvidia_smi(command, **_):
        assert command[0] == "nvidia-smi"
        return SimpleNamespace(stdout="1000\n3000\n")

    monkeypatch.setattr(devices.subprocess, "run", nvidia_smi)
    assert free_memory(Placement(("gpu:1",), "A card")) == 0.5 * 3000 * 2**20
    assert free_memory(Placement(("gpu:0", "gpu:1"), "A card")) == 2 * 0.5 * 1000 * 2**20
    monkeypatch.setattr(devices.subprocess, "run", lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError))
    assert free_memory(Placement(("gpu:0",), "A card")) > 10**9
    assert free_memory(Placement(("cpu:0",), "cpu")) > 10**8
