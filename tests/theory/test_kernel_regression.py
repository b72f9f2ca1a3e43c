"""Learning-curve theory against simulated features, known limits and exact predictions on the digits."""

from functools import cache

import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from replication.errors import ReplicationError
from replication.infinite_width.closed_form import Kernels, kernels
from replication.infinite_width.predictions import KernelMatrices, bayes, gradient_descent_to_convergence
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.network import MLP
from replication.theory.kernel_regression import Spectrum, effective_regularisation, predict, spectrum_of

OUTPUTS = 3
MOMENTS = ["mean", "std", "coefficient_of_variation"]


@pytest.fixture(autouse=True)
def one_thread():
    """Thousands of small products: on a busy machine several threads take ten times as long as one."""
    with threadpool_limits(1):
        yield


def power_law(modes, alpha):
    return np.arange(1.0, modes + 1) ** -(1 + alpha)


def general_problem(rng, modes, alpha):
    """A spectrum whose prior does not commute with the kernel: B a Wishart matrix of rank M / 8."""
    eigenvalues = power_law(modes, alpha)
    root = np.sqrt(eigenvalues)[:, None]
    mixing = rng.normal(size=(modes, modes // 8)) / np.sqrt(modes // 8)
    return Spectrum(eigenvalues, 1.5 * root * rng.normal(size=(modes, OUTPUTS)), root * (mixing @ mixing.T) * root.T)


def simulated(rng, spectrum, n, draws, test_points):
    """mu_L and sigma_L^2 of training sets of Gaussian features for an infinite test set, sigma_L^2 for a finite one.

    With the exact projector P on the complement of the training features: (draws, 3).
    """
    root = np.sqrt(spectrum.eigenvalues)[:, None]
    w, b = spectrum.target / root, spectrum.prior / root / root.T
    rows = []
    for _ in range(draws):
        basis = np.linalg.qr(root * rng.normal(size=(len(root), n)))[0]

        def project(a, basis=basis):
            return a - basis @ (basis.T @ a)

        delta, covariance = root * project(w), root * project(project(b).T) * root.T
        mean = (np.sum(delta**2) + OUTPUTS * np.trace(covariance)) / 2
        variance = OUTPUTS / 2 * np.sum(covariance**2) + np.sum(delta * (covariance @ delta))
        features = rng.normal(size=(test_points, len(root)))
        at_points = features @ covariance @ features.T
        finite = gaussian_moments(features @ delta, at_points, np.zeros((test_points, OUTPUTS)))
        rows.append((mean, variance, finite.std**2))
    return np.array(rows)


@pytest.mark.parametrize("n", [1, 50, 399])
def test_learnabilities_sum_to_the_number_of_points(n):
    eigenvalues = power_law(400, 1.0)
    kappa = effective_regularisation(eigenvalues, n)
    assert np.sum(eigenvalues / (eigenvalues + kappa)) == pytest.approx(n, rel=1e-12)
    assert effective_regularisation(np.ones(400), n) == pytest.approx(400 / n - 1, rel=1e-12)


@pytest.mark.parametrize("n", [0, 10, 11])
def test_as_many_points_as_modes_are_refused(n):
    with pytest.raises(ReplicationError, match="smaller training sets"):
        effective_regularisation(power_law(10, 1.0), n)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_overfitting_factor_of_a_power_law(alpha):
    """Tends to 1 + alpha; what is left is 1/n and the spectrum's end, n / M."""
    eigenvalues, n = power_law(10**6, alpha), 3000
    learnability = eigenvalues / (eigenvalues + effective_regularisation(eigenvalues, n))
    assert n / (n - np.sum(learnability**2)) == pytest.approx(1 + alpha, rel=0.005)


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_bayesian_inference_on_a_power_law(alpha):
    """Theta = K: posterior variance n kappa, mu_L ~ n^-alpha, and eps_L falls as n^-1/2 without a plateau.

    With target zero sigma_L^2 = C/2 n kappa^2 gamma / (1 - gamma), and gamma / (1 - gamma) -> alpha.
    """
    eigenvalues, sizes = power_law(2000, alpha), np.array([25, 100])
    target = np.sqrt(eigenvalues)[:, None] * np.ones(OUTPUTS)
    rows = predict(Spectrum(eigenvalues, target, np.diag(eigenvalues)), sizes)
    np.testing.assert_allclose(rows["variance"], OUTPUTS / 2 * sizes * rows["kappa"], rtol=1e-10)
    # a target drawn from the prior: as much bias as variance
    np.testing.assert_allclose(rows["squared_bias"], rows["variance"], rtol=1e-10)
    # the end of the spectrum, n / M = 1/20, bends the laws at alpha = 1
    assert np.diff(np.log(rows["mean"]))[0] / np.log(4) == pytest.approx(-alpha, abs=0.05)
    assert np.diff(np.log(rows["coefficient_of_variation"]))[0] / np.log(4) == pytest.approx(-0.5, abs=0.03)
    untargeted = predict(Spectrum(eigenvalues, 0 * target, np.diag(eigenvalues)), sizes)
    expected = OUTPUTS / 2 * sizes * untargeted["kappa"] ** 2 * (untargeted["overfitting"] - 1)
    np.testing.assert_allclose(untargeted["std"] ** 2, expected, rtol=1e-10)


@pytest.mark.parametrize(("alpha", "n", "draws"), [(1.0, 50, 150), (1.0, 120, 100), (0.5, 80, 100)])
def test_moments_against_simulated_features(alpha, n, draws):
    """Within four standard errors and 1/n (mean) or 3/n (variance) of simulated training sets, B and target general."""
    rng = np.random.default_rng(n)
    spectrum = general_problem(rng, 320, alpha)
    sample = simulated(rng, spectrum, n, draws, test_points=30)
    infinite, finite = (predict(spectrum, [n], test_points).iloc[0] for test_points in (np.inf, 30))
    expected = np.array([infinite["mean"], infinite["std"] ** 2, finite["std"] ** 2])
    error = 4 * sample.std(axis=0, ddof=1) / np.sqrt(draws) + np.array([1, 3, 3]) / n * expected
    assert np.all(np.abs(sample.mean(axis=0) - expected) < error), sample.mean(axis=0) / expected
    # the correction for 30 test points more than doubles the variance: it is seen, not hidden by the tolerance
    assert finite["std"] > 1.4 * infinite["std"]


def two_resolvents(eigenvalues, b, n, a1, a2):
    """E[Q_1 B Q_2] as the module's notes state it, with u from its own equation n = s F(u), s = u - a."""
    qbars, product = [], 1.0
    for a in (a1, a2):
        start = 1 / effective_regularisation(eigenvalues, n)
        u = brentq(lambda u, a=a: (u - a) * np.sum(eigenvalues / (1 + u * eigenvalues)) - n, start / 9, 9 * start)
        qbars.append(1 / (1 + u * eigenvalues))
        product *= u - a
    g = qbars[0] * eigenvalues * qbars[1]
    c = product * (g @ np.diag(b)) / (n - product * (g @ eigenvalues))
    return qbars[0][:, None] * b * qbars[1] + np.diag(g * c)


def test_closed_form_is_the_derivative():
    """sigma_L from the mixed difference quotient of E[Q_1 B Q_2], for a prior that varies strongly over the modes.

    Steps of 1/1000 of u leave 1e-5 of truncation.
    """
    rng = np.random.default_rng(2)
    n, modes = 12, 60
    eigenvalues = power_law(modes, 1.0)
    mixing = rng.normal(size=(modes, modes)) * np.arange(1, modes + 1)[:, None] ** -0.8
    b, w = mixing @ mixing.T, rng.normal(size=(modes, OUTPUTS))
    step = 1e-3 / effective_regularisation(eigenvalues, n)
    quotient = sum(
        i * j * two_resolvents(eigenvalues, b, n, i * step, j * step) / (4 * step**2) for i in (-1, 1) for j in (-1, 1)
    )
    root = np.sqrt(eigenvalues)[:, None]
    found = predict(Spectrum(eigenvalues, root * w, root * b * root.T), [n])["std"].iloc[0]
    assert found**2 == pytest.approx(OUTPUTS / 2 * np.sum(quotient * b) + np.sum(w * (quotient @ w)), rel=1e-4)


def test_spectrum_of_a_kernel_of_known_rank():
    """Kernels of orthonormal functions give back eigenvalues, targets and prior, with the other modes dropped."""
    rng = np.random.default_rng(0)
    points, rank = 300, 20
    functions = np.sqrt(points) * np.linalg.qr(rng.normal(size=(points, rank)))[0]
    eigenvalues, target = power_law(rank, 1.0)[::-1], rng.normal(size=(rank, OUTPUTS))
    prior = np.cov(rng.normal(size=(rank, 50)))
    ntk = functions * eigenvalues @ functions.T
    found = spectrum_of(functions @ prior @ functions.T, ntk, functions @ target)
    np.testing.assert_allclose(found.eigenvalues, eigenvalues, rtol=1e-10)
    # eigenvectors have no sign
    np.testing.assert_allclose(np.abs(found.target), np.abs(target), rtol=1e-8)
    np.testing.assert_allclose(np.abs(found.prior), np.abs(prior), rtol=1e-8)
    np.testing.assert_allclose(np.linalg.eigvalsh(found.prior), np.linalg.eigvalsh(prior), rtol=1e-8)
    assert found.points == points


def measured(k, y, method, n, draws):
    """mu_L, sigma_L and eps_L for training sets of n points drawn from all, tested on the others: (draws, 3)."""
    rows, rng = [], np.random.default_rng(n)
    for _ in range(draws):
        training, test = np.split(rng.permutation(len(y)), [n])
        inner, cross = (Kernels(*(one[np.ix_(training, other)] for one in k)) for other in (training, test))
        problem = KernelMatrices(inner, cross, k.nngp[np.ix_(test, test)], y[training])
        (prediction,) = method(problem, [n])
        rows.append(gaussian_moments(prediction.mean, prediction.covariance, y[test]))
    return np.array(rows)


def test_points_of_a_sample_with_gaussian_features():
    """A spectrum from 500 points predicts training on 100 of them and testing on the others, without a free factor.

    Mean over 10 samples; the share 1/n is 1 %, and the standard error of sigma_L over the samples about 1 %.
    """
    rng = np.random.default_rng(1)
    n, points, modes = 100, 500, 1500
    ratios = []
    for _ in range(10):
        features = rng.normal(size=(points, modes)) * np.sqrt(power_law(modes, 1.0))
        k = features @ features.T
        y = features @ rng.normal(size=(modes, OUTPUTS))
        expected = predict(spectrum_of(k, k, y), [n], test_points=points - n)[MOMENTS].to_numpy()[0]
        ratios.append(measured(Kernels(k, k), y, bayes, n, draws=3).mean(axis=0) / expected)
    np.testing.assert_allclose(np.mean(ratios, axis=0), 1, atol=0.03)


@cache
def digits():
    x, label = load_digits(return_X_y=True)
    x = (x - x.mean()) / x.std()
    spec = MLP(depth=3, activation="relu", weight_variance=2.0, bias_variance=0.0)
    k, y = kernels(spec, x), np.eye(10)[label] - 0.1
    return k, y, spectrum_of(k.nngp, k.ntk, y)


@pytest.mark.parametrize("n", [64, 128, 256])
def test_digits(n):
    """Real data, K and Theta not commuting: mu_L within 6 %, sigma_L 15 %, eps_L 11 % of exact predictions.

    Over 40 draws they lie 2-3 %, 6-8 % and 4-6 % above the theory: real features are not Gaussian, and the posterior
    variance differs between points, which raises what each test point adds. Means of 8 draws scatter by 1, 3 and 2 %.
    """
    k, y, spectrum = digits()
    sample = measured(k, y, gradient_descent_to_convergence, n, draws=8)
    expected = predict(spectrum, [n], test_points=len(y) - n)[MOMENTS].to_numpy()[0]
    assert np.all(np.abs(sample.mean(axis=0) / expected - 1) < [0.06, 0.15, 0.11]), sample.mean(axis=0) / expected
