"""Infinitely wide networks after a finite number of gradient descent steps, and the largest step that is stable."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from replication.errors import ReplicationError
from replication.infinite_width.kernel_matrices import KernelMatrices, Prediction
from replication.infinite_width.linear_algebra import linear_algebra
from replication.validation.arrays import check_finite, check_shapes
from replication.validation.numbers import check_count, check_share


class Descent(NamedTuple):
    """A finite number of gradient descent steps: prediction, the step used, mean training loss over the ensemble."""

    prediction: Prediction
    learning_rate: float
    training_loss: float


def largest_learning_rate(ntk: np.ndarray) -> float:
    """The largest stable step of gradient descent on the loss, 2 / lambda_max(Theta / N), for Theta (N, N)."""
    check_shapes(ntk=(ntk, "N N"))
    check_finite(ntk=ntk)
    last = len(ntk) - 1
    return 2 * len(ntk) / _positive(eigh(ntk, eigvals_only=True, subset_by_index=(last, last))[0])


def gradient_descent(
    kernels: KernelMatrices,
    training_size: int,
    learning_rate_fraction: float,
    steps: int,
    momentum: float = 0.0,
    algebra: str = "scipy",
) -> Descent:
    """`steps` steps of gradient descent on 1/(2 n) ||f - Y||^2 with eta = fraction x 2 / lambda_max(Theta / n).

    T = Theta_* Theta^-1 (I - P), P = (I - eta Theta / n)^steps, by an eigendecomposition of Theta = E l E'. The mean
    training loss is (||P Y||_F^2 + C tr(P K P)) / (2 n). Nothing is inverted, so nothing is regularised. With a heavy
    ball's `momentum` beta the step is the same, of which (1 + beta) / fraction times were stable, and P is that of
    `_heavy_ball`. `algebra` is "scipy" or "jax". ReplicationError for shapes that do not match, a size that is no whole
    number from 1 to N, steps below 0, a momentum outside [0, 1) and a fraction outside (0, 1 + momentum), which
    diverges.
    """
    (size,), used = kernels.checked_sizes((training_size,)), linear_algebra(algebra)
    steps = check_count("steps", steps, smallest=0)
    momentum = check_share("momentum", momentum) if momentum else 0.0
    fraction = check_share("learning_rate_fraction", learning_rate_fraction, below=1 + momentum)
    k, theta = (kernel[:size, :size] for kernel in kernels.training)
    k_cross, theta_cross = (kernel[:size] for kernel in kernels.cross)
    check_finite(training_nngp=k, training_ntk=theta)
    y = kernels.y[:size]
    eigenvalues, modes = used.eigh(theta)
    k, k_cross, theta_cross, y = (used.put(array) for array in (k, k_cross, theta_cross, y))
    condition_number = float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else np.inf
    eigenvalues = np.clip(eigenvalues, 0.0, None)
    learning_rate = fraction * 2 * size / _positive(eigenvalues[-1])
    left, gain = _left_and_gain(learning_rate, size, eigenvalues, steps, momentum)
    transfer = modes @ (gain[:, None] * (modes.T @ theta_cross))  # T'
    cross = np.asarray(transfer.T @ (0.5 * (k @ transfer) - k_cross))
    covariance = kernels.test_nngp + cross + cross.T
    prediction = Prediction(np.asarray(transfer.T @ y), covariance, condition_number, diag_reg=0.0)
    powers = np.einsum("ij,ij->j", modes, k @ modes)  # diagonal of E' K E
    residual = np.sum((left[:, None] * np.asarray(modes.T @ y)) ** 2) + y.shape[1] * left**2 @ powers
    return Descent(prediction, float(learning_rate), float(residual / (2 * size)))


def _positive(eigenvalue: float) -> float:
    if eigenvalue > 0:
        return float(eigenvalue)
    raise ReplicationError(
        "the kernel vanishes: no step changes the outputs", "give other inputs, or bias_variance > 0"
    )


def _left_and_gain(
    learning_rate: float, size: int, eigenvalues: np.ndarray, steps: int, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """P and (I - P) / l of every mode."""
    if momentum:
        return _heavy_ball(learning_rate / size, eigenvalues, steps, momentum)
    left = (1 - learning_rate / size * eigenvalues) ** steps
    # (1 - left) / l tends to eta steps / n where the eigenvalue vanishes
    gain = np.divide(1 - left, eigenvalues, out=np.full(size, learning_rate * steps / size), where=eigenvalues > 0)
    return left, gain


def _heavy_ball(step: float, eigenvalues: np.ndarray, steps: int, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    """P and (1 - P) / l: with s = step x l, P_k = 1 - s q_k and q_{k+1} = 1 + (1 + beta - s) q_k - beta q_{k-1}."""
    before, now = np.zeros_like(eigenvalues), np.zeros_like(eigenvalues)
    for _ in range(steps):
        before, now = now, 1 + (1 + momentum - step * eigenvalues) * now - momentum * before
    return 1 - step * eigenvalues * now, step * now
