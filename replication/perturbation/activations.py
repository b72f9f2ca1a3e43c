"""Activations and their slopes, in NumPy float64."""

import math

import numpy as np
from scipy.special import erf

ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0.0), "erf": erf}
SLOPES = {
    "relu": lambda z: (z > 0).astype(np.float64),
    "erf": lambda z: 2 / math.sqrt(math.pi) * np.exp(-(z**2)),
}
