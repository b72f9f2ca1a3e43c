"""Scaling laws of related solvable systems against sums, simulated regressions and gradient flows."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from replication.errors import ReplicationError
from replication.theory import random_features as theory
from tests.theory import solvable_models as systems


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def power_law(modes, exponent):
    return np.arange(1.0, modes + 1) ** -exponent


def slope(x, y):
    """Of ln y over ln x."""
    return np.polyfit(np.log(x), np.log(y), 1)[0]


# solvable model of Maloney, Roberts and Sully


def simulated_model(rng, latent, features, samples, ridge, noise):
    """One draw of features, samples, teacher and noise; the loss on endless test points."""
    x = rng.normal(size=(samples, len(latent))) * np.sqrt(latent)
    u = rng.normal(size=(features, len(latent)))
    teacher = rng.normal(size=len(latent)) / np.sqrt(len(latent))
    z, y = x @ u.T, x @ teacher + noise * rng.normal(size=samples)
    readout = z.T @ np.linalg.solve(z @ z.T + ridge * np.eye(samples), y) if ridge else np.linalg.lstsq(z, y)[0]
    return (latent @ (teacher - u.T @ readout) ** 2 + noise**2) / 2


@pytest.mark.parametrize(
    ("features", "samples", "ridge", "noise"),
    [(30, 90, 0.0, 0.0), (90, 30, 0.0, 0.0), (60, 60, 3.0, 0.05), (160, 240, 0.0, 0.1)],
)
def test_solvable_model_against_simulation(features, samples, ridge, noise):
    """Within four standard errors of 100 draws and the share 1 / min(N, T) that the theory leaves out."""
    rng, latent = np.random.default_rng(features), power_law(120, 2.0)
    sample = [simulated_model(rng, latent, features, samples, ridge, noise) for _ in range(100)]
    expected = systems.solvable_model_loss(latent, features, samples, ridge, noise)
    error = 4 * np.std(sample, ddof=1) / 10 + (expected - noise**2 / 2) / min(features, samples)
    assert abs(np.mean(sample) - expected) < error, np.mean(sample) / expected


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 1.0])
def test_solvable_model_is_symmetric(ridge):
    latent = power_law(1000, 1.6)
    for few, many in ((20, 60), (50, 51), (300, 900)):
        one, other = (systems.solvable_model_loss(latent, *pair, ridge) for pair in ((few, many), (many, few)))
        assert one == pytest.approx(other, rel=1e-8)


@pytest.mark.parametrize("alpha", [0.6, 1.0])
def test_solvable_model_follows_the_smaller_of_both(alpha):
    """min^-alpha with either side, and a plateau in the larger."""
    latent, sizes = power_law(10**5, 1 + alpha), np.array([20, 40, 80])
    features = [systems.solvable_model_loss(latent, size, 10**4) for size in sizes]
    samples = [systems.solvable_model_loss(latent, 10**4, size) for size in sizes]
    both = [systems.solvable_model_loss(latent, size, 3 * size) for size in sizes]
    for losses in (features, samples, both):
        assert slope(sizes, losses) == pytest.approx(-alpha, abs=0.04)
    larger = [systems.solvable_model_loss(latent, 40, size) for size in (10**4, 10**5, 10**6)]
    np.testing.assert_allclose(larger, larger[-1], rtol=0.005)


def test_solvable_model_ends_on_a_plateau_at_the_latent_dimension():
    """Once N and T pass M, more features change nothing, more samples little: noise^2 / 2 is left."""
    latent, noise = power_law(50, 2.0), 0.1
    beyond = [systems.solvable_model_loss(latent, size, 10**6, noise=noise) for size in (51, 100, 1000, 10**5)]
    np.testing.assert_allclose(beyond, noise**2 / 2 / (1 - 50 / 10**6), rtol=1e-12)
    assert systems.solvable_model_loss(latent, 40, 10**6, noise=noise) > 1.001 * beyond[0]
    assert systems.solvable_model_loss(latent, 100, 200) == 0


# dynamical model of Bordelon, Atanasov and Pehlevan


@pytest.mark.parametrize(("a", "b"), [(1.5, 1.25), (2.0, 1.5), (3.0, 2.0)])
def test_time_exponent_against_the_exact_flow(a, b):
    """10^6 modes: the flow at times that its first modes have long learnt and its last have not seen."""
    modes, times = 10**6, np.geomspace(100, 1000, 5)
    losses = systems.gradient_flow_loss(power_law(modes, b), power_law(modes, a), times)
    # the sum's end is missing: its integral
    losses += modes ** (1 - a) / (a - 1) / 2
    assert -slope(times, losses) == pytest.approx(systems.time_exponent(a, b), abs=0.01)


def test_gradient_flow_against_small_steps():
    eigenvalues, power, step = power_law(30, 1.5), power_law(30, 2.0), 1e-4
    error = np.sqrt(power)
    for _ in range(30_000):
        error = error - step * eigenvalues * error
    # steps of 1e-4 are right up to 2 lambda^2 step t / 2 = 3e-4
    assert systems.gradient_flow_loss(eigenvalues, power, [3.0]) == pytest.approx(np.sum(error**2) / 2, rel=1e-3)


def flows(rng, a, b, features, modes):
    """Eigenvalues and squared overlaps of the flow with random features, and what they never learn.

    Features u Lambda^1/2 g / sqrt(N): in the space of errors e = Lambda^1/2 (w* - ...), de/dt = -H e, with
    H = Lambda^1/2 u'u Lambda^1/2 / N; signs of the target are averaged, so its covariance is diag(power).
    """
    root = rng.normal(size=(features, modes)) * np.sqrt(power_law(modes, b) / features)
    _, values, right = np.linalg.svd(root, full_matrices=False)
    power = power_law(modes, a)
    overlaps = right**2 @ power
    return values**2, overlaps, np.sum(power) - np.sum(overlaps)


def flow_losses(flow, times):
    eigenvalues, overlaps, never = flow
    return systems.gradient_flow_loss(eigenvalues, overlaps, times) + never / 2


@pytest.mark.parametrize(("a", "b"), [(2.0, 1.5), (1.6, 2.0), (4.0, 1.5), (5.0, 2.0)])
def test_width_exponent_against_simulated_features(a, b):
    """Fully trained random features; min(a - 1, b), where 2 b in place of b would be off by 1 and more."""
    rng, sizes = np.random.default_rng(3), np.array([16, 32, 64, 128])
    losses = [np.mean([flow_losses(flows(rng, a, b, size, 2000), [np.inf]) for _ in range(6)]) for size in sizes]
    losses = np.array(losses) + 2000 ** (1 - a) / (a - 1) / 2
    # six draws scatter by 2 to 5 %, and 1 / N bends the law
    assert -slope(sizes, losses) == pytest.approx(systems.width_exponent(a, b), abs=0.12)


@pytest.mark.parametrize(("a", "b"), [(2.0, 1.5), (3.0, 1.5), (7.0, 2.0)])
def test_data_exponent_against_simulated_regression(a, b):
    """Min-norm regression on P points of all features agrees with the theory, whose slope is min(a - 1, 2 b).

    Means of 40 draws within four standard errors and 3 / P: where the target is easy, rare draws weigh much.
    """
    rng, modes, draws = np.random.default_rng(4), 600, 40
    eigenvalues, power = power_law(modes, b), power_law(modes, a)
    for size in (64, 128):
        sample = []
        for _ in range(draws):
            basis = np.linalg.qr((rng.normal(size=(size, modes)) * np.sqrt(eigenvalues)).T)[0]
            weights = rng.choice([-1, 1], modes) * np.sqrt(power / eigenvalues)
            sample.append(eigenvalues @ (weights - basis @ (basis.T @ weights)) ** 2 / 2)
        expected = theory.loss(eigenvalues, power, size, np.inf)
        error = 4 * np.std(sample, ddof=1) / np.sqrt(draws) + 3 / size * expected
        assert abs(np.mean(sample) - expected) < error, np.mean(sample) / expected
    sizes, many = np.array([100, 200]), 20_000
    losses = [theory.loss(power_law(many, b), power_law(many, a), size, np.inf) for size in sizes]
    assert -slope(sizes, losses) == pytest.approx(systems.data_exponent(a, b), abs=0.03)


def test_compute_optimal_frontier():
    """min over N of L(t = C / N, N) of simulated flows falls as C^-(a-1)/(b+1)."""
    a, b, modes, rng = 2.0, 1.5, 4000, np.random.default_rng(5)
    widths = np.unique(np.geomspace(8, 256, 16).astype(int))
    compute = np.geomspace(100, 10**3.6, 6)
    table = np.mean(
        [[flow_losses(flows(rng, a, b, width, modes), compute / width) for width in widths] for _ in range(2)], axis=0
    )
    best = np.argmin(table, axis=0)
    assert np.all((best > 0) & (best < len(widths) - 1))  # the optimum lies inside the grid
    frontier = table.min(axis=0) + modes ** (1 - a) / (a - 1) / 2
    assert -slope(compute, frontier) == pytest.approx(systems.compute_exponent(a, b), abs=0.04)
    # wider networks as compute grows, with most of it in time: N ~ C^(1/(b+1))
    assert slope(compute, widths[best]) == pytest.approx(1 / (b + 1), abs=0.12)


@pytest.mark.parametrize("a_b", [(1.0, 1.5), (2.0, 1.0), (0.5, 0.5)])
def test_endless_traces_are_refused(a_b):
    for law in (systems.time_exponent, systems.data_exponent, systems.width_exponent, systems.compute_exponent):
        with pytest.raises(ReplicationError, match="no finite sum"):
            law(*a_b)


def test_no_law_of_compute_for_easy_targets():
    with pytest.raises(ReplicationError, match="single law of compute"):
        systems.compute_exponent(3.0, 1.5)


# power laws in time of Velikanov and Yarotsky


@pytest.mark.parametrize(("nu", "kappa"), [(1.5, 0.5), (2.0, 1.0), (1.25, 1.5)])
def test_law_in_time_against_the_exact_sum(nu, kappa):
    """Level and exponent, for coefficients whose tail sums are K k^-kappa exactly."""
    modes, amplitude, tail = 10**6, 0.7, 0.3
    k = np.arange(1.0, modes + 2)
    power = -np.diff(tail * k**-kappa)
    times = np.geomspace(30, 300, 4)
    exact = systems.gradient_flow_loss(amplitude * power_law(modes, nu), power, times) + tail * modes**-kappa / 2
    law = systems.power_law_in_time(times, amplitude, nu, tail, kappa)
    # what is left is the spacing of the modes, of relative order t^(-1/nu)
    assert np.all(np.abs(exact / law - 1) < 2 * kappa * times ** (-1 / nu))
    assert slope(times, exact) == pytest.approx(-kappa / nu, abs=0.03 * kappa)


def test_law_in_time_has_the_prefactor():
    """At late times 1 % right, where a factor of 2 in the time would be off by 2^(kappa/nu)."""
    modes, nu, kappa = 4 * 10**6, 2.0, 1.0
    power = -np.diff(np.arange(1.0, modes + 2) ** -kappa)
    exact = systems.gradient_flow_loss(power_law(modes, nu), power, [1e5]) + 1 / modes / 2
    assert exact == pytest.approx(systems.power_law_in_time([1e5], 1.0, nu, 1.0, kappa), rel=0.01)


# epistemic uncertainty of Bayesian linear regression


def regression(seed, points, dimension=8):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(dimension, dimension)) / np.sqrt(dimension)
    return rng, rng.normal(size=(points, dimension)) @ mixing.T, mixing @ mixing.T


@pytest.mark.parametrize("points", [4, 30])
def test_epistemic_variance_against_the_scatter_of_teachers(points):
    """Teachers from the prior, noisy labels, ridge regression: squared errors of 2000 draws, four standard errors."""
    rng, x, covariance = regression(6, points)
    prior, noise = 0.5, 0.2
    w = rng.normal(size=(8, 2000)) * np.sqrt(prior)
    y = x @ w + np.sqrt(noise) * rng.normal(size=(points, 2000))
    error = np.linalg.solve(x.T @ x + noise / prior * np.eye(8), x.T @ y) - w
    sample = np.sum(error * (covariance @ error), axis=0)
    found = systems.epistemic_variance(x, covariance, prior, noise)
    assert found == pytest.approx(sample.mean(), abs=4 * sample.std() / np.sqrt(2000))
    assert sample.std() / np.sqrt(2000) < 0.03 * found


def test_epistemic_variance_without_data_is_the_prior():
    _, _, covariance = regression(7, 1)
    found = systems.epistemic_variance(np.zeros((0, 8)), covariance, 0.5, 0.2)
    assert found == pytest.approx(0.5 * np.trace(covariance), rel=1e-12)


def test_epistemic_variance_falls_as_one_over_n():
    """The law's level: exactly N / (N - d - 1) of it for Gaussian inputs without a prior, averaged over inputs."""
    sizes = np.array([200, 800, 3200])
    found = []
    for size in sizes:
        draws = [systems.epistemic_variance(x, c, 1e6, 0.2) for _, x, c in (regression(8 + s, size) for s in range(60))]
        found.append(np.mean(draws))
    law = np.array([systems.epistemic_law(size, 8, 0.2) for size in sizes])
    # 60 draws scatter by about sqrt(2 / (60 d N)) of the mean: 0.5 % at the smallest size
    np.testing.assert_allclose(found, law * sizes / (sizes - 9), rtol=0.02)
    assert slope(sizes, found) == pytest.approx(-1, abs=0.03)
    assert systems.epistemic_law(100, 8, 0.2) == pytest.approx(0.016, rel=1e-12)
