"""What Keras leaves to its backend: compilation, gradients, devices.

The backend is TensorFlow unless the environment says KERAS_BACKEND=jax.
"""

import contextlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import keras

from replication.errors import ReplicationError

Arrays = list[Any]


class Backend(Protocol):
    """The operations of one backend; a device is named as in "cpu:0" or "gpu:1"."""

    def configure(self, tensor_float_32: bool, cores: int) -> None:
        """Declare the precision of products on GPUs, float32 or TF32 (10 bits of mantissa); share memory, be quiet.

        One thread for each of the cores, where that can still be said.
        """

    def gpus(self) -> list[str]:
        """Names of the GPUs."""

    def model_of(self, device: str) -> str:
        """What the hardware behind a GPU's name is called."""

    def on(self, device: str) -> AbstractContextManager[object]:
        """Context in which arrays are made and programs run on a device."""

    def compiled(self, function: Callable[..., Any], xla: bool = False) -> Callable[..., Any]:
        """The function of nested lists of arrays, compiled once, or by XLA for each set of sizes, as by JAX."""

    def gradient(self, function: Callable[[Arrays], Any], state: Arrays) -> Arrays:
        """Derivatives of a scalar function with respect to every array of the list."""


class TensorFlow:
    """Graphs of TensorFlow."""

    def configure(self, tensor_float_32: bool, cores: int) -> None:  # noqa: D102
        import tensorflow as tf

        with contextlib.suppress(RuntimeError):  # TensorFlow has started: the threads are as they are
            # every core trains members of its own: several threads for one operation would wait for each other
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(cores)
        tf.config.experimental.enable_tensor_float_32_execution(tensor_float_32)
        tf.get_logger().setLevel("ERROR")  # not that a program is traced anew for sizes of another kind
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)  # other processes may share the card

    def gpus(self) -> list[str]:  # noqa: D102
        import tensorflow as tf

        return [f"gpu:{index}" for index, _ in enumerate(tf.config.list_physical_devices("GPU"))]

    def model_of(self, device: str) -> str:  # noqa: D102
        import tensorflow as tf

        gpu = tf.config.list_physical_devices("GPU")[int(device.split(":")[1])]
        return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))

    def on(self, device: str) -> AbstractContextManager[object]:  # noqa: D102
        import tensorflow as tf

        return tf.device(f"/{device}")

    def compiled(self, function: Callable[..., Any], xla: bool = False) -> Callable[..., Any]:  # noqa: D102
        import tensorflow as tf

        if xla:
            return tf.function(function, autograph=False, jit_compile=True)
        traced = tf.function(function, autograph=False)

        def call(*arguments: Any) -> Any:
            # One graph for arrays of any sizes: it is traced once, and what the optimiser of graphs makes of it, which
            # decides the last bits of losses, does not depend on what was computed before.
            kinds = tf.nest.map_structure(_of_any_size, arguments)
            return traced.get_concrete_function(*kinds)(*arguments)

        return call

    def gradient(self, function: Callable[[Arrays], Any], state: Arrays) -> Arrays:  # noqa: D102
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(state)
            value = function(state)
        gradients = tape.gradient(value, state, unconnected_gradients="zero")
        for gradient, array in zip(gradients, state, strict=True):
            gradient.set_shape(array.shape)  # which TensorFlow does not always find out where sizes are not known
        return gradients


def _of_any_size(array: Any) -> Any:
    import tensorflow as tf

    return None if array is None else tf.TensorSpec([None] * len(array.shape), array.dtype)


class Jax:
    """XLA by way of JAX."""

    def configure(self, tensor_float_32: bool, cores: int) -> None:  # noqa: D102
        # read when JAX first looks for devices: tuning takes half a minute for each set of sizes, training seconds
        os.environ.setdefault("XLA_FLAGS", "--xla_gpu_autotune_level=0")
        import jax

        jax.config.update("jax_default_matmul_precision", "tensorfloat32" if tensor_float_32 else "float32")

    def gpus(self) -> list[str]:  # noqa: D102
        import jax

        return [f"gpu:{device.id}" for device in jax.devices() if device.platform == "gpu"]

    def model_of(self, device: str) -> str:  # noqa: D102
        return str(self._device(device).device_kind)

    def on(self, device: str) -> AbstractContextManager[object]:  # noqa: D102
        import jax

        return jax.default_device(self._device(device))

    def compiled(self, function: Callable[..., Any], xla: bool = True) -> Callable[..., Any]:  # noqa: D102
        import jax

        return jax.jit(function)

    def gradient(self, function: Callable[[Arrays], Any], state: Arrays) -> Arrays:  # noqa: D102
        import jax

        return jax.grad(function)(state)

    @staticmethod
    def _device(name: str) -> Any:
        import jax

        platform, index = name.split(":")
        return jax.devices(platform)[int(index)]


def backend() -> Backend:
    """The backend that Keras was started with; ReplicationError if it is neither TensorFlow nor JAX."""
    name = keras.backend.backend()
    if name not in ("tensorflow", "jax"):
        raise ReplicationError(f"no training with the Keras backend {name}", "set KERAS_BACKEND to tensorflow or jax")
    return Jax() if name == "jax" else TensorFlow()
