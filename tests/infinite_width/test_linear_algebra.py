"""The linear algebra of JAX against that of SciPy: predictions to 1e-10, and the same refusals."""

import importlib

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.infinite_width import predictions
from replication.infinite_width.closed_form import Kernels, kernels
from replication.infinite_width.learning_curve import UNREGULARISED, GradientDescent, learning_curve
from replication.infinite_width.linear_algebra import linear_algebra
from replication.infinite_width.predictions import KernelMatrices

POINTS, TESTS = 120, 15
LAWS = (predictions.bayes, predictions.gradient_descent_to_convergence)


@pytest.fixture
def matrices(spec, rng):
    x, z = rng.normal(size=(POINTS, 8)), rng.normal(size=(TESTS, 8))
    return KernelMatrices(kernels(spec, x), kernels(spec, x, z), kernels(spec, z).nngp, rng.normal(size=(POINTS, 3)))


def close(got, expected):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10 * scale)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sizes", [(POINTS,), (40, 7, POINTS), tuple(range(5, POINTS, 5))], ids=len)
def test_predictions_are_equal(matrices, law, sizes):
    """One size takes a solve, many take the reduction of K; both are here."""
    pairs = zip(law(matrices, sizes), law(matrices, sizes, algebra="jax"), strict=True)
    for expected, got in pairs:
        assert type(got.mean) is type(got.covariance) is np.ndarray
        for one, other in zip(got, expected, strict=True):
            close(one, other)


@pytest.mark.parametrize(("steps", "momentum"), [(0, 0.0), (50, 0.0), (10**6, 0.0), (50, 0.9)])
def test_descent_is_equal(matrices, steps, momentum):
    expected, got = (
        predictions.gradient_descent(matrices, 80, 0.5, steps, momentum, algebra=name) for name in ("scipy", "jax")
    )
    for one, other in zip((*got.prediction, *got[1:]), (*expected.prediction, *expected[1:]), strict=True):
        close(one, other)


@pytest.mark.parametrize("law", LAWS)
def test_singular_kernels_are_refused_or_regularised_alike(matrices, law):
    order = np.r_[:40, 0]  # a point stands twice
    training = Kernels(*(kernel[np.ix_(order, order)] for kernel in matrices.training))
    cross = Kernels(*(kernel[order] for kernel in matrices.cross))
    repeated = matrices._replace(training=training, cross=cross, y=matrices.y[order])
    with pytest.raises(ReplicationError, match="repeated inputs"):
        list(law(repeated, (41,), algebra="jax"))
    (got,) = law(repeated, (41,), 0.0, 1e-6, algebra="jax")
    (expected,) = law(repeated, (41,), 0.0, 1e-6)
    assert got.diag_reg == expected.diag_reg == 1e-6
    np.testing.assert_allclose(got.mean, expected.mean, atol=1e-8)


@pytest.mark.parametrize("name", ["scipy", "jax"])
def test_operations(name, rng):
    """Against their definitions; what lies above the diagonal of G is not read."""
    algebra = linear_algebra(name)
    a, k, b = rng.normal(size=(20, 20)), rng.normal(size=(20, 20)), rng.normal(size=(20, 4))
    matrix, k = np.asfortranarray(a @ a.T + np.eye(20)), k + k.T
    lower, failed = algebra.cholesky(matrix.copy(order="F"))
    assert not failed
    exact = np.linalg.cholesky(matrix)
    close(np.tril(lower), exact)
    inverse = np.linalg.inv(exact)
    spoilt = algebra.put(np.asfortranarray(exact + np.triu(np.full((20, 20), 7.0), 1)))
    close(np.asarray(algebra.solve(spoilt, b)), inverse @ b)
    close(np.asarray(algebra.solve(spoilt, b, transposed=True)), inverse.T @ b)
    half = np.tril(np.asarray(algebra.half_congruence(k, spoilt)))
    close(half + half.T, inverse @ k @ inverse.T)
    close(np.asarray(algebra.triangular_product(spoilt, b)), exact @ b)
    values, vectors = algebra.eigh(matrix)
    close(np.asarray(vectors) * values @ np.asarray(vectors).T, matrix)
    assert algebra.cholesky(-matrix)[1]


def test_the_setting_reaches_the_curve(matrices, rng):
    """Rows by JAX: of every method and time, equal to those by SciPy."""
    test_y, descent = rng.normal(size=(TESTS, 3)), GradientDescent(20, 0.5)
    expected, got = (
        list(learning_curve(matrices, test_y, (20, 60), UNREGULARISED, 0.68, descent, algebra))
        for algebra in ("scipy", "jax")
    )
    for one, other in zip(got, expected, strict=True):
        assert one.keys() == other.keys()
        for name, value in other.items():
            assert one[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-8)), name


def test_another_name_is_refused():
    with pytest.raises(ReplicationError, match="choose one of scipy, jax"):
        linear_algebra("cupy")


def test_large_matrices_are_worked_on_in_blocks(monkeypatch):
    """Against NumPy, with the sizes lowered: blocks that do not divide the matrix, and some that are not positive."""
    scipy_algebra = importlib.import_module("replication.infinite_width.linear_algebra")
    monkeypatch.setattr(scipy_algebra, "LARGEST_WHOLE", 40)
    monkeypatch.setattr(scipy_algebra, "BLOCK", 48)
    x = np.random.default_rng(8).standard_normal((130, 150))
    gram = scipy_algebra.upper_gram(x)
    np.testing.assert_allclose(np.triu(gram), np.triu(x @ x.T), rtol=1e-13, atol=1e-12)
    lower, failed = scipy_algebra.SciPy().cholesky(np.asfortranarray(x @ x.T))
    assert not failed
    np.testing.assert_allclose(np.tril(lower), np.linalg.cholesky(x @ x.T), rtol=1e-9, atol=1e-11)
    for row in (3, 77, 129):
        indefinite = np.asfortranarray(x @ x.T)
        indefinite[row, row] = -1
        assert scipy_algebra.SciPy().cholesky(indefinite)[1]
