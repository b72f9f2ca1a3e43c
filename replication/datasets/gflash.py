"""Shape of an electromagnetic shower in tungsten: the GFLASH parametrisation of a homogeneous medium.

Source: Grindhammer, Peters, hep-ex/0001020; Geant4's fast simulation uses the same constants. Depths t are in radiation
lengths, radii r in Moliere radii, energies E in GeV; y = E / E_c and tau = t / T, T the depth of the shower maximum.
"""

from typing import NamedTuple

import numpy as np

Z = 74
RADIATION_LENGTH_MM = 3.504
CRITICAL_ENERGY_GEV = 7.97e-3


class DepthMoments(NamedTuple):
    """Means and standard deviations of ln T and ln alpha, and their correlation; each of the shape of the energies."""

    mean_log_maximum: np.ndarray
    std_log_maximum: np.ndarray
    mean_log_alpha: np.ndarray
    std_log_alpha: np.ndarray
    correlation: np.ndarray


def depth_moments(energy: np.ndarray) -> DepthMoments:
    """Moments of the depth parameters at `energy` in GeV.

    <ln T> = ln(ln y - 0.812), sigma = 1 / (-1.4 + 1.26 ln y); <ln alpha> = ln(0.81 + (0.458 + 2.26 / Z) ln y),
    sigma = 1 / (-0.58 + 0.86 ln y); correlation 0.705 - 0.023 ln y.
    """
    log_y = np.log(energy / CRITICAL_ENERGY_GEV)
    return DepthMoments(
        np.log(log_y - 0.812),
        1 / (-1.4 + 1.26 * log_y),
        np.log(0.81 + (0.458 + 2.26 / Z) * log_y),
        1 / (-0.58 + 0.86 * log_y),
        0.705 - 0.023 * log_y,
    )


def draw_depths(energy: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Shower maximum T in radiation lengths and shape alpha of one shower per energy, (n,) each.

    (ln T, ln alpha) is a correlated pair of Gaussians with the moments of `depth_moments`.
    """
    moments = depth_moments(energy)
    first, second = generator.standard_normal((2, len(energy)))
    second = moments.correlation * first + np.sqrt(1 - moments.correlation**2) * second
    maximum = np.exp(moments.mean_log_maximum + moments.std_log_maximum * first)
    return maximum, np.exp(moments.mean_log_alpha + moments.std_log_alpha * second)


def layer_fractions(maximum: np.ndarray, alpha: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Shares (n, layers) of the energy between the depths `edges` (layers + 1,), for T and alpha (n,).

    dE/dt is the Gamma(alpha, beta) density with beta = (alpha - 1) / T, so a share is P(alpha, beta t) between the
    edges, P the regularised lower incomplete gamma function. alpha must exceed 1.
    """
    from scipy.special import gammainc

    beta = (alpha - 1) / maximum
    return np.diff(gammainc(alpha[:, None], beta[:, None] * edges), axis=1)


def radii(energy: np.ndarray, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radii R_C of the core and R_T of the tail of the lateral profile, in Moliere radii.

    Either component has the radial density 2 r R^2 / (r^2 + R^2)^2.
    R_C = 0.0251 + 0.00319 ln E + (0.1162 - 0.000381 Z) tau;
    R_T = (0.659 - 0.00309 Z) (exp(-2.59 (tau - 0.645)) + exp((0.3585 + 0.0421 ln E) (tau - 0.645))).
    """
    log_energy = np.log(energy)
    core = 0.0251 + 0.00319 * log_energy + (0.1162 - 0.000381 * Z) * tau
    growth = np.exp(-2.59 * (tau - 0.645)) + np.exp((0.3585 + 0.0421 * log_energy) * (tau - 0.645))
    return core, (0.659 - 0.00309 * Z) * growth


def core_share(energy: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """Share p of the core: (2.632 - 0.00094 Z) exp(u - exp u), u = (0.401 + 0.00187 Z - tau) / (1.313 - 0.0686 ln E).

    Clipped to 0 ... 1.
    """
    u = (0.401 + 0.00187 * Z - tau) / (1.313 - 0.0686 * np.log(energy))
    return np.clip((2.632 - 0.00094 * Z) * np.exp(u - np.exp(u)), 0, 1)
