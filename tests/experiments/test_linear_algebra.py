"""The linear algebra of JAX through every way in: tables equal to SciPy's to 1e-10, and none of SciPy's on the way."""

import numpy as np
import pandas as pd
import pytest

import replication as rep
from replication.errors import ReplicationError
from replication.experiments.cross_check import cross_check
from replication.experiments.data_variations import data_variations
from replication.experiments.dimension import infinitely_wide_students
from replication.experiments.learning_curves import infinite_width_curves
from replication.experiments.network_variations import network_variations
from replication.infinite_width.learning_curve import compute_kernels
from replication.infinite_width.linear_algebra import SciPy
from replication.infinite_width.predictions import gradient_descent_to_convergence
from replication.infinite_width.training_time import GradientDescent, steps_to
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.infinite_width import CrossCheck
from replication.settings.reading import read_settings
from replication.settings.sections import Window
from replication.settings.training import Training
from tests.conftest import ROOT
from tests.experiments.test_dimension import settings_of_toys
from tests.experiments.test_learning_curves import STATISTICS
from tests.experiments.test_network_variations import VARIATIONS
from tests.experiments.toy_task import INFINITE_WIDTH, NETWORK, SEED, TASK, toy_dataset

QUICK = read_settings(ROOT / "params.yaml").profiles["quick"]
RATIO = Training(steps=300, algorithm="heavy_ball", training_loss_ratio=0.05)
CHECK = CrossCheck(engine="closed_form", training_size=16, tolerance=1e-6)
OF_TASK = toy_dataset(), "digits", TASK, NETWORK
SHORT = Window(smallest=4, largest=12)
CHANGED = QUICK.data_variations.model_copy(
    update={"training_sizes": (4, 8, 12), "sample_size": 48, "draws": 3, "sides": {}, "noise": (0.5,)}
    | {"superclasses": (), "window": SHORT, "theory_window": SHORT, "ranks": SHORT}
)
WAYS = {
    "curves": lambda one: infinite_width_curves(*OF_TASK, RATIO, one, (8, 16), STATISTICS, SEED),
    "networks": lambda one: network_variations(*OF_TASK, one, VARIATIONS, SEED),
    "data": lambda one: data_variations(*OF_TASK, one, CHANGED, STATISTICS, SEED)["data"],
    "students": lambda one: infinitely_wide_students(settings_of_toys(), one, STATISTICS, SEED)["losses"],
    "check": lambda one: cross_check(*OF_TASK[:2], NETWORK, one.model_copy(update={"cross_check": CHECK}), SEED),
}


@pytest.fixture
def without_scipy(monkeypatch):
    """From its call on, SciPy's factorisations are out of reach."""

    def forbid():
        for name in ("cholesky", "eigh", "solve"):
            monkeypatch.setattr(SciPy, name, lambda *_, **__: pytest.fail("SciPy's linear algebra was taken"))

    return forbid


def equal(got, expected):
    numbers = expected.select_dtypes("number").columns.drop("condition_number", errors="ignore")
    assert len(numbers)
    pd.testing.assert_frame_equal(got.drop(columns=numbers), expected.drop(columns=numbers), check_exact=False)
    for name in numbers:
        scale = expected[name].replace([np.inf, -np.inf], np.nan).abs().max()
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-10, atol=1e-10 * scale, err_msg=name)


@pytest.mark.parametrize("way", WAYS)
def test_the_setting_reaches_every_experiment(way, without_scipy):
    expected = WAYS[way](INFINITE_WIDTH)
    without_scipy()
    got = WAYS[way](INFINITE_WIDTH.model_copy(update={"linear_algebra": "jax"}))
    equal(*(table.drop(columns="condition_number", errors="ignore") for table in (got, expected)))


def test_the_function_for_programs(rng, without_scipy):
    x, x_test = rng.normal(size=(60, 4)), rng.normal(size=(20, 4))
    points = x, np.sin(x[:, :2]), x_test, np.sin(x_test[:, :2])
    options = {"training_sizes": [16, 40], "draws": 2, "steps": 100, "training_loss_ratio": 0.1}
    expected = rep.learning_curve(NETWORK, *points, **options)
    without_scipy()
    got = rep.learning_curve(NETWORK, *points, **options, linear_algebra="jax")
    equal(*(table.drop(columns="condition_number") for table in (got, expected)))
    with pytest.raises(ReplicationError, match="choose one of scipy, jax"):
        rep.learning_curve(NETWORK, *points, linear_algebra="cupy")


def test_the_command(command, tmp_path, rng, without_scipy):
    x = rng.normal(size=(60, 3))
    np.savez(tmp_path / "own.npz", inputs=x, targets=np.sin(x[:, 0]))
    tables = []
    for name in ("scipy", "jax"):
        options = "--training-sizes", "8,16", "--linear-algebra", name, "--output", tmp_path / name
        assert command("predict", tmp_path / "own.npz", *options).returncode == 0
        tables.append(pd.read_csv(tmp_path / name / "own_draws.csv").drop(columns="condition_number"))
        without_scipy()
    equal(*reversed(tables))
    assert command("predict", tmp_path / "own.npz", "--linear-algebra", "cupy").returncode == 2


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_times_are_the_same(rng, without_scipy, momentum):
    x, y, z = rng.normal(size=(40, 5)), rng.normal(size=(40, 2)), rng.normal(size=(9, 5))
    kernels, test_y = compute_kernels(NETWORK, "closed_form", x, y, z), rng.normal(size=(9, 2))
    (mean, covariance, *_) = next(gradient_descent_to_convergence(kernels, (40,)))
    goal = 0.03 * gaussian_moments(mean, covariance, test_y).mean
    descent = GradientDescent(10_000, 0.5, momentum, 0.03)
    expected = steps_to(kernels, 40, 0.5, goal, 10_000, momentum), descent.timed(kernels, test_y, (20, 40))
    without_scipy()
    found = (
        steps_to(kernels, 40, 0.5, goal, 10_000, momentum, "jax"),
        descent.timed(kernels, test_y, (20, 40), algebra="jax"),
    )
    assert found == expected
    assert 1 < found[0] == found[1].steps_at(40) < 10_000
