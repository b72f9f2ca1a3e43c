"""Where members are trained: the processors, one GPU, or all of them."""

import os
import subprocess
from typing import NamedTuple

import psutil

from replication.errors import ReplicationError
from replication.finite_width.backends import backend

MEMORY_SHARE = 0.5  # of what is free, for one chunk: room for what the framework needs besides


class Placement(NamedTuple):
    """`devices`: names of those that work side by side, a core or a GPU each; `model`: what the hardware is called.

    On a processor a core trains one member at a time, whose arrays stay in its cache; a GPU trains its share of a chunk
    as one stack.
    """

    devices: tuple[str, ...]
    model: str

    @property
    def stacked(self) -> bool:
        """Whether the members of a device are trained as one stack."""
        return not self.devices[0].startswith("cpu")


def select_devices(device: str, tensor_float_32: bool = False) -> Placement:
    """The placement that a setting asks for: "auto", "cpu", "gpu" (all of them) or one GPU, "gpu:0".

    Settles the precision of products for the process: full float32 unless `tensor_float_32`. ReplicationError if the
    device is not there.
    """
    cores = len(os.sched_getaffinity(0))
    backend().configure(tensor_float_32, cores)
    gpus = backend().gpus()
    if device == "cpu" or (device == "auto" and not gpus):
        return Placement(("cpu:0",) * cores, "cpu")
    chosen = gpus if device in ("auto", "gpu") else [name for name in gpus if name == device]
    if not chosen:
        found = ", ".join(gpus) or "no GPU"
        raise ReplicationError(f"device {device} is not there ({found} found)", "set execution.device to auto or cpu")
    models = dict.fromkeys(backend().model_of(gpu) for gpu in chosen)
    return Placement(tuple(chosen), ", ".join(models) + (", TF32" if tensor_float_32 else ""))


def free_memory(placement: Placement) -> int:
    """Bytes that one chunk may take on all devices together."""
    if not placement.stacked:
        return int(MEMORY_SHARE * psutil.virtual_memory().available)
    query = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.split()
        mebibytes = [int(lines[int(device.split(":")[1])]) for device in placement.devices]
    except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
        mebibytes = [4096] * len(placement.devices)  # of a card that does not tell, what even small ones have
    return int(MEMORY_SHARE * 2**20 * min(mebibytes) * len(placement.devices))
