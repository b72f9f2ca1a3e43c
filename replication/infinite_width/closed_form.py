"""NNGP and NTK of a multilayer perceptron by their layer recursion, in NumPy float64.

Independent of JAX and TensorFlow: the check of the neural-tangents kernels, and an engine of its own. Sources: ReLU,
arc-cosine kernels of Cho and Saul 2009; erf, Williams 1997; the NTK recursion, Jacot et al. 2018 (arXiv 1806.07572).
"""

from typing import NamedTuple

import numpy as np

from replication.settings import MLPSpec


class Kernels(NamedTuple):
    """NNGP kernel K and neural tangent kernel Theta between two sets of points, each (n1, n2)."""

    nngp: np.ndarray
    ntk: np.ndarray


def relu_moments(k, q1, q2):
    """E[relu(u) relu(v)] and E[relu'(u) relu'(v)] for Gaussian u, v of variances q1, q2 and covariance k."""
    scale = np.sqrt(q1 * q2)
    cosine = np.clip(np.divide(k, scale, out=np.zeros_like(k), where=scale > 0), -1.0, 1.0)
    angle = np.arccos(cosine)
    return scale * (np.sqrt(1 - cosine**2) + (np.pi - angle) * cosine) / (2 * np.pi), (np.pi - angle) / (2 * np.pi)


def erf_moments(k, q1, q2):
    """E[erf(u) erf(v)] and E[erf'(u) erf'(v)] for Gaussian u, v of variances q1, q2 and covariance k."""
    norm = (1 + 2 * q1) * (1 + 2 * q2)
    return 2 / np.pi * np.arcsin(2 * k / np.sqrt(norm)), 4 / np.pi / np.sqrt(norm - 4 * k**2)


MOMENTS = {"relu": relu_moments, "erf": erf_moments}


def kernels(spec: MLPSpec, x1: np.ndarray, x2: np.ndarray | None = None) -> Kernels:
    """K and Theta of the network `spec` between the rows of x1 (n1, d) and x2 (n2, d); x2 = None means x1 itself.

    K_1 = Theta_1 = C_b + C_W x.x'/d; each layer then maps K -> C_b + C_W E[phi phi] and
    Theta -> K_new + C_W E[phi' phi'] Theta. On the diagonal of x1 with itself the cosine is exactly one.
    """
    nngp = spec.bias_variance + spec.weight_variance / x1.shape[1] * (x1 @ (x1 if x2 is None else x2).T)
    kernels = Kernels(nngp, nngp.copy())
    q1 = _input_variance(spec, x1)
    q2 = q1 if x2 is None else _input_variance(spec, x2)
    for _ in range(spec.depth):
        if x2 is None:
            np.fill_diagonal(kernels.nngp, q1)
        kernels = _next_layer(spec, kernels, q1[:, None], q2[None, :])
        q1, q2 = (_next_layer(spec, Kernels(q, q), q, q).nngp for q in (q1, q2))
    return kernels


def diagonal(spec: MLPSpec, x: np.ndarray) -> Kernels:
    """K and Theta of every row of x (n, d) with itself, each (n,)."""
    q = _input_variance(spec, x)
    kernels = Kernels(q, q)
    for _ in range(spec.depth):
        kernels = _next_layer(spec, kernels, kernels.nngp, kernels.nngp)
    return kernels


def _input_variance(spec, x):
    return spec.bias_variance + spec.weight_variance / x.shape[1] * np.einsum("id,id->i", x, x)


def _next_layer(spec, kernels, q1, q2):
    product, slope = MOMENTS[spec.activation](kernels.nngp, q1, q2)
    nngp = spec.bias_variance + spec.weight_variance * product
    return Kernels(nngp, nngp + spec.weight_variance * slope * kernels.ntk)
