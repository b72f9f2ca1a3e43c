"""Settings of TensorFlow for the process; a program makes them, the library never does on import."""

import tensorflow as tf


def configure_devices() -> None:
    """Prepare the process for training; to be called before anything else of TensorFlow's.

    On a GPU: products in full float32 (TensorFlow's default, TF32, keeps 10 bits of the mantissa), and memory taken
    as it is needed, not all of it at once. Processors need no setting.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
