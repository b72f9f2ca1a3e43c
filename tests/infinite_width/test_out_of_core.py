"""Kernels whose factor lies on disk: the same predictions as in memory; interrupted and damaged runs go on."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.infinite_width import disk_factor, predictions
from replication.infinite_width.disk_kernel import descent_series
from replication.infinite_width.learning_curve import compute_kernels
from replication.infinite_width.learning_curve_on_disk import learning_curve_on_disk
from replication.infinite_width.out_of_core import OutOfCore
from replication.infinite_width.training_time import GradientDescent
from replication.settings.training import Training

SIZES = (40, 130, 7)
LAWS = ("bayes", "gradient_descent_to_convergence")


@pytest.fixture
def data(rng):
    return rng.normal(size=(150, 6)), rng.normal(size=(150, 2)), rng.normal(size=(11, 6))


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("block", [16, 64, 1000])
@pytest.mark.parametrize("diag_reg", [0.0, 1e-3])
def test_predictions_are_those_in_memory(spec, data, tmp_path, law, block, diag_reg):
    x, y, test_x = data
    on_disk = getattr(OutOfCore(spec, *data, SIZES, tmp_path, diag_reg, block), law)()
    in_memory = getattr(predictions, law)(compute_kernels(spec, "closed_form", x, y, test_x), sorted(SIZES), diag_reg)
    for got, expected in zip(on_disk, in_memory, strict=True):
        for one, other in zip(got[:2], expected[:2], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())
        assert 1 <= got.condition_number <= 10 * expected.condition_number  # a bound, and an estimate
        assert got.diag_reg == diag_reg


@pytest.mark.parametrize(("steps", "momentum"), [(0, 0.0), (1, 0.0), (7, 0.0), (500, 0.0), (20_000, 0.0), (300, 0.9)])
@pytest.mark.parametrize("block", [16, 1000])
def test_gradient_descent_is_that_in_memory(spec, data, tmp_path, steps, momentum, block):
    """There by eigenvectors; here by a polynomial of the kernel, tile by tile."""
    x, y, test_x = data
    kernels = compute_kernels(spec, "closed_form", x, y, test_x)
    on_disk = OutOfCore(spec, *data, SIZES, tmp_path, block=block).gradient_descent(0.5, steps, momentum)
    for size, got in zip(sorted(SIZES), on_disk, strict=True):
        expected = predictions.gradient_descent(kernels, size, 0.5, steps, momentum)
        for one, other in zip(got.prediction[:2], expected.prediction[:2], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())
        assert got.learning_rate == pytest.approx(expected.learning_rate, rel=1e-12)
        assert np.isnan([got.training_loss, got.prediction.condition_number]).all()


def test_growing_momentum(spec, data, tmp_path):
    momenta = Training(steps=200, algorithm="heavy_ball").momenta
    (got,) = OutOfCore(spec, *data, (90,), tmp_path, block=32).gradient_descent(0.9, 200, momenta)
    expected = predictions.gradient_descent(compute_kernels(spec, "closed_form", *data), 90, 0.9, 200, momenta)
    np.testing.assert_allclose(got.prediction.mean, expected.prediction.mean, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_smallest_training_sets(spec, data, tmp_path, size):
    (got,) = OutOfCore(spec, *data, (size,), tmp_path).gradient_descent(0.5, 30)
    expected = predictions.gradient_descent(compute_kernels(spec, "closed_form", *data), size, 0.5, 30)
    np.testing.assert_allclose(got.prediction.mean, expected.prediction.mean, rtol=1e-10, atol=1e-12)


def test_a_series_is_its_polynomial_and_short(rng):
    """q(l) = (1 - (1 - s l)^k) / l at any l; of 10,000 steps a few hundred terms are above rounding."""
    largest, steps = 3.0, 10_000
    series = descent_series(0.4, largest, steps)
    modes = np.append(rng.uniform(1e-9, largest, 200), largest)
    values = np.polynomial.chebyshev.chebval(2 * modes / largest - 1, series)
    exact = -np.expm1(steps * np.log1p(-0.4 * modes[modes < 2])) / modes[modes < 2]
    np.testing.assert_allclose(values[modes < 2], exact, atol=1e-11 * 0.4 * steps)
    np.testing.assert_allclose(values[modes >= 2], 1 / modes[modes >= 2], atol=1e-11 * 0.4 * steps)
    assert 100 < len(series) < (60 * steps) ** 0.5 + 10


def test_the_kernel_on_disk_is_written_once(spec, data, tmp_path):
    run = OutOfCore(spec, *data, SIZES, tmp_path, block=16)
    first = list(run.gradient_descent(0.5, 5))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("panel-*")}
    again = list(run.gradient_descent(0.5, 5))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("panel-*")} == before
    np.testing.assert_array_equal(first[-1].prediction.covariance, again[-1].prediction.covariance)
    with pytest.raises(ReplicationError, match="learning_rate_fraction"):
        list(run.gradient_descent(1.5, 5))


def test_finished_panels_are_not_computed_again(spec, data, tmp_path, monkeypatch):
    """Stopped after three panels of nine, one of which is cut short afterwards."""
    written = []

    def stopping(self, number, tile, write=disk_factor.DiskFactor.write):
        if number == 3 and not stopping.goes_on:
            raise KeyboardInterrupt
        write(self, number, lambda *ranges: (written.append(number), tile(*ranges))[1])

    stopping.goes_on = False
    monkeypatch.setattr(disk_factor.DiskFactor, "write", stopping)
    run = OutOfCore(spec, *data, SIZES, tmp_path, block=16)
    with pytest.raises(KeyboardInterrupt):
        list(run.bayes())
    assert set(written) == {0, 1, 2}
    path = sorted(tmp_path.rglob("panel-*"))[1]
    path.write_bytes(path.read_bytes()[:-8])
    written.clear()
    stopping.goes_on = True
    got = list(run.bayes())
    assert set(written) == {1, *range(3, 10)}
    expected = list(OutOfCore(spec, *data, SIZES, tmp_path / "fresh", block=16).bayes())
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one.mean, other.mean)


def test_other_data_have_a_folder_of_their_own(spec, data, tmp_path):
    x, y, test_x = data
    for inputs in (x, x + 1, x):
        list(OutOfCore(spec, inputs, y, test_x, SIZES, tmp_path).bayes())
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_refused(spec, data, tmp_path, monkeypatch):
    x, y, test_x = data
    with pytest.raises(ReplicationError, match="151 of 150"):
        OutOfCore(spec, *data, (151,), tmp_path)
    with pytest.raises(ReplicationError, match="y of shape"):
        OutOfCore(spec, x, y[:9], test_x, SIZES, tmp_path)
    with pytest.raises(ReplicationError, match="repeated inputs"):
        list(OutOfCore(spec, np.ones((150, 6)), y, test_x, SIZES, tmp_path).bayes())
    full = type("Full", (), {"f_bavail": 1, "f_frsize": 4096})
    monkeypatch.setattr(disk_factor.os, "statvfs", lambda folder: full)
    with pytest.raises(ReplicationError, match="larger disk"):
        list(OutOfCore(spec, *data, SIZES, tmp_path).bayes())


@pytest.mark.parametrize("descent", [GradientDescent(9, 0.5, 0.0, 0.1), GradientDescent({7: 3}, 0.5)])
def test_steps_that_cannot_be_counted_on_disk_are_refused(spec, data, tmp_path, descent):
    curve = OutOfCore(spec, *data, SIZES, tmp_path)
    with pytest.raises(ReplicationError, match="name one number of steps"):
        learning_curve_on_disk(curve, np.zeros((11, 2)), SIZES, descent=descent)
    with pytest.raises(ReplicationError, match="test_y"):
        learning_curve_on_disk(curve, np.zeros((9, 2)), SIZES)
    assert list(tmp_path.iterdir()) == []
