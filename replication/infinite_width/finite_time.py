"""Infinitely wide networks after a finite number of gradient descent steps, and the largest step that is stable."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh

from replication.errors import ReplicationError
from replication.infinite_width.kernel_matrices import KernelMatrices, Prediction
from replication.infinite_width.linear_algebra import Array, LinearAlgebra, SciPy, linear_algebra
from replication.settings.training import Momenta
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


class Modes(NamedTuple):
    """A training set of size n in the basis of its kernel Theta = E l E': columns of `vectors` and `eigenvalues`.

    condition_number: l_max / l_min; weights: |(E' Y)_j|^2 + C (E' K E)_jj, of which the mean training loss is
    sum_j weights_j P_j^2 / (2 n) if descent leaves the share P_j of mode j.
    """

    vectors: Array
    eigenvalues: np.ndarray
    condition_number: float
    weights: np.ndarray

    @classmethod
    def of(cls, kernels: KernelMatrices, size: int, algebra: LinearAlgebra | None = None) -> "Modes":
        """Of the first `size` points; vectors lie where the algebra, SciPy unless another is given, works."""
        algebra = algebra or SciPy()
        k, theta = (kernel[:size, :size] for kernel in kernels.training)
        check_finite(training_nngp=k, training_ntk=theta)
        k, y = algebra.put(k), kernels.y[:size]
        eigenvalues, vectors = algebra.eigh(theta)
        condition_number = float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else np.inf
        powers = np.einsum("ij,ij->j", vectors, k @ vectors)
        weights = np.sum(np.asarray(vectors.T @ y) ** 2, axis=1) + y.shape[1] * powers
        return cls(vectors, np.clip(eigenvalues, 0.0, None), condition_number, weights)

    def learning_rate(self, fraction: float) -> float:
        """The fraction of the largest stable step of gradient descent, 2 n / l_max."""
        return float(fraction * 2 * len(self.eigenvalues) / _positive(self.eigenvalues[-1]))

    def training_loss(self, left: np.ndarray) -> float:
        """The mean over the ensemble where the shares `left` are."""
        return float(self.weights @ left**2 / (2 * len(left)))


def gradient_descent(
    kernels: KernelMatrices,
    training_size: int,
    learning_rate_fraction: float,
    steps: int,
    momenta: Momenta = 0.0,
    algebra: str = "scipy",
) -> Descent:
    """`steps` steps of gradient descent on 1/(2 n) ||f - Y||^2 with eta = fraction x 2 / lambda_max(Theta / n).

    T = Theta_* Theta^-1 (I - P), P = (I - eta Theta / n)^steps, by an eigendecomposition of Theta = E l E'. The mean
    training loss is (||P Y||_F^2 + C tr(P K P)) / (2 n). Nothing is inverted, so nothing is regularised. `momenta` are
    those of a heavy ball, beta of every step: a number, or a function of the steps done. Its step is the same, of which
    (1 + beta) / fraction times were stable, and P is that of `heavy_ball`. `algebra` is "scipy" or "jax".
    ReplicationError for shapes that do not match, a size that is no whole number from 1 to N, steps below 0, a constant
    beta outside [0, 1) and a fraction outside (0, 1 + the first beta), which diverges.
    """
    (size,), used = kernels.checked_sizes((training_size,)), linear_algebra(algebra)
    steps = check_count("steps", steps, smallest=0)
    fraction = checked_fraction(learning_rate_fraction, momenta)
    modes = Modes.of(kernels, size, used)
    k_cross, theta_cross = (used.put(kernel[:size]) for kernel in kernels.cross)
    k, y = (used.put(array) for array in (kernels.training.nngp[:size, :size], kernels.y[:size]))
    learning_rate = modes.learning_rate(fraction)
    left, gain = _left_and_gain(learning_rate, size, modes.eigenvalues, steps, momenta)
    transfer = modes.vectors @ (gain[:, None] * (modes.vectors.T @ theta_cross))  # T'
    cross = np.asarray(transfer.T @ (0.5 * (k @ transfer) - k_cross))
    covariance = kernels.test_nngp + cross + cross.T
    prediction = Prediction(np.asarray(transfer.T @ y), covariance, modes.condition_number, diag_reg=0.0)
    return Descent(prediction, learning_rate, modes.training_loss(left))


def steps_to(
    kernels: KernelMatrices,
    training_size: int,
    learning_rate_fraction: float,
    training_loss: float,
    most: int,
    momenta: Momenta = 0.0,
    algebra: str = "scipy",
) -> int:
    """The steps of `gradient_descent` after which its mean training loss stays at or below `training_loss`.

    At most `most`, whether or not it has fallen so far by then, and at least 1: one more than the last step above it,
    eigenvalue by eigenvalue, P_{k+1} = P_k + beta_k (P_k - P_{k-1}) - eta l / n P_k. Algebra and errors as of
    `gradient_descent`.
    """
    (size,) = kernels.checked_sizes((training_size,))
    modes = Modes.of(kernels, size, linear_algebra(algebra))
    step = modes.learning_rate(checked_fraction(learning_rate_fraction, momenta)) / size * modes.eigenvalues
    before, now, above = np.ones(size), np.ones(size), 0
    for done in range(check_count("most", most)):
        if modes.training_loss(now) > training_loss:
            above = done
        elif not momenta:  # which never rises again
            break
        before, now = now, now + momentum_after(momenta, done) * (now - before) - step * now
    return above + 1


def checked_fraction(fraction: float, momenta: Momenta) -> float:
    """The fraction of the largest stable step, below 1 + the first momentum, or a ReplicationError."""
    if momenta and not callable(momenta):
        check_share("momentum", momenta)
    return check_share("learning_rate_fraction", fraction, below=1 + momentum_after(momenta, 0))


def _positive(eigenvalue: float) -> float:
    if eigenvalue > 0:
        return float(eigenvalue)
    raise ReplicationError(
        "the kernel vanishes: no step changes the outputs", "give other inputs, or bias_variance > 0"
    )


def _left_and_gain(
    learning_rate: float, size: int, eigenvalues: np.ndarray, steps: int, momenta: Momenta
) -> tuple[np.ndarray, np.ndarray]:
    """P and (I - P) / l of every mode."""
    if momenta:
        return heavy_ball(learning_rate / size, eigenvalues, steps, momenta)
    left = (1 - learning_rate / size * eigenvalues) ** steps
    # (1 - left) / l tends to eta steps / n where the eigenvalue vanishes
    gain = np.divide(1 - left, eigenvalues, out=np.full(size, learning_rate * steps / size), where=eigenvalues > 0)
    return left, gain


def heavy_ball(step: float, eigenvalues: np.ndarray, steps: int, momenta: Momenta) -> tuple[np.ndarray, np.ndarray]:
    """P and (1 - P) / l: with s = step x l, P_k = 1 - s q_k and q_{k+1} = 1 + (1 + beta - s) q_k - beta q_{k-1}."""
    before, now = np.zeros_like(eigenvalues), np.zeros_like(eigenvalues)
    for done in range(steps):
        beta = momentum_after(momenta, done)
        before, now = now, 1 + (1 + beta - step * eigenvalues) * now - beta * before
    return 1 - step * eigenvalues * now, step * now


def momentum_after(momenta: Momenta, done: int) -> float:
    """beta of the step that follows so many."""
    return momenta(done) if callable(momenta) else momenta
