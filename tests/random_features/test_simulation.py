"""Random features: theory and closed forms against brute force, the exact duality, slopes, settings, the tables."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from threadpoolctl import threadpool_limits

from replication.datasets.dataset import Dataset
from replication.errors import ReplicationError
from replication.experiments.random_features import random_features
from replication.network import initial_weights
from replication.random_features.relu import relu_features, spectrum, spectrum_exponent
from replication.random_features.simulation import (
    excess_losses,
    loss,
    population,
    power_law_spectrum,
    projected_loss,
    residual_variances,
    selection,
)
from replication.schema import REGIMES, SIZE, VARIANCE_LIMITED
from replication.settings.analysis import Statistics
from replication.settings.network import MLP
from replication.settings.random_features import RandomFeatures
from replication.settings.sections import Window
from replication.settings.tasks import TaskSettings
from replication.theory import random_features as theory
from replication.theory.kernel_regression import Spectrum, predict
from tests.random_features import formulas

SPEC = MLP(depth=1, activation="relu", weight_variance=2.0, bias_variance=0.1)
CURVES = {
    "sizes": (4, 8, 16, 32),
    "window": {"smallest": 4, "largest": 32},
    "small": 4,
    "large_sizes": (32, 64, 128),
    "large_window": {"smallest": 32, "largest": 128},
    "draws": 3,
}
SETTINGS = {
    "power_law": CURVES | {"dimension": 128, "exponents": (1.0,)},
    "relu": CURVES
    | {"task": "digits", "sides": (2, 4), "pool_size": 100, "neurons": 120, "depth": 1, "weight_variance": 2.0}
    | {"bias_variance": 0.1, "ranks": {"smallest": 4, "largest": 32}},
}


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def fitted(rng, eigenvalues, weights, points, features, ridge, noise):
    """Test loss of one regression on one draw of points, features and labels, with nothing but solve and lstsq."""
    x = rng.normal(size=(points, len(eigenvalues))) * np.sqrt(eigenvalues)
    q = rng.normal(size=(features, len(eigenvalues)))
    y = x @ weights + noise * rng.normal(size=points)
    f = x @ q.T
    if ridge:
        readout = f.T @ np.linalg.solve(f @ f.T / features + ridge * np.eye(points), y) / features
    else:
        readout = np.linalg.lstsq(f, y, rcond=None)[0]
    return (eigenvalues @ (weights - q.T @ readout) ** 2 + noise**2) / 2


# theory


@pytest.mark.parametrize(
    ("points", "features", "ridge", "noise"),
    [
        (40, 120, 0, 0.0),  # fewer points than features, and the reverse
        (120, 40, 0, 0.2),
        (50, 50, 1e-2, 0.1),  # equal numbers, which need a ridge
        (60, 50, 1e-3, 0.0),
        (200, 280, 1e-3, 0.2),  # more of both than there are modes
        (280, 60, 1e-4, 0.0),
    ],
)
def test_loss_against_simulated_regressions(points, features, ridge, noise):
    """Within four standard errors of 80 draws, about 3 %, and the share 1 / min(D, P) that the theory leaves out."""
    rng = np.random.default_rng(points + features)
    eigenvalues = power_law_spectrum(1.0, 160)
    weights = rng.normal(size=160) * np.arange(1, 161) ** -0.2
    sample = [fitted(rng, eigenvalues, weights, points, features, ridge, noise) for _ in range(80)]
    expected = theory.loss(eigenvalues, eigenvalues * weights**2, points, features, ridge, noise)
    error = 4 * np.std(sample, ddof=1) / np.sqrt(80) + expected / min(points, features)
    assert abs(np.mean(sample) - expected) < error, np.mean(sample) / expected


@pytest.mark.parametrize("ridge", [0.0, 1e-12, 1e-6, 1e-2, 10.0, 1e6])
@pytest.mark.parametrize(("points", "features"), [(20, 70), (70, 20), (200, 30), (30, 200), (300, 200), (41, 40)])
def test_scales_solve_their_equations(points, features, ridge):
    eigenvalues = power_law_spectrum(0.7, 100)
    kappa, gamma = theory.scales(eigenvalues, points, features, ridge)
    z = np.sum(eigenvalues / (eigenvalues + gamma))
    if kappa:
        assert z + ridge / kappa == pytest.approx(points, rel=1e-7)
    if gamma:
        assert z + features * kappa / gamma == pytest.approx(features, rel=1e-7)
    assert kappa >= 0
    assert gamma >= 0
    if not ridge:
        assert z == pytest.approx(min(points, features, 100), rel=1e-10)


@pytest.mark.parametrize("ridge", [0.0, 1e-3])
def test_endless_features_are_kernel_regression(ridge):
    """P = inf, and P very large; at zero ridge the learning-curve theory of kernels."""
    rng = np.random.default_rng(0)
    eigenvalues, target = power_law_spectrum(1.0, 200), rng.normal(size=(200, 1)) / np.arange(1, 201)[:, None]
    endless = theory.loss(eigenvalues, target[:, 0] ** 2, 30, np.inf, ridge, noise=0.1)
    assert theory.loss(eigenvalues, target[:, 0] ** 2, 30, 1e9, ridge, noise=0.1) == pytest.approx(endless, rel=1e-6)
    if not ridge:
        (row,) = predict(Spectrum(eigenvalues, target, np.zeros((200, 200))), [30]).itertuples()
        assert endless == pytest.approx(row.squared_bias + row.overfitting * 0.01 / 2, rel=1e-9)


@pytest.mark.parametrize("ridge", [0.0, 1e-3])
def test_endless_data_are_the_best_fit(ridge):
    eigenvalues = power_law_spectrum(1.0, 200)
    endless = theory.loss(eigenvalues, eigenvalues, np.inf, 30, ridge, noise=0.1)
    assert theory.loss(eigenvalues, eigenvalues, 1e9, 30, ridge, noise=0.1) == pytest.approx(endless, rel=1e-5)
    rng = np.random.default_rng(1)
    best = [fitted(rng, eigenvalues, np.ones(200), 12000, 30, 0, 0) for _ in range(6)]
    # 12,000 points for 30 features leave 0.25 %; six projections scatter by 2 %
    assert endless - 0.005 == pytest.approx(np.mean(best), rel=4 * np.std(best) / np.mean(best) / np.sqrt(5) + 0.03)


def test_ridge_fades_out():
    eigenvalues = power_law_spectrum(1.0, 200)
    for points, features in ((30, 80), (80, 30)):
        without = theory.loss(eigenvalues, eigenvalues, points, features)
        assert theory.loss(eigenvalues, eigenvalues, points, features, 1e-10) == pytest.approx(without, rel=1e-5)


@pytest.mark.parametrize(("points", "features"), [(15, 50), (50, 15), (7, np.inf), (np.inf, 7), (30, 400)])
def test_theory_is_symmetric_for_teachers_of_all_features(points, features):
    eigenvalues = power_law_spectrum(0.8, 100)
    pairs = (points, features), (features, points)
    one, other = (theory.loss(eigenvalues, eigenvalues / 100, *pair) for pair in pairs)
    assert one == pytest.approx(other, rel=1e-12)
    few, many = sorted((points, features))
    assert one == pytest.approx(theory.best_fit_loss(eigenvalues, few, 100) / (1 - few / many), rel=1e-10)


def test_everything_learnt_leaves_the_noise():
    eigenvalues = power_law_spectrum(1.0, 50)
    assert theory.loss(eigenvalues, eigenvalues, 200, 100) == 0
    assert theory.loss(eigenvalues, eigenvalues, 200, 100, noise=1.0) == pytest.approx(0.5 / (1 - 50 / 200), rel=1e-12)
    assert theory.loss(eigenvalues, eigenvalues, np.inf, np.inf, noise=1.0) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize(
    ("points", "features", "ridge"), [(40, 40, 0), (100, 300, 0), (0, 5, 0), (5, -1, 0), (5, 9, -1e-3), (np.nan, 5, 0)]
)
def test_impossible_regressions_are_refused(points, features, ridge):
    with pytest.raises(ReplicationError, match=r"diverges at zero ridge|take a positive spectrum"):
        theory.loss(power_law_spectrum(1.0, 100), np.ones(100), points, features, ridge)


def test_printed_form_is_the_same_loss():
    eigenvalues, weights = power_law_spectrum(1.0, 300), np.random.default_rng(5).normal(size=300) ** 2
    expected = theory.loss(eigenvalues, eigenvalues * weights, 40, np.inf)
    assert formulas.printed_loss(eigenvalues, weights, 40) == pytest.approx(expected, rel=1e-9)


# slopes and prefactors of power laws


@pytest.mark.parametrize(("alpha", "modes"), [(1.0, 10**6), (2.0, 10**5)])
def test_power_laws_have_the_slope_and_the_prefactor(alpha, modes):
    """L ~ n^-alpha with the prefactor of `power_law_loss`, and overfitting 1 / (1 - gamma) -> 1 + alpha.

    Left over are 1/n^2 in the sum as an integral, (1 + alpha) / (2n) in the slope, and the end of the spectrum, n/M.
    """
    eigenvalues, sizes = power_law_spectrum(alpha, modes), np.array([200, 400, 800])
    for losses in (
        [theory.loss(eigenvalues, eigenvalues / modes, size, np.inf) for size in sizes],
        [theory.loss(eigenvalues, eigenvalues / modes, np.inf, size) for size in sizes],
    ):
        expected = [formulas.power_law_loss(alpha, size, modes) for size in sizes]
        np.testing.assert_allclose(losses, expected, rtol=3e-3)
        slopes = -np.diff(np.log(losses)) / np.log(2)
        assert np.all(np.abs(slopes - alpha) < (1 + alpha) / (2 * sizes[:-1]) + 0.002)
    l = eigenvalues / (eigenvalues + theory.scales(eigenvalues, 800, np.inf).gamma)  # noqa: E741
    assert 1 / (1 - np.sum(l**2) / 800) == pytest.approx(1 + alpha, rel=0.003)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_tail_of_a_power_law_has_one_over_alpha(alpha):
    """The exact sum from n + 1 on; the prefactor alpha, as printed, would be off by alpha^2 unless alpha is 1."""
    size, last = 1000, 4 * 10**6
    rest = last**-alpha / alpha
    tail = np.sum(np.arange(size + 1.0, last + 1) ** -(1 + alpha)) + rest
    assert formulas.tail_sum(alpha, size) == pytest.approx(tail, rel=2 * alpha / size)
    # perfect features leave the tail, random ones more
    assert formulas.power_law_loss(alpha, size, 1) > formulas.tail_sum(alpha, size) / 2


# simulation


def random_pool(seed, points=60, dimension=45):
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(points, dimension)) * np.arange(1, dimension + 1) ** -1.0


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize(("points", "features"), [(7, 20), (20, 7), (25, 24)])
def test_exchanging_data_and_features_changes_nothing(points, features, ridge):
    """To rounding, for every pool and projection: no average, no limit, no special spectrum."""
    rng, phi = random_pool(0)
    r, q = rng.normal(size=(points, len(phi))), rng.normal(size=(features, phi.shape[1]))
    assert loss(phi, r, q, ridge) == pytest.approx(loss(phi.T, q, r, ridge), rel=1e-12)
    # and of a population of Gaussian features, which is its own transpose
    gaussian = population(power_law_spectrum(1.0, 45))
    r, q = rng.normal(size=(points, 45)), rng.normal(size=(features, 45))
    assert loss(gaussian, r, q, ridge) == pytest.approx(loss(gaussian, q, r, ridge), rel=1e-12)


@pytest.mark.parametrize(("points", "features"), [(7, 20), (20, 7)])
def test_loss_of_a_pool_against_sampled_teachers(points, features):
    """Moore-Penrose by lstsq for 3000 sampled teachers; their mean scatters by about 1 %."""
    rng, phi = random_pool(1)
    chosen, q = rng.choice(len(phi), points, replace=False), rng.normal(size=(features, phi.shape[1]))
    omega = rng.normal(size=(phi.shape[1], 3000)) / np.sqrt(phi.shape[1])
    y, f = phi @ omega, phi @ q.T
    readout = np.linalg.lstsq(f[chosen], y[chosen], rcond=None)[0]
    sample = np.mean((f @ readout - y) ** 2, axis=0) / 2
    found = loss(phi, selection(chosen, len(phi)), q)
    assert found == pytest.approx(sample.mean(), abs=4 * sample.std() / np.sqrt(3000))
    assert sample.std() / np.sqrt(3000) < 0.03 * found
    dense = np.eye(len(phi))[chosen]
    assert loss(phi, dense, q) == pytest.approx(found, rel=1e-12)


def test_projected_losses_are_the_best_fits():
    """L(P) with all points of the pool, L(D) with all features, both by lstsq without a teacher's sample."""
    rng, phi = random_pool(2)
    points, dimension = phi.shape
    q, sizes = rng.normal(size=(12, dimension)), (3, 12)
    by_features = projected_loss(phi.T @ phi / points, q, sizes)
    chosen = rng.choice(points, 12, replace=False)
    by_points = list(residual_variances(phi @ phi.T / dimension, selection(chosen, points), sizes))
    for size, of_features, of_points in zip(sizes, by_features, by_points, strict=True):
        f = phi @ q[:size].T
        left = f @ np.linalg.lstsq(f, phi, rcond=None)[0] - phi
        assert of_features == pytest.approx(np.mean(left**2) / 2, rel=1e-10)
        seen = phi[chosen[:size]]
        left = np.linalg.lstsq(seen.T, phi.T, rcond=None)[0].T @ seen - phi
        np.testing.assert_allclose(of_points, np.mean(left**2, axis=1), rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(of_points[chosen[:size]], 0, atol=1e-12)


def test_finite_sizes_tend_to_the_projected_loss():
    rng, phi = random_pool(3)
    # all features in a random rotation: what has the smallest norm depends on their lengths
    everyone, everything = np.eye(len(phi)), np.linalg.qr(rng.normal(size=(phi.shape[1], phi.shape[1])))[0]
    q, r = rng.normal(size=(6, phi.shape[1])), everyone[:6]
    (by_features,) = projected_loss(phi.T @ phi / len(phi), q, [6])
    (by_points,) = projected_loss(phi @ phi.T / phi.shape[1], r, [6])
    assert loss(phi, everyone, q) == pytest.approx(by_features, rel=1e-10)
    assert loss(phi, r, everything) == pytest.approx(by_points, rel=1e-9)


def test_dependent_projections_are_refused():
    _, phi = random_pool(4)
    with pytest.raises(ReplicationError, match="not independent"):
        projected_loss(phi @ phi.T, selection(np.zeros(3, int), len(phi)), [3])


def test_excess_over_the_limit_is_that_of_gaussian_regression():
    """For Gaussian points and fixed features the excess is exactly L(P) P / (D - P - 1): slope -1 in D and, dual, in P.

    Means of 60 draws within four standard errors, about 10 %.
    """
    rng, sizes, small = np.random.default_rng(6), [24, 64, 256], 6
    gaussian = population(power_law_spectrum(1.0, 80))
    fixed = rng.normal(size=(small, 80))
    (limit,) = projected_loss(gaussian.T @ gaussian / 80, fixed, [small])
    expected = [limit * small / (size - small - 1) for size in sizes]
    for phi in (gaussian, gaussian.T):
        sample = np.array([excess_losses(phi, rng.normal(size=(256, 80)), fixed, sizes) for _ in range(60)])
        assert np.all(sample > 0)
        error = sample.std(axis=0, ddof=1) / np.sqrt(60)
        assert np.all(np.abs(sample.mean(axis=0) - expected) < 4 * error)
        assert np.all(error < 0.1 * np.array(expected))


# ReLU features


def test_relu_features_average_to_the_kernel():
    """Phi Phi' / S is the arc-cosine kernel of one hidden layer, without the read-out's factor, up to 1 / sqrt(S)."""
    rng = np.random.default_rng(7)
    x, neurons = rng.normal(size=(12, 5)), 40_000
    phi = relu_features(SPEC, x, neurons, rng)
    first = 2.0 * x @ x.T / 5 + 0.1
    norms = np.sqrt(np.diag(first))
    angle = np.arccos(np.clip(first / np.outer(norms, norms), -1, 1))
    kernel = np.outer(norms, norms) * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    # Var(phi phi') <= 3/2 of the product of the diagonals' second moments
    scale = np.sqrt(1.5 * np.outer(np.diag(kernel), np.diag(kernel)) * 4 / neurons)
    assert np.all(np.abs(phi @ phi.T / neurons - kernel) < 4.5 * scale)


@pytest.mark.parametrize("depth", [1, 3])
def test_relu_features_are_those_of_a_member(depth):
    spec = SPEC.model_copy(update={"depth": depth})
    x = np.random.default_rng(8).normal(size=(6, 5))
    phi = relu_features(spec, x, 9, np.random.default_rng(9))
    h = x
    for weight, bias in initial_weights(spec, 5, 9, 1, np.random.default_rng(9))[:-1]:
        h = np.maximum(np.sqrt(2.0 / len(weight)) * h @ weight + np.sqrt(0.1) * bias, 0)
    np.testing.assert_allclose(phi, h, rtol=1e-6)


@pytest.mark.parametrize("shape", [(30, 50), (50, 30)])
def test_spectrum_of_features(shape):
    phi = np.random.default_rng(10).normal(size=shape)
    expected = np.linalg.svd(phi, compute_uv=False) ** 2 / shape[0]
    np.testing.assert_allclose(spectrum(phi), expected, rtol=1e-10)
    assert len(spectrum(np.hstack([phi, phi]))) == min(shape)


def test_exponent_of_a_spectrum():
    ranks = np.arange(1, 65)
    spectra = pd.DataFrame(
        [{"draw": draw, "rank": rank, "eigenvalue": (1 + draw) * rank**-1.6} for draw in range(3) for rank in ranks]
    )
    exponent = spectrum_exponent(spectra, Window(smallest=8, largest=64))
    assert exponent.value == pytest.approx(0.6, rel=1e-10)
    assert exponent.error == pytest.approx(0, abs=1e-10)


# settings and tables


def changed(part, **values):
    return SETTINGS | {part: SETTINGS[part] | values}


def test_settings_without_contradiction():
    assert list(RandomFeatures.model_validate(SETTINGS).problems()) == []


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (changed("power_law", window={"smallest": 4, "largest": 8}), "power_law.window"),
        (changed("relu", large_window={"smallest": 100, "largest": 128}), "relu.large_window"),
        (changed("power_law", dimension=60), "power_law.sizes"),
        (changed("relu", neurons=60), "relu.sizes"),
        (changed("power_law", small=17), "power_law.large_sizes"),
        (changed("relu", ranks={"smallest": 4, "largest": 51}), "relu.ranks"),
    ],
)
def test_contradictions_are_named(section, key):
    assert key in dict(RandomFeatures.model_validate(section).problems())


def test_unknown_keys_are_refused():
    with pytest.raises(ValidationError):
        RandomFeatures.model_validate(changed("relu", width=3))


def tables(seed=1):
    """Curves, exponents and duality of random images and of a power law."""
    rng = np.random.default_rng(11)
    images, labels = rng.integers(0, 200, (160, 4, 4), np.uint8), rng.integers(0, 3, 160, np.uint8)
    dataset = Dataset(images[:120], labels[:120], images[120:], labels[120:], 3)
    tasks = {"digits": TaskSettings(dataset="uci_digits", pool_size=120, test_size=40, learning_rate_fraction=0.5)}
    statistics = Statistics(confidence=0.68, resamples=100)
    return random_features({"digits": dataset}, tasks, RandomFeatures.model_validate(SETTINGS), statistics, seed)


@pytest.fixture(scope="module")
def simulated_tables():
    return tables()


def test_all_regimes_of_every_spectrum_are_simulated(simulated_tables):
    spectra = {("power_law", 1.0), ("digits", 2.0), ("digits", 4.0)}
    for table in (simulated_tables["curves"], simulated_tables["exponents"]):
        found = set(zip(table["task"], table["value"], table["experiment"], strict=True))
        assert found == {(*spectrum, regime) for spectrum in spectra for regime in REGIMES}
        assert set(table["method"]) == {"random_features"}
        assert not table.isna().any(axis=None)
    duality = simulated_tables["duality"]
    assert set(zip(duality["task"], duality["value"], strict=True)) == spectra


def test_curves_say_what_is_infinite_and_what_is_small(simulated_tables):
    """Unlimited data are an infinite training size, unlimited features an infinite width."""
    curves = simulated_tables["curves"]
    other = {"training_size": "width", "width": "training_size"}
    for regime, size in SIZE.items():
        rows = curves[curves["experiment"] == regime]
        expected = CURVES["small"] if regime in VARIANCE_LIMITED else np.inf
        assert set(rows[other[size]]) == {expected}
        assert set(rows[size]) == set(CURVES["large_sizes" if regime in VARIANCE_LIMITED else "sizes"])
    assert (curves["draws"] == 3).all()
    assert (curves["mean_lower"] < curves["mean"]).all()


def test_curves_and_exponents_are_those_of_the_theory(simulated_tables):
    curves, exponents, duality = simulated_tables.values()
    variance = exponents[exponents["experiment"].isin(VARIANCE_LIMITED)]
    assert (variance["prediction"] == 1).all()
    # three draws and D / P of 8 to 32, where 1 / (D - P) is steeper than 1 / D
    assert variance["exponent"].between(0.6, 1.6).all()
    gaussian = curves[curves["task"] == "power_law"]
    np.testing.assert_allclose(gaussian["mean"] / gaussian["theory"], 1, atol=0.9)
    large = gaussian[["training_size", "width"]].min(axis=1) >= 16
    resolution = gaussian[~gaussian["experiment"].isin(VARIANCE_LIMITED) & large]
    np.testing.assert_allclose(resolution["mean"] / resolution["theory"], 1, atol=0.15)
    row = duality.set_index("task").loc["power_law"]
    assert (row["alpha_K"], row["alpha_K_lower"], row["alpha_K_upper"]) == (1, 1, 1)
    exact = [theory.best_fit_loss(power_law_spectrum(1.0, 128), size, 128) for size in CURVES["sizes"]]
    slope = -np.polyfit(np.log(CURVES["sizes"]), np.log(exact), 1)[0]
    assert row["alpha_theory"] == pytest.approx(slope, rel=1e-9)
    assert row["alpha_theory_upper"] - row["alpha_theory_lower"] == pytest.approx(0, abs=1e-12)  # without a draw
    expected = exponents[(exponents["task"] == "power_law") & (exponents["experiment"] == "resolution_limited_data")]
    assert (expected["exponent"] == row["alpha_D"]).all()
    assert expected["prediction"].iloc[0] == 1


def test_the_seed_decides_everything(simulated_tables):
    again, other = tables(), tables(seed=2)
    for name, table in simulated_tables.items():
        pd.testing.assert_frame_equal(table, again[name])
    assert not np.isin(other["curves"]["mean"], simulated_tables["curves"]["mean"]).any()
