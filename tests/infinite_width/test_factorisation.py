"""One Cholesky factor for every nested size: its blocks and condition numbers, and what becomes of singular kernels."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.infinite_width import factorisation, predictions
from replication.infinite_width.closed_form import Kernels, kernels
from replication.infinite_width.factorisation import factorise
from replication.infinite_width.learning_curve import compute_kernels
from replication.infinite_width.predictions import KernelMatrices
from replication.settings.network import MLP

SIZES = (1, 5, 17, 40)


def with_spectrum(rng, points, smallest):
    """A kernel with eigenvalues from one down to `smallest`, in a basis of no special direction."""
    basis = np.linalg.qr(rng.normal(size=(points, points)))[0]
    kernel = basis * np.geomspace(1, smallest, points) @ basis.T
    return (kernel + kernel.T) / 2


@pytest.mark.parametrize("diag_reg", [0.0, 1e-3])
@pytest.mark.parametrize("smallest", [0.1, 1e-6, 1e-12])
def test_leading_blocks_are_factorised_and_their_condition_numbers_estimated(rng, smallest, diag_reg, monkeypatch):
    """LAPACK's estimate never exceeds the condition number in the 1-norm, and is seldom far below."""
    monkeypatch.setattr(factorisation, "ROWS", 8)
    kernel = with_spectrum(rng, 40, smallest)
    factor = factorise(kernel, SIZES, diag_reg, 0.0)
    assert factor.diag_reg == diag_reg
    regularised = kernel + diag_reg * np.mean(np.diag(kernel)) * np.eye(40)
    for size, estimate in zip(SIZES, factor.condition_numbers, strict=True):
        lower = np.tril(factor.lower[:size, :size])
        np.testing.assert_allclose(lower @ lower.T, regularised[:size, :size], atol=1e-14)
        exact = np.linalg.cond(regularised[:size, :size], 1)
        assert exact / 10 < estimate < exact * (1 + 1e-3)


def test_points_beyond_the_largest_size_do_not_count(rng):
    kernel = with_spectrum(rng, 40, 1e-3)
    some, all_of_them = factorise(kernel, (5, 17), 0.01, 0.0), factorise(kernel[:17, :17], (5, 17), 0.01, 0.0)
    np.testing.assert_array_equal(np.tril(some.lower), np.tril(all_of_them.lower))
    assert some.condition_numbers == all_of_them.condition_numbers


@pytest.mark.parametrize(
    "kernel",
    [
        np.ones((3, 3)),
        np.diag([1.0, 1e-17, 1.0]),  # positive definite, but no float64 solution has a digit
        np.diag([1.0, -1e-14, 1.0]),
    ],
    ids=["repeated points", "tiny eigenvalue", "negative eigenvalue"],
)
def test_a_singular_kernel_gets_the_declared_regularisation_or_is_refused(kernel):
    factor = factorise(kernel, (3,), 0.0, 1e-8)
    assert factor.diag_reg == 1e-8
    lower = np.tril(factor.lower)
    np.testing.assert_allclose(lower @ lower.T, kernel + 1e-8 * np.mean(np.diag(kernel)) * np.eye(3), atol=1e-15)
    with pytest.raises(ReplicationError, match=r"3 training points .* singular_diag_reg") as error:
        factorise(kernel, (3,), 0.0, 0.0)
    assert "\n" not in str(error.value)


def test_regularisation_that_does_not_help_is_refused_and_more_is_advised():
    with pytest.raises(ReplicationError, match="example to 1e-08"):
        factorise(np.diag([1.0, -1e-3]), (2,), 0.0, 1e-10)


@pytest.mark.parametrize("singular_diag_reg", [0.0, 1e-10, 1e-2])
def test_a_sound_kernel_is_left_alone(rng, singular_diag_reg):
    """Also where a singular one would get more: what is always added suffices."""
    for diag_reg in (0.0, 1e-4):
        assert factorise(with_spectrum(rng, 9, 1e-3), (9,), diag_reg, singular_diag_reg).diag_reg == diag_reg


def test_a_kernel_in_single_precision_is_refused(rng):
    with pytest.raises(ReplicationError, match="float32, not float64"):
        factorise(with_spectrum(rng, 9, 0.1).astype(np.float32), (9,), 0.0, 1e-10)


@pytest.mark.parametrize(
    ("engine", "activation"), [("closed_form", "relu"), ("closed_form", "erf"), ("neural_tangents", "relu")]
)
def test_a_repeated_point_changes_no_prediction(rng, engine, activation):
    """With its repetition regularised by 1e-10 of the diagonal, and said so."""
    spec = MLP(depth=2, activation=activation, weight_variance=1.8, bias_variance=0.1)
    x, y, z = rng.normal(size=(21, 6)), rng.normal(size=(21, 3)), rng.normal(size=(7, 6))
    x[20], y[20] = x[4], y[4]
    matrices = compute_kernels(spec, engine, x, y, z)
    for method in (predictions.bayes, predictions.gradient_descent_to_convergence):
        (once,), (twice,) = method(matrices, (20,), 0.0, 1e-10), method(matrices, (21,), 0.0, 1e-10)
        assert (once.diag_reg, twice.diag_reg) == (0.0, 1e-10)
        assert once.condition_number < 1e9 < twice.condition_number
        np.testing.assert_allclose(twice.mean, once.mean, atol=1e-6)
        np.testing.assert_allclose(twice.covariance, once.covariance, atol=1e-6)


def test_predictions_leave_the_kernels_as_they_were(rng, spec):
    """Also if the kernels lie in the order of columns, which LAPACK would overwrite in place."""
    x, z, y = rng.normal(size=(20, 6)), rng.normal(size=(7, 6)), rng.normal(size=(20, 3))
    made = KernelMatrices(kernels(spec, x), kernels(spec, x, z), kernels(spec, z).nngp, y)
    for order in ("C", "F"):
        matrices = KernelMatrices(
            *(Kernels(*(np.array(kernel, order=order) for kernel in pair)) for pair in made[:2]),
            *(np.array(array, order=order) for array in made[2:]),
        )
        for method in (predictions.bayes, predictions.gradient_descent_to_convergence):
            list(method(matrices, (8, 20), 1e-3, 1e-2))
        predictions.gradient_descent(matrices, 20, 0.5, 10)
        for before, after in zip(
            (*made[0], *made[1], *made[2:]), (*matrices[0], *matrices[1], *matrices[2:]), strict=True
        ):
            np.testing.assert_array_equal(before, after)
