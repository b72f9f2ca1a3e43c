"""Exponents of the second paper's curves: exact laws, drifts, pairs of draws, spectra; how often intervals cover."""

import numpy as np
import pandas as pd
import pytest

from replication.scaling_laws.data_variations import exponent_differences, exponents, spectrum_exponents
from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.exponents import curves, difference_row, exponent_row, mean_curve
from replication.scaling_laws.students import student_exponents
from replication.schema import CURVE, TEACHER
from replication.settings.sections import Window

SIZES = np.array([16, 32, 64, 128, 256])
CONFIDENCE = 0.68
DATA = {"experiment": "data_variation", "task": "toys", "dataset": "made up", "method": "gradient_descent"}


@pytest.mark.parametrize("exponent", [0.03, 0.7, 2.0])
def test_an_exact_law_has_its_exponent_without_error_or_drift(exponent):
    y = np.array([[1.0], [3.0], [0.2]]) * SIZES**-exponent  # draws of other amplitudes
    row = exponent_row("training_size", SIZES, y, CONFIDENCE, Estimate(0.5, 0.01), "somewhere")
    for name in ("exponent", "exponent_lower", "exponent_upper"):
        assert row[name] == pytest.approx(exponent, abs=1e-9)
    for name in ("exponent_standard_error", "drift", "drift_standard_error"):
        assert row[name] == pytest.approx(0, abs=1e-9)
    assert (row["smallest"], row["largest"], row["points"]) == (16, 256, 5)
    assert (row["prediction"], row["prediction_standard_error"], row["origin"]) == (0.5, 0.01, "somewhere")
    assert np.isnan(exponent_row("training_size", SIZES, y, CONFIDENCE)["prediction"])


def test_drift_is_the_change_of_the_local_exponent():
    """ln y = -0.2 (ln x)^2 has the exponent 0.4 ln x, and draws with other bends scatter."""
    bends = np.array([[0.19], [0.2], [0.21]])
    row = exponent_row("training_size", SIZES, np.exp(-bends * np.log(SIZES) ** 2), CONFIDENCE)
    span = np.log(16)
    assert row["drift"] == pytest.approx(0.4 * span, rel=1e-6)
    assert row["drift_standard_error"] == pytest.approx(2 * span * 0.01 / np.sqrt(3), rel=1e-6)
    assert row["exponent_lower"] < row["exponent"] < row["exponent_upper"]


def test_intervals_of_exponents_cover_as_often_as_they_say():
    """400 toys of 4 draws whose scatter is common to all sizes and one's own: 68 %, with a standard error of 2.3 %."""
    rng, covered = np.random.default_rng(2), 0
    for _ in range(400):
        tilt = rng.normal(0, 0.05, (4, 1)) * np.log(SIZES)
        row = exponent_row("training_size", SIZES, SIZES**-0.4 * np.exp(tilt + rng.normal(0, 0.02, (4, 5))), CONFIDENCE)
        covered += row["exponent_lower"] < 0.4 < row["exponent_upper"]
    assert covered / 400 == pytest.approx(0.68, abs=4 * 0.023)


def test_differences_are_of_pairs_of_draws():
    """What the draws have in common cancels; with the draws in another order it does not."""
    rng = np.random.default_rng(3)
    reference = SIZES**-0.5 * np.exp(rng.normal(0, 0.3, (5, 1)) * np.log(SIZES))
    steeper = 2 * reference * SIZES**-0.2
    row = difference_row(SIZES, steeper, reference, CONFIDENCE)
    for name in ("difference", "difference_lower", "difference_upper"):
        assert row[name] == pytest.approx(0.2, abs=1e-9)
    assert row["difference_standard_error"] == pytest.approx(0, abs=1e-9)
    shuffled = difference_row(SIZES, steeper[[1, 2, 3, 4, 0]], reference, CONFIDENCE)
    assert shuffled["difference"] == pytest.approx(0.2, abs=1e-9)
    assert shuffled["difference_standard_error"] > 0.05
    assert shuffled["difference_lower"] < 0.2 < shuffled["difference_upper"]


def test_curves_are_cut_to_the_window_and_averaged_within_draws():
    rows = [
        {"draw": draw, "training_size": size, "mean": value}
        for draw, size, value in (
            (2, 8, 5.0), (2, 4, 2.0), (2, 4, 8.0), (0, 8, 3.0), (0, 4, 1.0), (0, 16, 9.0), (0, 2, 9.0), (2, 6, np.nan),
        )
    ]  # fmt: skip
    sizes, y = curves(pd.DataFrame(rows), Window(smallest=4, largest=8))
    np.testing.assert_array_equal(sizes, [4, 8])
    np.testing.assert_allclose(y, [[1, 3], [4, 5]])  # draws 0 and 2; sqrt(2 x 8) = 4
    renamed = pd.DataFrame(rows).rename(columns={"training_size": "rank", "mean": "eigenvalue"})
    np.testing.assert_allclose(curves(renamed, Window(smallest=8, largest=16), "rank", "eigenvalue")[0], [8, 16])


def test_mean_curves_have_intervals_over_draws():
    rows = [
        {"key": key, "training_size": 8, "mean": loss, "theory": 2 * loss}
        for key, loss in zip(("a", "a", "a", "b", np.nan), (1, 2, 6, 5, 4), strict=True)
    ]
    table = mean_curve(pd.DataFrame(rows), ["key", "training_size"], CONFIDENCE).set_index("key")
    assert len(table) == 3  # an empty key is a key
    a = table.loc["a"]
    assert (a["mean"], a["draws"], a["mean_standard_error"], a["theory"]) == pytest.approx((3, 3, np.sqrt(7 / 3), 6))
    assert a["mean_upper"] - a["mean"] == pytest.approx(a["mean"] - a["mean_lower"])
    assert a["mean_upper"] - a["mean"] > a["mean_standard_error"]  # Student's, of two degrees of freedom
    assert np.isnan(table.loc["b", "mean_standard_error"])


EXPONENTS = {  # varied, value, target: exponent
    ("none", np.nan, "labels"): 0.4,
    ("none", np.nan, TEACHER): 0.6,
    ("classes", 2.0, "labels"): 0.35,
    ("side", 4.0, "labels"): 0.45,
    ("side", 4.0, TEACHER): 0.9,
    ("noise", 0.5, "labels"): 0.2,
    ("noise", 0.5, TEACHER): 0.1,
}


def toy_losses():
    """Exact power laws whose draws have exponents of their own; theory with exponents 0.1 larger, not of noise."""
    rows = []
    for (varied, value, target), exponent in EXPONENTS.items():
        label = DATA | {"varied": varied, "value": value, "target": target}
        for draw in range(4):
            for size in SIZES:
                theory = np.nan if varied == "noise" or size > 64 else (3.0 + draw) * size ** -(exponent + 0.1)
                row = {"draw": draw, "training_size": size, "mean": size ** -(exponent + draw / 10), "theory": theory}
                rows.append(label | row)
    return pd.DataFrame(rows)


def case(table, varied, target):
    return table[(table["varied"] == varied) & (table["target"] == target)]


def test_exponents_of_every_case_and_again_beside_the_theory():
    window, theory_window = Window(smallest=32, largest=256), Window(smallest=16, largest=64)
    table = exponents(toy_losses(), window, CONFIDENCE, theory_window)
    for (varied, _, target), exponent in EXPONENTS.items():
        found = case(table, varied, target)
        np.testing.assert_allclose(found["exponent"], exponent + 0.15)  # the mean over draws
        assert list(found["largest"]) == ([256] if varied == "noise" else [256, 64])
        assert list(found["smallest"]) == ([32] if varied == "noise" else [32, 16])
        if varied != "noise":
            beside = found.iloc[1]
            assert beside["prediction"] == pytest.approx(exponent + 0.1)
            assert beside["origin"].startswith("alpha_K" if target == TEACHER else "spectrum and target")
    assert set(table["variable"]) == {"training_size"}
    assert list(table.columns[:7]) == CURVE


def test_differences_are_to_the_unvaried_curve_of_the_same_target():
    """Merged classes are compared with labels, teachers with the teacher; nothing with itself."""
    table = exponent_differences(toy_losses(), Window(smallest=32, largest=256), CONFIDENCE)
    assert "none" not in set(table["varied"])
    assert len(table) == len(EXPONENTS) - 2
    for (varied, _, target), exponent in EXPONENTS.items():
        if varied != "none":
            (row,) = case(table, varied, target).itertuples()
            unvaried = EXPONENTS[next(key for key in EXPONENTS if key[0] == "none" and key[2] == target)]
            assert row.difference == pytest.approx(exponent - unvaried, abs=1e-9)
            assert row.difference_standard_error == pytest.approx(0, abs=1e-9)
            assert row.points == 4


def test_spectra_give_alpha_k():
    ranks = np.array([1, 2, 4, 8, 16, 32, 64])
    label = DATA | {"varied": "side", "value": 4.0, "target": TEACHER}
    rows = [
        label | {"draw": draw, "rank": rank, "eigenvalue": (1 + draw) * rank**-1.3 if rank > 2 else 50.0}
        for draw in range(3)
        for rank in ranks
    ]
    (row,) = spectrum_exponents(pd.DataFrame(rows), Window(smallest=4, largest=64), CONFIDENCE).itertuples()
    assert (row.exponent, row.exponent_lower, row.exponent_upper) == pytest.approx((0.3, 0.3, 0.3))
    assert (row.variable, row.target, row.points) == ("rank", TEACHER, 5)


# students


def student_losses(method, teachers=2, noise=0.02):
    rng = np.random.default_rng(8)
    label = {"experiment": "teacher_student", "task": "students", "dataset": "hypercube", "varied": "dimension"}
    label |= {"target": TEACHER, "method": method}
    rows = [
        label | {"value": float(d), "teacher": teacher, "draw": draw, "training_size": size}
        | {"mean": 10**teacher * size ** (-3.2 / d) * rng.lognormal(0, noise)}
        for d in (2, 5) for draw in range(4) for teacher in range(teachers) for size in (4, 8, 16, 32, 64)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_exponents_of_students_beside_what_is_predicted():
    losses = pd.concat([student_losses("gradient_descent"), student_losses("trained", 1)])
    losses.loc[losses["training_size"] == 4, "mean"] = 99  # outside the window
    table = student_exponents(losses, Window(smallest=8, largest=64), CONFIDENCE)
    origins = table.groupby(["method", "value"])["origin"].agg(list)
    for d in (2, 5):
        assert origins["gradient_descent", d] == ["4/d", "3/d, ReLU kernel"]
        assert origins["trained", d] == ["4/d"]
    np.testing.assert_allclose(table["prediction"], table["origin"].str[0].astype(int) / table["value"])
    assert ((table["exponent"] - 3.2 / table["value"]).abs() < 4 * table["exponent_standard_error"]).all()
    assert (table["exponent_standard_error"] < 0.03).all()
    assert set(table["points"]) == {4}


def test_one_method_alone_gives_the_same_exponents():
    window = Window(smallest=4, largest=64)
    infinite, trained = student_losses("gradient_descent"), student_losses("trained", 1)
    both = student_exponents(pd.concat([infinite, trained]), window, 0.9)
    alone = student_exponents(trained, window, 0.9)
    pd.testing.assert_frame_equal(both[both["method"] == "trained"].reset_index(drop=True), alone)
