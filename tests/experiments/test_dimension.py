"""Teachers and students on a cube: brute force, sampled teachers, exponents of toys, and the stages."""

import numpy as np
import pandas as pd
import pytest

from replication.datasets.teacher_student import TeacherStudentData, teacher_student_data, uniform_hypercube
from replication.experiments import dimension as fits
from replication.infinite_width.closed_form import kernels
from replication.network import forward, initial_weights
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.reading import profile_named, read_settings
from replication.settings.regimes import Dimension
from replication.settings.sections import Window
from replication.settings.training import Execution
from replication.stages import files
from replication.stages.run_paths import RunPaths
from replication.stages.train_students import train_students
from replication.stages.vary_dimension import vary_dimension
from tests.conftest import ROOT
from tests.reference_network import reference_forward, training_of

SEED, PLACE = 3, RunPaths("toys")
STATISTICS = Statistics(confidence=0.68, resamples=200)
EXACT = InfiniteWidth(training_sizes=(8,), draws=3, engine="closed_form", diag_reg=0.0, singular_diag_reg=1e-10)
CPU = Execution(device="cpu", tensor_float_32=False, scheduler=None)


@pytest.fixture
def settings():
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
    rows = pd.DataFrame(fits.infinitely_wide_student(spec, data, sizes))
    assert list(rows["teacher"]) == [0, 1, 2] * 3
    k, theta = kernels(spec, np.vstack([data.x, data.test_x]))
    for size in sizes:
        used = [*range(size), *range(30, 42)]
        transfer = theta[30:, :size] @ np.linalg.inv(theta[:size, :size])
        error = transfer @ data.y[:size] - data.test_y
        both = np.hstack([transfer, -np.eye(12)])
        own = rows[rows["training_size"] == size]
        np.testing.assert_allclose(own["loss"], np.mean(error**2, axis=0) / 2, rtol=1e-6)
        expected = np.trace(both @ k[np.ix_(used, used)] @ both.T) / 24
        np.testing.assert_allclose(own["theory"], expected, rtol=1e-6)


def test_the_theory_is_the_mean_over_teachers_of_infinite_width(spec):
    """4000 of them, within three standard errors, which are about 2 %."""
    rows = pd.DataFrame(fits.infinitely_wide_student(spec, gaussian_data(spec, 4000), (5, 12, 30)))
    found = rows.groupby("training_size").agg(mean=("loss", "mean"), sem=("loss", "sem"), theory=("theory", "first"))
    assert (found["sem"] < 0.03 * found["theory"]).all()
    assert ((found["mean"] - found["theory"]).abs() < 3 * found["sem"]).all()


def test_wide_teachers_agree_with_the_theory(spec):
    """64 teachers of width 512 on one set of inputs: within four standard errors."""
    data = teacher_student_data(spec, 2, 24, 40, 64, 512, SEED, 0)
    rows = pd.DataFrame(fits.infinitely_wide_student(spec, data, (6, 24)))
    found = rows.groupby("training_size").agg(mean=("loss", "mean"), sem=("loss", "sem"), theory=("theory", "first"))
    assert (found["sem"] < 0.25 * found["theory"]).all()
    assert ((found["mean"] - found["theory"]).abs() < 4 * found["sem"]).all()


# exponents


def toy_losses(route, teachers=2, noise=0.02):
    rng = np.random.default_rng(8)
    rows = [
        {"route": route, "dimension": d, "teacher": teacher, "draw": draw, "training_size": size, "theory": np.nan}
        | {"loss": 10**teacher * size ** (-3.2 / d) * rng.lognormal(0, noise)}
        for d in (2, 5)
        for draw in range(4)
        for teacher in range(teachers)
        for size in (4, 8, 16, 32, 64)
    ]
    return pd.DataFrame(rows)


def test_exponents_of_both_routes_beside_what_is_predicted():
    losses = pd.concat([toy_losses("infinite_width"), toy_losses("trained", 1)])
    losses.loc[losses["training_size"] == 4, "loss"] = 99  # outside the window
    table = fits.exponents(losses, Window(smallest=8, largest=64), 0.68)
    origins = table.groupby(["route", "dimension"])["origin"].agg(list)
    for d in (2, 5):
        assert origins["infinite_width", d] == ["4/d", "3/d, ReLU kernel"]
        assert origins["trained", d] == ["4/d"]
    np.testing.assert_allclose(table["prediction"], table["origin"].str[0].astype(int) / table["dimension"])
    assert ((table["exponent"] - 3.2 / table["dimension"]).abs() < 4 * table["standard_error"]).all()
    assert (table["standard_error"] < 0.03).all()
    assert set(table["points"]) == {4}
    assert list(table["series"].unique()) == ["d = 2", "d = 5"]


def test_one_route_alone_gives_the_same_exponents():
    window = Window(smallest=4, largest=64)
    infinite, trained = toy_losses("infinite_width"), toy_losses("trained", 1)
    both = fits.exponents(pd.concat([infinite, trained]), window, 0.9)
    alone = fits.exponents(trained, window, 0.9)
    pd.testing.assert_frame_equal(both[both["route"] == "trained"].reset_index(drop=True), alone)


def test_exponents_of_students_fall_as_one_over_the_dimension(spec):
    """alpha_D d lies between 3 and 4 in 2 and in 5 dimensions, to within what its interval and small sets leave."""
    rows = []
    for d in (2, 5):
        for draw in range(5):
            students = fits.infinitely_wide_student(
                spec, teacher_student_data(spec, d, 256, 200, 4, 96, SEED, draw), (64, 128, 256)
            )
            rows += [row | {"route": "infinite_width", "dimension": d, "draw": draw} for row in students]
    table = fits.exponents(pd.DataFrame(rows), Window(smallest=64, largest=256), 0.68)
    product, error = (table[name] * table["dimension"] for name in ("exponent", "standard_error"))
    assert (error < 0.4).all()
    assert (product > 3 - 2 * error).all()
    assert (product < 4.2 + 2 * error).all()


# stages


def test_the_stage_measures_every_dimension_draw_and_teacher(tmp_path, monkeypatch, settings, spec):
    monkeypatch.chdir(tmp_path)
    vary_dimension(PLACE, SEED, EXACT, settings, STATISTICS)
    table = files.read_table(PLACE.results("dimension", "infinite_width.csv"))
    assert list(table) == fits.COLUMNS
    assert len(table.drop_duplicates(fits.COLUMNS[:5])) == len(table) == 2 * 3 * 2 * 3
    spec = spec.model_copy(update={"weight_variance": 2.0, "depth": 1})
    data = teacher_student_data(spec, 3, 32, 20, 2, 12, SEED, 1)
    expected = pd.DataFrame(fits.infinitely_wide_student(spec, data, (8, 16, 32), (0.0, 1e-10)))
    own = table[(table["dimension"] == 3) & (table["draw"] == 1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(own[expected.columns], expected, rtol=1e-9, check_dtype=False)
    exponents = files.read_table(PLACE.results("dimension", "exponents.csv"))
    refitted = fits.exponents(table, settings.window, 0.68)
    pd.testing.assert_frame_equal(exponents, refitted, rtol=1e-6, atol=1e-9, check_dtype=False)


def test_students_are_trained_in_every_dimension_and_learn(tmp_path, monkeypatch, settings):
    """Losses fall with the training set, a dimension's do not depend on the others, and both routes' exponents fit."""
    monkeypatch.chdir(tmp_path)
    training = training_of(7)
    train_students(PLACE, SEED, training, settings, CPU)
    table = files.read_table(PLACE.results("dimension", "trained.csv"))
    assert list(table) == fits.COLUMNS
    assert set(table["route"]) == {"trained"}
    assert table["theory"].isna().all()
    assert len(table.drop_duplicates(fits.COLUMNS[:5])) == len(table) == 2 * 3 * 3
    losses = np.log(table["loss"]).groupby([table["dimension"], table["training_size"]]).mean().unstack()
    assert (losses[32] < losses[8] - np.log(1.5)).all()
    exponents = fits.exponents(table, settings.trained.window, 0.68)
    assert list(exponents["dimension"]) == [2, 3]
    assert (exponents["exponent"] > 0).all()
    alone = settings.model_copy(update={"trained": settings.trained.model_copy(update={"dimensions": (3,)})})
    train_students(PLACE, SEED, training, alone, CPU)
    again = files.read_table(PLACE.results("dimension", "trained.csv"))
    expected = table[table["dimension"] == 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, expected, rtol=1e-5)


def test_students_of_different_draws_start_elsewhere(settings):
    from replication.finite_width.devices import Placement
    from replication.stages import train_students as stage

    placement = Placement(("cpu:0", "cpu:0"), "cpu")
    first, second, again = (
        np.array(list(stage.students(SEED, training_of(7), settings, placement, 2, draw))) for draw in (0, 1, 0)
    )
    assert first.shape == (3, 2)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first / second - 1).min() > 1e-4
    assert len(np.unique(first)) == first.size


@pytest.mark.parametrize("profile", ["quick", "laptop", "paper"])
def test_the_profiles_follow_the_paper(profile):
    """Teachers of 96, students of 192 units, dimensions within 2 to 9, as in arXiv 2102.06701."""
    own = profile_named(read_settings(ROOT / "params.yaml"), profile).dimension
    assert (own.teacher_width, own.trained.width, own.depth) == (96, 192, 2)
    assert set(own.trained.dimensions) <= set(own.dimensions) == set(range(2, 10))
    if profile == "paper":
        assert (own.trained.batch_size, own.trained.steps, own.trained.draws) == (64, 40000, 8)


def test_windows_of_students_hold_three_sizes(settings):
    narrow = settings.trained.model_copy(update={"window": Window(smallest=8, largest=16)})
    assert not list(settings.problems())
    ((key, message),) = settings.model_copy(update={"trained": narrow}).problems()
    assert key == "trained.window"
    assert "3" in message
