"""NNGP and NTK of a multilayer perceptron, float64, by either engine; the one place that calls neural-tangents."""

import functools
import sys
import types
import warnings
from collections.abc import Callable

import numpy as np

from replication.errors import ReplicationError
from replication.infinite_width import closed_form
from replication.infinite_width.closed_form import Kernels
from replication.settings.network import MLP

BLOCK = 1024  # rows evaluated at a time: a few blocks, not a few whole matrices, are the engine's working memory


def evaluate_kernels(spec: MLP, engine: str, x1: np.ndarray, x2: np.ndarray | None = None) -> Kernels:
    """K and Theta between the rows of x1 (n1, d) and x2 (n2, d), float64; x2 = None means x1 with itself.

    `engine` is "neural_tangents" or "closed_form"; the two agree to 1e-12 relative. Neither holds more than the result
    and a few blocks of it.
    """
    x1 = np.asarray(x1, np.float64)
    x2 = None if x2 is None else np.asarray(x2, np.float64)
    for x in (x1, x2):
        if x is not None and not np.isfinite(np.vdot(x, x)):
            raise ReplicationError("inputs are not finite, or too large to square", "check them, or scale them")
    return {"neural_tangents": _neural_tangents, "closed_form": closed_form.kernels}[engine](spec, x1, x2)


def _neural_tangents(spec: MLP, x1: np.ndarray, x2: np.ndarray | None) -> Kernels:
    kernel_fn = stax_kernel(spec)
    columns = x1 if x2 is None else x2
    nngp, ntk = (np.empty((len(x1), len(columns))) for _ in range(2))
    for start in range(0, len(x1), BLOCK):
        rows = slice(start, start + BLOCK)
        for first in range(0 if x2 is not None else start, len(columns), BLOCK):
            block = slice(first, first + BLOCK)
            got = kernel_fn(x1[rows], columns[block])
            if got.ntk.dtype != np.float64:  # JAX falls back to float32 in silence
                raise ReplicationError("neural-tangents computes in float32", "unset JAX_ENABLE_X64=0")
            nngp[rows, block], ntk[rows, block] = got.nngp, got.ntk
            if x2 is None and first > start:
                nngp[block, rows], ntk[block, rows] = got.nngp.T, got.ntk.T
    if x2 is None:
        _correct_equal_points(spec, x1, nngp, ntk)
    return Kernels(nngp, ntk)


def _correct_equal_points(spec: MLP, x: np.ndarray, *matrices: np.ndarray) -> None:
    """Give a point and its repetitions the exact kernel.

    neural-tangents takes the arccos of a cosine that rounding leaves just below one, which costs its ReLU NTK 8 of 16
    digits where a point meets itself (6e-9 to 3e-8 relative); everywhere else it is right to 1e-15.
    """
    _, group = np.unique(x, axis=0, return_inverse=True)
    repeated = np.flatnonzero(np.bincount(group) > 1)
    for matrix, exact in zip(matrices, closed_form.diagonal(spec, x), strict=True):
        np.fill_diagonal(matrix, exact)
        for points in (np.flatnonzero(group == one) for one in repeated):
            matrix[np.ix_(points, points)] = exact[points[0]]


@functools.cache  # compiled once for each network and shape of block
def stax_kernel(spec: MLP) -> Callable:
    """neural-tangents' kernel function (x1, x2) -> (nngp, ntk) of the network `spec`, compiled, in float64."""
    jax, stax = _import_neural_tangents()
    activation = stax.Relu if spec.activation == "relu" else stax.Erf
    dense = {"W_std": spec.weight_variance**0.5, "b_std": spec.bias_variance**0.5, "parameterization": "ntk"}
    hidden = [layer for _ in range(spec.depth) for layer in (stax.Dense(1, **dense), activation())]
    kernel_fn = stax.serial(*hidden, stax.Dense(1, **dense))[2]
    return jax.jit(lambda x1, x2: kernel_fn(x1, x2, ("nngp", "ntk")))


def _import_neural_tangents():
    """Import jax in float64 and neural_tangents.stax without the TensorFlow that its unused subpackage would load."""
    import jax

    jax.config.update("jax_enable_x64", True)
    sys.modules.setdefault("neural_tangents.experimental", types.ModuleType("neural_tangents.experimental"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from neural_tangents import stax
    return jax, stax
