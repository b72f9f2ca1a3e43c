"""Teachers and students on a cube: brute force, sampled teachers, and the experiment at infinite width."""

import numpy as np
import pandas as pd
import pytest

from replication.datasets.teacher_student import TeacherStudentData, teacher_student_data, uniform_hypercube
from replication.experiments.dimension import infinitely_wide_student, infinitely_wide_students
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.learning_curve import Regularisation
from replication.network import forward, initial_weights
from replication.scaling_laws.students import student_exponents
from replication.schema import CURVE, KEYS
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.reading import profile_named, read_settings
from replication.settings.regimes import Dimension
from replication.settings.sections import Window
from tests.conftest import ROOT
from tests.reference_network import reference_forward

SEED = 3
STATISTICS = Statistics(confidence=0.68, resamples=200)
EXACT = InfiniteWidth(training_sizes=(8,), draws=3, engine="closed_form", diag_reg=0.0, singular_diag_reg=1e-10)


def settings_of_toys():
    trained = {"width": 24, "dimensions": (2, 3), "training_sizes": (8, 16, 32), "members": 2, "draws": 3}
    trained |= {"window": Window(smallest=8, largest=32), "steps": 300, "batch_size": 16, "adam_learning_rate": 0.1}
    return Dimension(
        dimensions=(1, 3),
        training_sizes=(8, 16, 32),
        window=Window(smallest=8, largest=32),
        draws=3,
        teachers=2,
        teacher_width=12,
        test_size=20,
        depth=1,
        weight_variance=2.0,
        bias_variance=0.1,
        trained=trained,
    )


# teachers


def test_inputs_fill_the_cube_and_are_nested():
    x = uniform_hypercube(4000, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(uniform_hypercube(7, 3, np.random.default_rng(0)), x[:7])
    assert np.abs(x).max() < 1
    # mean 0 and variance 1/3, with standard errors of 0.009 and 0.005
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=4 * 0.0092)
    np.testing.assert_allclose(x.var(axis=0), 1 / 3, atol=4 * 0.0048)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_a_teacher_is_the_network_of_the_formulas(spec, activation):
    spec = spec.model_copy(update={"activation": activation})
    weights = initial_weights(spec, 4, 10, 2, np.random.default_rng(1))
    x = np.random.default_rng(2).normal(size=(9, 4))
    expected = reference_forward(spec, [(w.astype(float), b.astype(float)) for w, b in weights], x)[0][-1]
    np.testing.assert_allclose(forward(spec, weights, x), expected, rtol=1e-12)


def test_a_teacher_does_not_depend_on_how_many_there_are_nor_on_the_points(spec):
    many, few = (teacher_student_data(spec, 3, points, 6, number, 12, SEED, 0) for points, number in ((20, 3), (9, 1)))
    np.testing.assert_array_equal(many.x[:9], few.x)
    np.testing.assert_array_equal(many.test_x, few.test_x)
    np.testing.assert_allclose(many.y[:9, :1], few.y, rtol=1e-12)
    np.testing.assert_allclose(many.test_y[:, :1], few.test_y, rtol=1e-12)
    assert np.abs(many.y[:, 0] - many.y[:, 1]).min() > 0
    other = teacher_student_data(spec, 3, 9, 6, 1, 12, SEED, 1)
    assert np.abs(other.x - few.x).min() > 0
    assert not np.isin(many.test_x, many.x).any()


# infinitely wide students


def gaussian_data(spec, teachers, points=30, tests=12):
    """Data whose teachers have infinite width: drawn from the Gaussian process of covariance K."""
    rng = np.random.default_rng(5)
    x = uniform_hypercube(points + tests, 2, rng)
    y = np.linalg.cholesky(kernels(spec, x).nngp) @ rng.normal(size=(points + tests, teachers))
    return TeacherStudentData(x[:points], y[:points], x[points:], y[points:])


def test_losses_and_theory_against_the_explicit_inverse(spec):
    """Theory: 1/2 of the mean diagonal of (T, -1) K (T, -1)', K the covariance of training and test outputs."""
    sizes, data = (4, 11, 30), gaussian_data(spec, 3)
    rows = pd.DataFrame(infinitely_wide_student(spec, data, sizes))
    assert list(rows["teacher"]) == [0, 1, 2] * 3
    k, theta = kernels(spec, np.vstack([data.x, data.test_x]))
    for size in sizes:
        used = [*range(size), *range(30, 42)]
        transfer = theta[30:, :size] @ np.linalg.inv(theta[:size, :size])
        error = transfer @ data.y[:size] - data.test_y
        both = np.hstack([transfer, -np.eye(12)])
        found = rows[rows["training_size"] == size]
        np.testing.assert_allclose(found["mean"], np.mean(error**2, axis=0) / 2, rtol=1e-6)
        expected = np.trace(both @ k[np.ix_(used, used)] @ both.T) / 24
        np.testing.assert_allclose(found["theory"], expected, rtol=1e-6)


def test_the_theory_is_the_mean_over_teachers_of_infinite_width(spec):
    """4000 of them, within three standard errors, which are about 2 %."""
    rows = pd.DataFrame(infinitely_wide_student(spec, gaussian_data(spec, 4000), (5, 12, 30)))
    found = rows.groupby("training_size").agg(mean=("mean", "mean"), sem=("mean", "sem"), theory=("theory", "first"))
    assert (found["sem"] < 0.03 * found["theory"]).all()
    assert ((found["mean"] - found["theory"]).abs() < 3 * found["sem"]).all()


def test_wide_teachers_agree_with_the_theory(spec):
    """64 teachers of width 512 on one set of inputs: within four standard errors."""
    data = teacher_student_data(spec, 2, 24, 40, 64, 512, SEED, 0)
    rows = pd.DataFrame(infinitely_wide_student(spec, data, (6, 24)))
    found = rows.groupby("training_size").agg(mean=("mean", "mean"), sem=("mean", "sem"), theory=("theory", "first"))
    assert (found["sem"] < 0.25 * found["theory"]).all()
    assert ((found["mean"] - found["theory"]).abs() < 4 * found["sem"]).all()


# the experiment


@pytest.fixture(scope="module")
def tables():
    return infinitely_wide_students(settings_of_toys(), EXACT, STATISTICS, SEED)


def test_every_dimension_draw_and_teacher_is_measured(tables, spec):
    losses = tables["losses"]
    assert set(losses) == {*KEYS, *CURVE, "teacher", "mean", "theory"}
    keys = ["value", "draw", "teacher", "training_size"]
    assert len(losses.drop_duplicates(keys)) == len(losses) == 2 * 3 * 2 * 3
    assert set(losses["varied"]) == {"dimension"}
    spec = spec.model_copy(update={"weight_variance": 2.0, "depth": 1})
    data = teacher_student_data(spec, 3, 32, 20, 2, 12, SEED, 1)
    expected = pd.DataFrame(infinitely_wide_student(spec, data, (8, 16, 32), Regularisation(0.0, 1e-10)))
    found = losses[(losses["value"] == 3) & (losses["draw"] == 1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_dtype=False)


def test_exponents_are_those_of_the_losses(tables):
    expected = student_exponents(tables["losses"], settings_of_toys().window, STATISTICS.confidence)
    pd.testing.assert_frame_equal(tables["exponents"], expected)


def test_exponents_of_students_fall_as_one_over_the_dimension():
    """alpha_D d lies between 3 and 4 in 2 and in 5 dimensions, to within what its interval and small sets leave."""
    sizes = {"training_sizes": (64, 128, 256), "window": Window(smallest=64, largest=256), "test_size": 200}
    larger = {"dimensions": (2, 5), "draws": 5, "teachers": 4, "teacher_width": 96, "depth": 2}
    settings = settings_of_toys().model_copy(update=sizes | larger)
    table = infinitely_wide_students(settings, EXACT, STATISTICS, SEED)["exponents"]
    product, error = (table[name] * table["value"] for name in ("exponent", "exponent_standard_error"))
    assert (error < 0.4).all()
    assert (product > 3 - 2 * error).all()
    assert (product < 4.2 + 2 * error).all()


@pytest.mark.parametrize("profile", ["quick", "laptop", "paper"])
def test_the_profiles_follow_the_paper(profile):
    """Teachers of 96, students of 192 units, dimensions within 2 to 9, as in arXiv 2102.06701."""
    asked = profile_named(read_settings(ROOT / "params.yaml"), profile).dimension
    assert (asked.teacher_width, asked.trained.width, asked.depth) == (96, 192, 2)
    assert set(asked.trained.dimensions) <= set(asked.dimensions) == set(range(2, 10))
    if profile == "paper":
        assert (asked.trained.batch_size, asked.trained.steps, asked.trained.draws) == (64, 40000, 8)


def test_windows_of_students_hold_three_sizes():
    settings = settings_of_toys()
    narrow = settings.trained.model_copy(update={"window": Window(smallest=8, largest=16)})
    assert not list(settings.problems())
    ((key, message),) = settings.model_copy(update={"trained": narrow}).problems()
    assert key == "trained.window"
    assert "3" in message
