"""Kernels: two engines against each other, and both against integrals written out here."""

import itertools
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from scipy.special import erf

from replication.infinite_width import closed_form
from replication.infinite_width.kernels import evaluate_kernels, stax_kernel
from replication.settings.network import MLP
from tests.conftest import ROOT

NONLINEARITY = {
    "relu": (lambda u: np.maximum(u, 0), lambda u: (u > 0).astype(float)),
    "erf": (erf, lambda u: 2 / np.sqrt(np.pi) * np.exp(-(u**2))),
}


def polar_moments(activation, k, q1, q2):
    """E[phi(u) phi(v)], E[phi'(u) phi'(v)] by quadrature in polar coordinates: independent of every closed form.

    With u = sqrt(q1) r cos(a), v = sqrt(q2) r cos(a - t), cos t the correlation, the kinks of ReLU lie on rays.
    """
    phi, slope = NONLINEARITY[activation]
    t = np.arccos(k / np.sqrt(q1 * q2))
    nodes, weights = np.polynomial.legendre.leggauss(120)
    edges = np.sort(
        np.mod([np.pi / 2, 3 * np.pi / 2, t + np.pi / 2, t + 3 * np.pi / 2, 0, 2 * np.pi - 1e-15], 2 * np.pi)
    )
    edges[-1] = 2 * np.pi
    total = np.zeros(2)
    radius, radial = (nodes + 1) * 6, weights * 6  # r from 0 to 12
    for low, high in itertools.pairwise(edges):
        angle = low + (nodes + 1) / 2 * (high - low)
        u = np.sqrt(q1) * radius[:, None] * np.cos(angle)
        v = np.sqrt(q2) * radius[:, None] * np.cos(angle - t)
        measure = (radial * radius * np.exp(-(radius**2) / 2))[:, None] * (weights / 2 * (high - low)) / (2 * np.pi)
        total += [np.sum(measure * phi(u) * phi(v)), np.sum(measure * slope(u) * slope(v))]
    return total


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.4, 0.95])
def test_moments_equal_their_integrals(activation, correlation):
    q1, q2 = 1.7, 0.6
    k = correlation * np.sqrt(q1 * q2)
    got = closed_form.MOMENTS[activation](*np.array([[k], [q1], [q2]]))
    np.testing.assert_allclose(np.ravel(got), polar_moments(activation, k, q1, q2), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize(("depth", "weight_variance", "bias_variance"), [(1, 2.0, 0.0), (3, 1.7, 0.3), (6, 1.1, 0.05)])
def test_engines_agree(rng, activation, depth, weight_variance, bias_variance):
    spec = MLP(depth=depth, activation=activation, weight_variance=weight_variance, bias_variance=bias_variance)
    x, z = rng.normal(size=(40, 12)), rng.normal(size=(25, 12))
    for points in ((x,), (x, z)):
        ours, theirs = (evaluate_kernels(spec, engine, *points) for engine in ("closed_form", "neural_tangents"))
        for a, b in zip(ours, theirs, strict=True):
            assert b.dtype == np.float64
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_blocks_do_not_show(rng, spec, monkeypatch):
    x, z = rng.normal(size=(23, 5)), rng.normal(size=(11, 5))
    whole = [evaluate_kernels(spec, "neural_tangents", *points) for points in ((x,), (x, z))]
    monkeypatch.setattr("replication.infinite_width.kernels.BLOCK", 7)
    blocks = [evaluate_kernels(spec, "neural_tangents", *points) for points in ((x,), (x, z))]
    for a, b in zip(whole, blocks, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_tiles_do_not_show(rng, spec, activation, monkeypatch):
    spec = spec.model_copy(update={"activation": activation})
    x, z = rng.normal(size=(23, 5)), rng.normal(size=(11, 5))
    whole = [closed_form.kernels(spec, *points) for points in ((x,), (x, z))]
    monkeypatch.setattr(closed_form, "TILE", 7)
    tiles = [closed_form.kernels(spec, *points) for points in ((x,), (x, z))]
    for a, b in zip(whole, tiles, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


def test_the_nngp_alone_is_that_of_both_kernels(rng, spec):
    x, z = rng.normal(size=(closed_form.TILE + 9, 5)), rng.normal(size=(11, 5))
    for points in ((x,), (x, z)):
        np.testing.assert_array_equal(closed_form.nngp(spec, *points), closed_form.kernels(spec, *points).nngp)


def test_kernels_of_a_set_with_itself_are_exactly_symmetric(rng, spec):
    """With other points of the same values they need not be: that is another computation."""
    x = rng.normal(size=(2 * closed_form.TILE + 9, 7))
    for kernel, other in zip(closed_form.kernels(spec, x), closed_form.kernels(spec, x, x.copy()), strict=True):
        np.testing.assert_array_equal(kernel, kernel.T)
        np.testing.assert_allclose(kernel, other, rtol=1e-7)  # the cosine of a point with itself, rounded


@pytest.mark.parametrize("engine", ["closed_form", "neural_tangents"])
@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_equal_points_have_equal_kernels(rng, engine, activation):
    """To the last bit: inputs are whole numbers, whose products no summation order rounds."""
    spec = MLP(depth=3, activation=activation, weight_variance=1.7, bias_variance=0.1)
    x = rng.integers(-4, 5, size=(closed_form.TILE + 40, 6)).astype(float)
    x[[30, -1]] = x[2]
    for kernel in evaluate_kernels(spec, engine, x):
        for other in (30, -1):
            np.testing.assert_array_equal(kernel[2], kernel[other])
            np.testing.assert_array_equal(kernel[:, 2], kernel[:, other])
            assert kernel[2, 2] == kernel[2, other] == kernel[other, other]


def test_what_neural_tangents_loses_where_a_point_meets_itself_is_restored(rng):
    """By hand for ReLU on the diagonal: K -> C_b + C_W K / 2 and Theta -> K_new + C_W Theta / 2.

    The arccos of a cosine just below one costs the library 1e-9 to 1e-7 of Theta there; elsewhere it is right.
    """
    spec = MLP(depth=3, activation="relu", weight_variance=2.0, bias_variance=0.1)
    x = rng.normal(size=(60, 13))
    k = theta = spec.bias_variance + spec.weight_variance * np.mean(x**2, axis=1)
    for _ in range(spec.depth):
        k = spec.bias_variance + spec.weight_variance * k / 2
        theta = k + spec.weight_variance * theta / 2
    raw = np.asarray(stax_kernel(spec)(x, x).ntk)
    assert 1e-9 < np.max(np.abs(np.diag(raw) / theta - 1)) < 1e-7
    for engine in ("closed_form", "neural_tangents"):
        ours = evaluate_kernels(spec, engine, x)
        np.testing.assert_allclose(np.diag(ours.nngp), k, rtol=1e-13)
        np.testing.assert_allclose(np.diag(ours.ntk), theta, rtol=1e-13)
        apart = ~np.eye(len(x), dtype=bool)
        np.testing.assert_allclose(ours.ntk[apart], raw[apart], rtol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_memory_is_the_result_and_a_few_tiles(rng, spec, activation, monkeypatch):
    """On two cores twelve tiles each, where one more matrix would be 61."""
    spec = spec.model_copy(update={"activation": activation})
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
    points, tile = 1500, 8 * closed_form.TILE**2
    x = rng.normal(size=(points, 8))
    tracemalloc.start()
    try:
        kernels = closed_form.kernels(spec, x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(kernel.nbytes for kernel in kernels) == 2 * 8 * points**2
    assert peak < 2 * 8 * points**2 + 2 * 12 * tile


def test_relu_fixed_point():
    """q* = C_b / (1 - C_W / 2): 4.0 for C_W = 1.9, C_b = 0.2."""
    spec = MLP(depth=1000, activation="relu", weight_variance=1.9, bias_variance=0.2)
    np.testing.assert_allclose(closed_form.diagonal(spec, np.ones((1, 3))).nngp, 4.0, rtol=1e-12)


def test_diagonal_is_that_of_the_matrix(rng, spec):
    x = rng.normal(size=(6, 4))
    for exact, matrix in zip(closed_form.diagonal(spec, x), closed_form.kernels(spec, x), strict=True):
        np.testing.assert_allclose(exact, np.diag(matrix), rtol=1e-15)


def test_input_of_zeros_gives_finite_kernels(spec):
    kernels = closed_form.kernels(spec.model_copy(update={"bias_variance": 0.0}), np.zeros((2, 3)))
    assert np.all(np.isfinite(kernels))


def test_infinite_width_never_loads_tensorflow():
    code = (
        "import sys, numpy as np; from replication.settings.network import MLP;"
        "from replication.infinite_width.kernels import evaluate_kernels;"
        "s = MLP(depth=1, activation='relu', weight_variance=2.0, bias_variance=0.0);"
        "evaluate_kernels(s, 'neural_tangents', np.eye(3)); assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def along_a_ray(spec, x, factor):
    """K and Theta between x and factor * x without biases, the angle known exactly: an independent recursion.

    The angle t starts at 0 or pi; the layer gives cos t' = (sin t + (pi - t) cos t) / pi and slope (pi - t) / (2 pi).
    """
    q = spec.weight_variance * np.mean(x**2)
    length, cosine, angle = abs(factor) * q, np.sign(factor), 0.0 if factor > 0 else np.pi
    theta = length * cosine
    for _ in range(spec.depth):
        slope = (np.pi - angle) / (2 * np.pi) if angle < np.pi else 0.0
        cosine = np.sin(angle) / np.pi + 2 * slope * cosine if angle < np.pi else 0.0
        cosine = 1.0 if angle == 0 else cosine
        angle = 0.0 if angle == 0 else np.arccos(cosine)
        length *= spec.weight_variance / 2
        theta = length * cosine + spec.weight_variance * slope * theta
    return length * cosine, theta


@pytest.mark.parametrize("engine", ["closed_form", "neural_tangents"])
@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("apart", [False, True])
def test_points_on_one_line_through_the_origin_have_exact_kernels(rng, engine, depth, apart):
    """Rounding leaves the cosine of such points next to 1 or -1, which an arccos would magnify to 1e-8 of Theta."""
    spec = MLP(depth=depth, activation="relu", weight_variance=1.9, bias_variance=0.0)
    direction, factors = rng.normal(size=7), rng.normal(size=90) * 10.0 ** rng.integers(-3, 4, 90)
    x = factors[:, None] * direction
    got = evaluate_kernels(spec, engine, x, x.copy() if apart else None)
    pairs = [[along_a_ray(spec, a * direction, b / a) for b in factors] for a in factors]
    for kernel, expected in zip(got, np.moveaxis(np.array(pairs), -1, 0), strict=True):
        np.testing.assert_allclose(kernel, expected, rtol=3e-14, atol=0)


@pytest.mark.parametrize("engine", ["closed_form", "neural_tangents"])
def test_training_points_met_again_in_the_test_set_and_the_origin(rng, engine):
    spec = MLP(depth=3, activation="relu", weight_variance=2.0, bias_variance=0.0)
    x = rng.normal(size=(30, 11))
    x[4] = 0
    exact = closed_form.diagonal(spec, x)
    for kernel, diagonal in zip(evaluate_kernels(spec, engine, x, x[::-1].copy()), exact, strict=True):
        np.testing.assert_allclose(np.diag(kernel[:, ::-1]), diagonal, rtol=1e-14)
        np.testing.assert_array_equal(kernel[4], 0)
