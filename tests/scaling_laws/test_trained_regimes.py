"""Curves of trained networks from members whose law is known: what is averaged, what is subtracted, and exponents."""

import numpy as np
import pandas as pd
import pytest

from replication.scaling_laws.exponents import exponent_of_means
from replication.scaling_laws.trained_regimes import of_students, on_changed_data, trained_curves, trained_exponents
from replication.settings.regimes import TrainedRegimes
from replication.settings.sections import Window

POPULATION, WINDOW = 640, {"smallest": 4, "largest": 64}
WIDTHS = SIZES = (4, 8, 16, 32, 64)
COMMON = {"width": 3, "activation": "erf", "window": WINDOW, "steps": 9, "learning_rate_fraction": 0.5}
REGIMES = TrainedRegimes.model_validate(
    {
        "task": "digits",
        "population": POPULATION,
        "variance_width": {"depth": 2, "training_size": 100, "widths": WIDTHS, "members": 8}
        | {name: COMMON[name] for name in ("activation", "window", "steps", "learning_rate_fraction")},
        "variance_data": COMMON | {"training_sizes": SIZES, "draws": 3, "members": 2},
        "resolution_width": {"population": POPULATION, "widths": WIDTHS, "window": WINDOW, "members": 3, "steps": 9}
        | {"batch_size": 4, "adam_learning_rate": 0.1},
    }
)
BASE = {"task": "digits", "dataset": "toys", "varied": "none", "value": np.nan, "learning_rate": 0.1, "device": "cpu"}
BASE |= {"training_time": 9, "training_loss": 0.0, "method": "trained", "draw": 0}


def members():
    """Exact laws: trained less linearised -3 / width, excess 5 / D, loss 2 width^-0.4, each with what must cancel."""
    rng, rows = np.random.default_rng(1), []
    for width in WIDTHS:
        row = BASE | {"experiment": "variance_limited_width", "width": width, "training_size": 100}
        for member, weights in enumerate(rng.normal(9, 1, 6)):
            rows.append(row | {"member": member, "method": "linearised", "test_loss": weights})
            rows.append(row | {"member": member, "test_loss": weights - 3 / width})
        row = BASE | {"experiment": "resolution_limited_width", "width": width, "training_size": POPULATION}
        rows += [row | {"member": k, "test_loss": 2 * width**-0.4 * factor} for k, factor in enumerate((0.9, 1, 1.1))]
    row = BASE | {"experiment": "variance_limited_data", "width": 3}
    limits = rng.normal(1, 0.2, 2)
    for member, limit in enumerate(limits):
        rows.append(row | {"training_size": POPULATION, "member": member, "test_loss": limit})
        for size in SIZES:
            for draw, factor in enumerate((0.8, 1.0, 1.2)):
                loss = limit + 5 / size * factor
                rows.append(row | {"training_size": size, "draw": draw, "member": member, "test_loss": loss})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def curves():
    return trained_curves(members(), POPULATION, 0.68)


@pytest.mark.parametrize(
    ("experiment", "size", "law", "sign", "draws"),
    [
        ("variance_limited_width", "width", lambda n: 3 / n, -1, 6),
        ("variance_limited_data", "training_size", lambda n: 5 / n, 1, 3),
        ("resolution_limited_width", "width", lambda n: 2 * n**-0.4, 1, 3),
    ],
)
def test_what_members_share_cancels_and_the_law_is_left(curves, experiment, size, law, sign, draws):
    curve = curves[curves["experiment"] == experiment]
    np.testing.assert_array_equal(curve[size], SIZES)
    np.testing.assert_allclose(curve["mean"], [law(n) for n in SIZES], rtol=1e-12)
    assert set(curve["sign"]) == {sign}
    assert set(curve["draws"]) == {draws}
    assert set(curve["method"]) == {"trained"}
    assert set(curve["target"]) == {"labels"}
    assert (curve["mean_lower"] <= curve["mean"]).all()


def test_errors_are_over_members_of_widths_and_over_draws_of_points(curves):
    by = {name: rows["mean_standard_error"].to_numpy() for name, rows in curves.groupby("experiment")}
    np.testing.assert_allclose(by["variance_limited_width"], 0, atol=1e-12)  # members differ by what cancels
    sizes = np.array(SIZES, float)
    np.testing.assert_allclose(by["variance_limited_data"], 5 / sizes * 0.2 / np.sqrt(3), rtol=1e-9)
    np.testing.assert_allclose(by["resolution_limited_width"], 2 * sizes**-0.4 * 0.1 / np.sqrt(3), rtol=1e-9)


def test_predictions_stand_beside_variance_limited_exponents(curves):
    noisy = curves.assign(mean_standard_error=0.02 * curves["mean"])
    table = trained_exponents(noisy, REGIMES, 0.68).set_index("experiment")
    expected = {"variance_limited_width": 1, "variance_limited_data": 1, "resolution_limited_width": 0.4}
    for experiment, exponent in expected.items():
        assert table.loc[experiment, "exponent"] == pytest.approx(exponent, rel=1e-9)
    assert table["prediction"].to_dict() == pytest.approx(
        {"variance_limited_width": 1, "variance_limited_data": 1, "resolution_limited_width": np.nan}, nan_ok=True
    )
    assert table["variable"].tolist() == ["width", "training_size", "width"]


def test_curves_of_changed_data_and_of_students_are_means_of_each_draw():
    rows = [
        BASE | {"experiment": experiment, "varied": varied, "value": value, "width": 8, "training_size": size}
        | {"draw": draw, "member": member, "test_loss": size + draw + 10 * member}
        for experiment, varied, value in (
            ("data_variation", "none", np.nan),
            ("data_variation", "classes", 5.0),
            ("teacher_student", "dimension", 3.0),
        )
        for size in (16, 32) for draw in range(2) for member in range(3)
    ]  # fmt: skip
    table = pd.DataFrame(rows)
    changed, students = on_changed_data(table), of_students(table)
    assert changed.groupby("varied", sort=False).size().to_dict() == {"none": 4, "classes": 4}
    for curve in (changed, students):
        np.testing.assert_allclose(curve["mean"], curve["training_size"] + curve["draw"] + 10)
        assert set(curve["members"]) == {3}
        assert curve["theory"].isna().all()
    assert set(students["target"]) == {"teacher"}
    assert set(changed["target"]) == {"labels"}
    assert set(students["task"]) == {"students"}


def toy(exponent, noise, seed=0, scatter=1.0):
    """A curve with independent errors: mean and mean_standard_error at five sizes."""
    sizes = np.array([64, 128, 256, 512, 1024])
    mean = sizes**-exponent * np.random.default_rng(seed).lognormal(0, scatter * noise, 5)
    return pd.DataFrame({"width": sizes, "mean": mean, "mean_standard_error": noise * mean})


def test_intervals_of_exponents_of_independent_means_cover():
    """1,000 toys, Student's intervals of three degrees of freedom, which are generous where points scatter less."""
    covered = 0
    for seed in range(1000):
        row = exponent_of_means("width", toy(1.0, 0.05, seed), Window(smallest=64, largest=1024), 0.68)
        covered += row["exponent_lower"] <= 1.0 <= row["exponent_upper"]
    assert 650 < covered < 850


def test_points_that_scatter_more_than_their_errors_widen_the_interval():
    window = Window(smallest=64, largest=1024)
    calm, wild = (
        np.mean([exponent_of_means("width", toy(1.0, 0.05, seed, scatter), window, 0.68)["exponent_standard_error"]
                 for seed in range(50)])
        for scatter in (1.0, 5.0)
    )  # fmt: skip
    assert wild > 3 * calm
