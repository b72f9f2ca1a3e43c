"""What Keras leaves to its backend: compilation, gradients, devices.

The backend is TensorFlow unless the environment says KERAS_BACKEND=jax.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import keras

from replication.errors import ReplicationError


class Backend(Protocol):
    """The operations of one backend; a device is named as in "cpu:0" or "gpu:1"."""

    def configure(self, tensor_float_32: bool) -> None:
        """Declare the precision of products on GPUs, float32 or TF32 (10 bits of mantissa); share memory, be quiet."""

    def gpus(self) -> list[str]:
        """Names of the GPUs."""

    def model_of(self, device: str) -> str:
        """What the hardware behind a GPU's name is called."""

    def on(self, device: str) -> AbstractContextManager:
        """Context in which arrays are made and programs run on a device."""

    def compiled(self, function: Callable, xla: bool = False) -> Callable:
        """The function of nested lists of arrays, compiled for each set of shapes; JAX always takes XLA."""

    def gradient(self, function: Callable, state: list) -> list:
        """Derivatives of a scalar function with respect to every array of the list."""


class TensorFlow:
    """Graphs of TensorFlow."""

    def configure(self, tensor_float_32):  # noqa: D102
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(tensor_float_32)
        tf.get_logger().setLevel("ERROR")  # not that a program is traced anew for training sets of another size
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)  # other processes may share the card

    def gpus(self):  # noqa: D102
        import tensorflow as tf

        return [f"gpu:{index}" for index, _ in enumerate(tf.config.list_physical_devices("GPU"))]

    def model_of(self, device):  # noqa: D102
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[int(device.split(":")[1])]
        return tf.config.experimental.get_device_details(gpu).get("device_name", "GPU")

    def on(self, device):  # noqa: D102
        import tensorflow as tf

        return tf.device(f"/{device}")

    def compiled(self, function, xla=False):  # noqa: D102
        import tensorflow as tf

        return tf.function(function, autograph=False, jit_compile=xla)

    def gradient(self, function, state):  # noqa: D102
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(state)
            value = function(state)
        return tape.gradient(value, state, unconnected_gradients="zero")


class Jax:
    """XLA by way of JAX."""

    def configure(self, tensor_float_32):  # noqa: D102
        import jax

        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tensor_float_32 else "float32")

    def gpus(self):  # noqa: D102
        import jax

        return [f"gpu:{device.id}" for device in jax.devices() if device.platform == "gpu"]

    def model_of(self, device):  # noqa: D102
        return self._device(device).device_kind

    def on(self, device):  # noqa: D102
        import jax

        return jax.default_device(self._device(device))

    def compiled(self, function, xla=True):  # noqa: D102
        import jax

        return jax.jit(function)

    def gradient(self, function, state):  # noqa: D102
        import jax

        return jax.grad(function)(state)

    @staticmethod
    def _device(name):
        import jax

        platform, index = name.split(":")
        return jax.devices(platform)[int(index)]


def backend() -> Backend:
    """The backend that Keras was started with."""
    name = keras.backend.backend()
    if name not in ("tensorflow", "jax"):
        raise ReplicationError(f"no training with the Keras backend {name}", "set KERAS_BACKEND to tensorflow or jax")
    return {"tensorflow": TensorFlow, "jax": Jax}[name]()
