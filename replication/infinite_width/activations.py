"""What infinite width needs to know of an activation: two Gaussian moments, and its layer in neural-tangents.

Sources: ReLU, arc-cosine kernels of Cho and Saul 2009; erf, Williams 1997.
"""

from collections.abc import Callable

import numpy as np

# A cosine this near to 1 or -1 differs from it by rounding alone, which the angle would magnify to 1e-8
ONE = 1 - 4e-15

Moments = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def _relu_moments(k: np.ndarray, q1: np.ndarray, q2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = np.sqrt(q1) * np.sqrt(q2)
    with np.errstate(invalid="ignore"):
        cosine = k / scale
    np.fmax(cosine, -1.0, out=cosine)  # a point at the origin, 0/0, has no angle; any will do, as its product is zero
    np.copyto(cosine, 1.0, where=cosine > ONE)
    np.copyto(cosine, -1.0, where=cosine < -ONE)
    supplement = np.arccos(cosine)
    np.subtract(np.pi, supplement, out=supplement)
    product = cosine * cosine
    np.subtract(1, product, out=product)
    np.sqrt(product, out=product)
    cosine *= supplement
    product += cosine
    product *= scale
    product /= 2 * np.pi
    supplement /= 2 * np.pi
    return product, supplement


def _erf_moments(k: np.ndarray, q1: np.ndarray, q2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    norm = (1 + 2 * q1) * (1 + 2 * q2)
    return 2 / np.pi * np.arcsin(2 * k / np.sqrt(norm)), 4 / np.pi / np.sqrt(norm - 4 * k**2)


# (k, q1, q2) -> E[phi(u) phi(v)] and E[phi'(u) phi'(v)] for Gaussian u, v of variances q1, q2 and covariance k
MOMENTS: dict[str, Moments] = {"relu": _relu_moments, "erf": _erf_moments}

# names of the layers in neural_tangents.stax
STAX_LAYERS = {"relu": "Relu", "erf": "Erf"}
