"""NNGP and NTK of a multilayer perceptron, float64, by either engine; the one place that calls neural-tangents."""

import functools
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from replication.errors import ReplicationError
from replication.infinite_width import closed_form
from replication.infinite_width.activations import STAX_LAYERS
from replication.infinite_width.closed_form import Kernels
from replication.settings.network import MLP
from replication.validation.arrays import check_shapes

BLOCK = 1024  # rows evaluated at a time: a few blocks, not a few whole matrices, are the engine's working memory


def evaluate_kernels(network: MLP, engine: str, x: np.ndarray, other: np.ndarray | None = None) -> Kernels:
    """K and Theta between the rows of x (n1, d) and other (n2, d), float64; other = None means x with itself.

    `engine` is "neural_tangents" or "closed_form"; the two agree to 1e-12 relative. Neither holds more than the result
    and a few blocks of it. ReplicationError for other engines, shapes that do not match, and inputs that are not
    finite.
    """
    if engine not in ENGINES:
        raise ReplicationError(f"no engine {engine!r} for kernels", f"choose one of {', '.join(ENGINES)}")
    x = np.asarray(x, np.float64)
    other = None if other is None else np.asarray(other, np.float64)
    check_shapes(x=(x, "n1 d"), **({} if other is None else {"other": (other, "n2 d")}))
    for points in (x, other):
        if points is not None and not np.isfinite(np.vdot(points, points)):
            raise ReplicationError("inputs are not finite, or too large to square", "check them, or scale them")
    return ENGINES[engine](network, x, other)


def _neural_tangents(network: MLP, x: np.ndarray, other: np.ndarray | None) -> Kernels:
    scales, kernel_fn = closed_form.output_scales(network), stax_kernel(network.unscaled)
    columns = x if other is None else other
    nngp, ntk = (np.empty((len(x), len(columns))) for _ in range(2))
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        for first in range(0 if other is not None else start, len(columns), BLOCK):
            block = slice(first, first + BLOCK)
            got = kernel_fn(x[rows], columns[block])
            if got.ntk.dtype != np.float64:  # JAX falls back to float32 in silence
                raise ReplicationError("neural-tangents computes in float32", "unset JAX_ENABLE_X64=0")
            nngp[rows, block], ntk[rows, block] = scales[0] * got.nngp, scales[1] * got.ntk
            # its arccos of a cosine that rounding leaves next to 1 or -1 costs the ReLU NTK 8 of 16 digits
            closed_form.correct_collinear(network, x[rows], columns[block], nngp[rows, block], ntk[rows, block])
            if other is None and first > start:
                nngp[block, rows], ntk[block, rows] = nngp[rows, block].T, ntk[rows, block].T
    if other is None:
        for matrix, exact in zip((nngp, ntk), closed_form.diagonal(network, x), strict=True):
            np.fill_diagonal(matrix, exact)
    return Kernels(nngp, ntk)


ENGINES: dict[str, Callable[[MLP, np.ndarray, np.ndarray | None], Kernels]] = {
    "closed_form": closed_form.kernels,
    "neural_tangents": _neural_tangents,
}


@functools.cache  # compiled once for each network and shape of block
def stax_kernel(network: MLP) -> Callable[[np.ndarray, np.ndarray], Any]:
    """neural-tangents' kernel function (x, other) -> (nngp, ntk) of the network, compiled, in float64, at g = 1."""
    if network.activation not in STAX_LAYERS:
        problem = f"neural-tangents is not told its layer of the activation {network.activation}"
        raise ReplicationError(problem, "use the engine closed_form")
    jax, stax = _import_neural_tangents()
    activation = getattr(stax, STAX_LAYERS[network.activation])
    dense = {"W_std": network.weight_variance**0.5, "b_std": network.bias_variance**0.5, "parameterization": "ntk"}
    hidden = [layer for _ in range(network.depth) for layer in (stax.Dense(1, **dense), activation())]
    kernel_fn = stax.serial(*hidden, stax.Dense(1, **dense))[2]
    return jax.jit(lambda x, other: kernel_fn(x, other, ("nngp", "ntk")))


def _import_neural_tangents() -> tuple[Any, Any]:
    """Import jax in float64 and neural_tangents.stax without the TensorFlow that its unused subpackage would load."""
    import jax

    jax.config.update("jax_enable_x64", True)
    sys.modules.setdefault("neural_tangents.experimental", types.ModuleType("neural_tangents.experimental"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from neural_tangents import stax
    return jax, stax
