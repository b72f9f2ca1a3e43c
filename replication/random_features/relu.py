"""Features of a randomly initialised ReLU network at images, and how fast their spectrum falls."""

import numpy as np
import pandas as pd

from replication.network import forward, initial_weights
from replication.scaling_laws.exponents import curves
from replication.scaling_laws.fits import Estimate, fit_draws, power_law
from replication.settings.network import MLP
from replication.settings.sections import Window


def relu_features(spec: MLP, x: np.ndarray, neurons: int, stream: np.random.Generator) -> np.ndarray:
    """Phi (N, S): activations of the last of spec.depth hidden layers of S neurons each, at inputs x (N, d).

    Weights and biases are those of a member at initialisation, in NTK parametrisation. A teacher adds the features up
    with weights N(0, 1/S), so that Phi Phi' / S is the kernel (arXiv 2102.06701).
    """
    weights = initial_weights(spec, x.shape[1], neurons, 1, stream)
    return np.maximum(forward(spec, weights[:-1], x), 0)


def spectrum(features: np.ndarray) -> np.ndarray:
    """Eigenvalues of Phi'Phi / N in falling order, without those at rounding level: (M,), M <= min(N, S).

    From the smaller of Phi'Phi and the Gram matrix Phi Phi', which share them.
    """
    points, neurons = features.shape
    gram = features @ features.T if points < neurons else features.T @ features
    eigenvalues = np.linalg.eigvalsh(gram)[::-1]
    return eigenvalues[eigenvalues > len(gram) * np.finfo(float).eps * eigenvalues[0]] / points


def spectrum_exponent(spectra: pd.DataFrame, ranks: Window) -> Estimate:
    """alpha_K of eigenvalues i^-(1+alpha_K) at the ranks i in the window, error over draws.

    spectra: draw, rank, eigenvalue. A pool's eigenvalues lie above those of all inputs, the more the higher the rank.
    """
    exponent = fit_draws(power_law, *curves(spectra, ranks, "rank", "eigenvalue")).parameters["exponent"]
    return exponent._replace(value=exponent.value - 1)
