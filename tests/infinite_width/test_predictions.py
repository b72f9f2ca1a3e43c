"""Infinite-width predictions: identities, neural-tangents' own predictions, draws, sampled wide networks."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.infinite_width import predictions
from replication.infinite_width.closed_form import Kernels, kernels
from replication.infinite_width.predictions import KernelMatrices
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.network import MLP

SIZES = (3, 8, 20, 30)


def make_kernels(spec, rng, points=30, tests=9, outputs=3):
    x, z = rng.normal(size=(points, 6)), rng.normal(size=(tests, 6))
    return KernelMatrices(
        kernels(spec, x), kernels(spec, x, z), kernels(spec, z).nngp, rng.normal(size=(points, outputs))
    )


def direct(matrices, size, transfer):
    """The textbook formulas, with explicit inverses: m = T Y, Sigma = K_** + T K T' - T K_X* - (T K_X*)'."""
    k, cross = matrices.training.nngp[:size, :size], matrices.cross.nngp[:size]
    mean = transfer @ matrices.y[:size]
    return mean, matrices.test_nngp + transfer @ k @ transfer.T - transfer @ cross - (transfer @ cross).T


@pytest.mark.parametrize("kind", ["bayes", "gradient_descent_to_convergence"])
def test_nested_sizes_equal_separate_inversions(spec, rng, kind):
    matrices = make_kernels(spec, rng)
    for size, got in zip(SIZES, getattr(predictions, kind)(matrices, SIZES), strict=True):
        which = "nngp" if kind == "bayes" else "ntk"
        kernel, cross = getattr(matrices.training, which)[:size, :size], getattr(matrices.cross, which)[:size]
        for a, b in zip(got[:2], direct(matrices, size, cross.T @ np.linalg.inv(kernel)), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-10)


@pytest.mark.parametrize("fraction", [0.3, 0.9])
def test_descent_equals_steps_taken_one_by_one(spec, rng, fraction):
    """The linear recursion of outputs on training and test points, iterated: f <- f - eta/n Theta (f - Y)."""
    matrices, size, steps = make_kernels(spec, rng), 12, 37
    got = predictions.gradient_descent(matrices, size, fraction, steps)
    theta, theta_cross = matrices.training.ntk[:size, :size], matrices.cross.ntk[:size]
    assert got.learning_rate == pytest.approx(fraction * 2 * size / np.linalg.eigvalsh(theta)[-1], rel=1e-12)
    forget, transfer = (
        np.eye(size),
        np.zeros((9, size)),
    )  # f_train - Y = forget (f_0 - Y); f_test = f_0* + transfer (Y - f_0)
    for _ in range(steps):
        transfer = transfer + got.learning_rate / size * theta_cross.T @ forget
        forget = forget - got.learning_rate / size * theta @ forget
    for a, b in zip(got.prediction[:2], direct(matrices, size, transfer), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-11)
    k = matrices.training.nngp[:size, :size]
    loss = (np.sum((forget @ matrices.y[:size]) ** 2) + 3 * np.trace(forget @ k @ forget.T)) / (2 * size)
    assert got.training_loss == pytest.approx(loss, rel=1e-10)


def test_many_steps_converge(spec, rng):
    matrices = make_kernels(spec, rng)
    limit = next(iter(predictions.gradient_descent_to_convergence(matrices, (20,))))
    long = predictions.gradient_descent(matrices, 20, 0.5, 10**7).prediction
    np.testing.assert_allclose(long.mean, limit.mean, atol=1e-8)
    np.testing.assert_allclose(long.covariance, limit.covariance, atol=1e-8)


@pytest.mark.parametrize("time", [5, None])
def test_agrees_with_neural_tangents(spec, rng, time):
    """Same kernel matrices, continuous time against small discrete steps, or both converged."""
    from replication.infinite_width.kernels import stax_kernel

    stax_kernel(spec)  # makes JAX float64
    import neural_tangents as nt

    matrices, size = make_kernels(spec, rng), 15
    together = Kernels(
        *(
            np.block([[k[:size, :size], c[:size]], [c[:size].T, t]])
            for k, c, t in zip(matrices.training, matrices.cross, (matrices.test_nngp, np.eye(9)), strict=True)
        )
    )

    def kernel_fn(x1, x2, get, **_):
        rows, columns = (np.asarray(x, int)[:, 0] for x in (x1, x1 if x2 is None else x2))
        picked = Kernels(*(kernel[np.ix_(rows, columns)] for kernel in together))
        return getattr(picked, get) if isinstance(get, str) else picked

    index = np.arange(size + 9)[:, None]
    predict = nt.predict.gradient_descent_mse_ensemble(kernel_fn, index[:size], matrices.y[:size], diag_reg=0.0)
    t = None if time is None else float(time)
    theirs = predict(t=t, x_test=index[size:], get=("ntk",), compute_cov=True)[0]
    if time is None:
        ours = next(iter(predictions.gradient_descent_to_convergence(matrices, (size,))))
        bayes = next(iter(predictions.bayes(matrices, (size,))))
        nngp = predict(t=None, x_test=index[size:], get=("nngp",), compute_cov=True)[0]
        np.testing.assert_allclose(bayes.mean, nngp.mean, atol=1e-8)
        np.testing.assert_allclose(bayes.covariance, nngp.covariance, atol=1e-8)
    else:
        # their flow is df/dt = -Theta (f - Y) / (n C); a step of eta takes time eta C: halve it twice and extrapolate
        largest = np.linalg.eigvalsh(matrices.training.ntk[:size, :size])[-1]
        runs = []
        for steps in (4000, 8000):
            fraction = time / 3 / steps * largest / (2 * size)
            runs.append(predictions.gradient_descent(matrices, size, fraction, steps).prediction)
        ours = predictions.Prediction(*(2 * fine - coarse for coarse, fine in zip(*runs, strict=True)))
    np.testing.assert_allclose(ours.mean, theirs.mean, atol=1e-6 if time else 1e-8)
    np.testing.assert_allclose(ours.covariance, theirs.covariance, atol=1e-6 if time else 1e-8)


def test_moments_of_the_loss_against_draws(rng):
    points, outputs, draws = 7, 3, 100_000
    root = rng.normal(size=(points, points))
    covariance, mean, y = root @ root.T, rng.normal(size=(points, outputs)), rng.normal(size=(points, outputs))
    samples = mean + np.einsum("ij,djk->dik", root, rng.normal(size=(draws, points, outputs)))
    losses = ((samples - y) ** 2).sum(axis=(1, 2)) / (2 * points)
    exact = gaussian_moments(mean, covariance, y)
    assert abs(losses.mean() - exact.mean) < 4 * losses.std() / np.sqrt(draws)
    fourth = np.mean((losses - losses.mean()) ** 4)
    error = np.sqrt((fourth - losses.var() ** 2) / draws) / (2 * losses.std())
    assert abs(losses.std() - exact.std) < 4 * error
    assert exact.coefficient_of_variation == pytest.approx(exact.std / exact.mean, rel=1e-12)


def test_coefficient_of_variation_ignores_the_scale_of_the_loss(rng):
    covariance, mean, y = np.diag(rng.uniform(size=5)), rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    one, ten = gaussian_moments(mean, covariance, y), gaussian_moments(10 * mean, 100 * covariance, 10 * y)
    assert one.coefficient_of_variation == pytest.approx(ten.coefficient_of_variation, rel=1e-12)
    assert ten.mean == pytest.approx(100 * one.mean, rel=1e-12)


def test_repeated_point_is_a_one_line_error_and_diag_reg_cures_it(rng):
    spec = MLP(depth=1, activation="relu", weight_variance=2.0, bias_variance=0.0)
    x = rng.normal(size=(6, 4))
    x[3] = x[1]
    z = rng.normal(size=(2, 4))
    matrices = KernelMatrices(kernels(spec, x), kernels(spec, x, z), kernels(spec, z).nngp, np.ones((6, 1)))
    matrices.training.nngp[3] = matrices.training.nngp[1]  # exactly singular, whatever the rounding
    matrices.training.nngp[:, 3] = matrices.training.nngp[:, 1]
    matrices.training.nngp[3, 3] -= 1e-12
    with pytest.raises(ReplicationError, match="diag_reg") as error:
        list(predictions.bayes(matrices, (6,)))
    assert "\n" not in str(error.value)
    assert np.all(np.isfinite(next(iter(predictions.bayes(matrices, (6,), diag_reg=1e-8))).mean))


@pytest.mark.parametrize("kind", ["bayes", "gradient_descent_to_convergence"])
def test_diag_reg_enters_the_inverted_kernel_only(spec, rng, kind):
    matrices, size, diag_reg = make_kernels(spec, rng), 12, 0.01
    which = "nngp" if kind == "bayes" else "ntk"
    kernel, cross = getattr(matrices.training, which)[:size, :size], getattr(matrices.cross, which)[:size]
    (got,) = getattr(predictions, kind)(matrices, (size,), diag_reg)
    inverted = kernel + diag_reg * np.diag(kernel).mean() * np.eye(size)
    transfer = cross.T @ np.linalg.inv(inverted)
    mean, covariance = direct(matrices, size, transfer)
    np.testing.assert_allclose(got.mean, mean, atol=1e-10)
    if (
        kind == "gradient_descent_to_convergence"
    ):  # Bayes with noise-free labels and a regularised kernel is K_** - K_* (K + r)^-1 K_X*
        np.testing.assert_allclose(got.covariance, covariance, atol=1e-10)
    else:
        np.testing.assert_allclose(got.covariance, matrices.test_nngp - transfer @ cross, atol=1e-10)


@pytest.mark.parametrize("kind", ["bayes", "gradient_descent_to_convergence"])
def test_sizes_in_between_change_no_prediction(spec, rng, kind):
    matrices = make_kernels(spec, rng)
    every = list(getattr(predictions, kind)(matrices, range(1, 31)))
    for size, got in zip(SIZES, getattr(predictions, kind)(matrices, SIZES), strict=True):
        dense = every[size - 1]
        np.testing.assert_allclose(got.mean, dense.mean, atol=1e-12)
        np.testing.assert_allclose(got.covariance, dense.covariance, atol=1e-12)
        assert got.condition_number == pytest.approx(dense.condition_number, rel=1e-9)


@pytest.mark.parametrize("together", [0, 1, 12, 29, 30])
def test_sizes_go_different_ways_to_the_same_covariance(spec, rng, monkeypatch, together):
    matrices, sizes = make_kernels(spec, rng), range(1, 31)
    monkeypatch.setattr(predictions, "_reduced_together", lambda *_: 0)
    one_way = list(predictions.gradient_descent_to_convergence(matrices, sizes))
    monkeypatch.setattr(predictions, "_reduced_together", lambda *_: together)
    for got, solved in zip(predictions.gradient_descent_to_convergence(matrices, sizes), one_way, strict=True):
        np.testing.assert_allclose(got.covariance, solved.covariance, atol=1e-12)


def test_the_cheapest_way_is_taken():
    """One size alone is solved; many are reduced; a much larger last one is solved beside them."""
    assert predictions._reduced_together([30], 5) == 0
    assert predictions._reduced_together(range(100, 1001, 10), 1000) == 91
    assert predictions._reduced_together([2**k for k in range(4, 15)], 1000) == 7


def linearised_losses(rng, spec, x, y, test_x, test_y, width, networks):
    """Test losses of ReLU networks of one hidden layer and one output, converged in their own linearisation.

    f(x*) = f_0(x*) + Theta_* Theta^-1 (y - f_0(x)) with the network's own Theta at initialisation, in closed form:
    C_W / width times the sum over neurons of relu relu' + a^2 step step' (C_W x.x' / d + C_b), plus C_b.
    """
    points = np.vstack([x, test_x])
    size, inner = len(x), spec.bias_variance + spec.weight_variance * points @ points.T / x.shape[1]
    losses = []
    for _ in range(networks):
        weights, biases, a = rng.normal(size=(x.shape[1], width)), rng.normal(size=width), rng.normal(size=width)
        z = np.sqrt(spec.weight_variance / x.shape[1]) * points @ weights + np.sqrt(spec.bias_variance) * biases
        hidden, slopes = np.maximum(z, 0), (z > 0) * a
        f = np.sqrt(spec.weight_variance / width) * hidden @ a + np.sqrt(spec.bias_variance) * rng.normal()
        theta = spec.weight_variance / width * (hidden @ hidden.T + slopes @ slopes.T * inner) + spec.bias_variance
        f[size:] += theta[size:, :size] @ np.linalg.solve(theta[:size, :size], y - f[:size])
        losses.append(np.sum((f[size:] - test_y) ** 2) / (2 * len(test_y)))
    return np.array(losses)


def test_wide_networks_have_the_predicted_losses():
    """2,000 networks of width 2048, within 4 standard errors and 20 / width, 1 %, of mean and standard deviation."""
    rng, width, networks = np.random.default_rng(3), 2048, 2000
    spec = MLP(depth=1, activation="relu", weight_variance=1.8, bias_variance=0.1)
    x, test_x = rng.normal(size=(6, 5)), rng.normal(size=(9, 5))
    y, test_y = np.sin(x[:, 0]), np.sin(test_x[:, 0])
    matrices = KernelMatrices(kernels(spec, x), kernels(spec, x, test_x), kernels(spec, test_x).nngp, y[:, None])
    (exact,) = predictions.gradient_descent_to_convergence(matrices, (6,))
    expected = gaussian_moments(exact.mean, exact.covariance, test_y[:, None])
    losses = linearised_losses(rng, spec, x, y, test_x, test_y, width, networks)
    fourth = np.mean((losses - losses.mean()) ** 4)
    errors = losses.std() / np.sqrt(networks), np.sqrt((fourth - losses.var() ** 2) / networks) / (2 * losses.std())
    for measured, error, value in zip((losses.mean(), losses.std()), errors, expected[:2], strict=True):
        assert abs(measured - value) < 4 * error + 20 / width * value
        assert 4 * error + 20 / width * value < 0.15 * value  # the test can tell a wrong formula
