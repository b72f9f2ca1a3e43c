"""Losses where the training set limits the resolution: brute force, sampled teachers, spectra that are known."""

import numpy as np
import pandas as pd
import pytest

from replication.datasets.variations import Targets
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.resolution import predicted, resolution_limited
from replication.scaling_laws.exponents import curves, exponent_row
from replication.schema import TEACHER
from replication.settings.sections import Window
from replication.theory.kernel_regression import Spectrum, predict

POINTS, TESTS, SIZES = 40, 25, (5, 12, 40)


@pytest.fixture
def theta(rng, spec):
    """The NTK of random inputs, training points first."""
    return kernels(spec, rng.normal(size=(POINTS + TESTS, 6))).ntk


def blocks(theta, points):
    """Training, cross and test block."""
    return theta[:points, :points], theta[:points, points:], theta[points:, points:]


def functions(rng, outputs):
    return Targets(rng.normal(size=(POINTS, outputs)), rng.normal(size=(TESTS, outputs)))


def test_losses_against_the_explicit_inverse(theta, rng):
    """One kernel serves targets of different numbers of outputs, each as if it stood alone."""
    targets = {"one": functions(rng, 1), "three": functions(rng, 3)}
    rows = pd.DataFrame(resolution_limited(*blocks(theta, POINTS), targets, SIZES))
    losses = rows.set_index(["training_size", "target"])["mean"]
    assert list(losses.index) == [(size, name) for size in SIZES for name in ("one", "three", TEACHER)]
    _, cross, test = blocks(theta, POINTS)
    for size in SIZES:
        transfer = cross[:size].T @ np.linalg.inv(theta[:size, :size])
        for name, target in targets.items():
            error = transfer @ target.training[:size] - target.test
            assert losses[size, name] == pytest.approx(np.sum(error**2) / (2 * TESTS), rel=1e-6)
        posterior = test - transfer @ cross[:size]
        assert losses[size, TEACHER] == pytest.approx(np.trace(posterior) / (2 * TESTS), rel=1e-6)


def test_the_teacher_is_the_mean_over_functions_drawn_from_the_kernel(theta, rng):
    """3000 of them, within three standard errors, 1 to 2 %; a kernel of half the size would be out by half."""
    teachers = 3000
    drawn = np.linalg.cholesky(theta) @ rng.normal(size=(len(theta), teachers))
    targets = {str(k): Targets(f[:POINTS, None], f[POINTS:, None]) for k, f in enumerate(drawn.T)}
    rows = pd.DataFrame(resolution_limited(*blocks(theta, POINTS), targets, SIZES))
    expected = rows[rows["target"] == TEACHER].set_index("training_size")["mean"]
    sampled = rows[rows["target"] != TEACHER].groupby("training_size")["mean"].agg(["mean", "sem"])
    assert (sampled["sem"] < 0.02 * expected).all()
    assert ((sampled["mean"] - expected).abs() < 3 * sampled["sem"]).all()


def features_of(rng, points, alpha, modes):
    return rng.normal(size=(points, modes)) * np.arange(1.0, modes + 1) ** (-(1 + alpha) / 2)


@pytest.mark.parametrize("alpha", [0.5, 1.0])
def test_a_power_law_spectrum_gives_its_exponent(alpha):
    """alpha_D = alpha_K, arXiv 2102.06701, for Gaussian features with eigenvalues i^-(1 + alpha_K).

    What theory adds to alpha_K at these sizes and this number of modes is known exactly and taken from it; it is 0.01
    for alpha 1 and 0.12 for alpha 1/2, whose tail beyond the last mode carries a few per cent. Four standard errors.
    """
    modes, tests, sizes, window = 4000, 150, (32, 64, 128, 256), Window(smallest=32, largest=256)
    rows = []
    for draw in range(4):
        features = features_of(np.random.default_rng(draw), sizes[-1] + tests, alpha, modes)
        losses = resolution_limited(*blocks(features @ features.T, sizes[-1]), {"none": Targets(
            np.zeros((sizes[-1], 1)), np.zeros((tests, 1)))}, sizes)  # fmt: skip
        rows += [row | {"draw": draw} for row in losses if row["target"] == TEACHER]
    found = exponent_row("training_size", *curves(pd.DataFrame(rows), window), 0.68)
    eigenvalues = np.arange(1.0, modes + 1) ** -(1 + alpha)
    exact = predict(Spectrum(eigenvalues, np.zeros((modes, 1)), np.diag(eigenvalues)), sizes)["variance"]
    expected = -np.polyfit(np.log(sizes), np.log(exact), 1)[0]
    assert expected == pytest.approx(alpha, abs=0.15)
    assert abs(found["exponent"] - expected) < 4 * found["exponent_standard_error"] + 0.01  # terms of order 1/n


def test_prediction_from_a_kernel_of_known_rank(rng):
    """Eigenvalues in falling order; each target's squared bias is its own; the teacher's loss is n kappa / 2."""
    points, rank, sizes = 200, 30, (4, 9, 20)
    basis = np.sqrt(points) * np.linalg.qr(rng.normal(size=(points, rank)))[0]
    eigenvalues = np.arange(1.0, rank + 1) ** -1.7
    targets = {"one": rng.normal(size=(rank, 1)), "two": rng.normal(size=(rank, 2))}
    theta = basis * eigenvalues @ basis.T
    found, rows = predicted(theta, {name: basis @ v for name, v in targets.items()}, sizes)
    np.testing.assert_allclose(found, eigenvalues, rtol=1e-9)
    theory = pd.DataFrame(rows).set_index(["training_size", "target"])["theory"]
    for name, v in targets.items():
        exact = predict(Spectrum(eigenvalues, v, np.diag(eigenvalues), points), sizes)
        np.testing.assert_allclose(theory.xs(name, level="target"), exact["squared_bias"], rtol=1e-8)
    kappas = predict(Spectrum(eigenvalues, targets["one"], np.diag(eigenvalues), points), sizes)["kappa"]
    held_out = 1 / (1 - np.array(sizes) / points)
    np.testing.assert_allclose(theory.xs(TEACHER, level="target"), held_out * np.array(sizes) * kappas / 2, rtol=1e-8)


def test_the_prediction_meets_the_losses_of_held_out_points(rng):
    """Of Gaussian features and a target in them: theory within 4 standard errors over 24 samples and a share 1/n."""
    alpha, modes, points, n = 1.0, 600, 300, 40
    w = rng.normal(size=(modes, 1))
    ratios = []
    for _ in range(24):
        features = features_of(rng, points, alpha, modes)
        theta, y = features @ features.T, features @ w
        _, rows = predicted(theta, {"labels": y}, (n,))
        theory = pd.DataFrame(rows).set_index("target")["theory"]
        targets = {"labels": Targets(y[:n], y[n:])}
        losses = pd.DataFrame(resolution_limited(*blocks(theta, n), targets, (n,))).set_index("target")["mean"]
        ratios.append(losses / theory)
    ratios = pd.concat(ratios, axis=1).T
    assert set(ratios) == {"labels", TEACHER}
    assert ((ratios.mean() - 1).abs() < 4 * ratios.sem() + 1 / n).all(), ratios.mean()
    assert ratios.sem().max() < 0.06
