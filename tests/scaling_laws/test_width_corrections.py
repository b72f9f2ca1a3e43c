"""Corrections in 1 / n: known laws come back, intervals cover, and crossovers lie where toys put them."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import finite_width
from replication.claims.verdicts import run_tests
from replication.scaling_laws.crossovers import crossovers
from replication.scaling_laws.fits import straight_line
from replication.scaling_laws.member_bootstrap import Correlations, paired_differences
from replication.scaling_laws.width_corrections import (
    difference_ratios,
    fit_corrections,
    mean_intercepts,
    width_ratios,
)
from replication.schema import FINITE, PAIRED_DIFFERENCE, STATISTICS
from tests.claims.test_ensembles import BOUNDS

WIDTHS, SIZES = (32, 64, 128, 256), (16, 32, 64, 128)
SAME = {"task": "digits", "dataset": "toys", "draw": 0, "training_time": 100.0}


def losses(slope=-5.0, error=0.02, offset=0.0):
    """mu_L, sigma_L and eps_L of all methods: ln y = ln y(infinity) + offset + slope / n, without noise."""
    rows = []
    for size in SIZES:
        for method, width in (
            ("gradient_descent", np.inf),
            *((m, n) for m in ("trained", "linearised") for n in WIDTHS),
        ):
            row = SAME | {"method": method, "width": float(width), "training_size": size}
            factor = 1.0 if np.isinf(width) else np.exp(offset + slope / width)
            for name, limit in (("mean", size**-0.5), ("std", 0.1 * size**-0.5)):
                row |= {name: limit * factor, f"{name}_standard_error": error * limit * factor}
            eps = "coefficient_of_variation"
            rows.append(row | {eps: row["std"] / row["mean"], f"{eps}_standard_error": error})
    return pd.DataFrame(rows)


def uncorrelated(methods=FINITE, statistics=STATISTICS, correlation=0.0):
    """Correlations between training sizes, for every method, width and statistic."""
    matrix = correlation + (1 - correlation) * np.eye(len(SIZES))
    return {
        ("digits", method, float(width), statistic): Correlations(list(SIZES), 30, matrix)
        for method in methods
        for width in WIDTHS
        for statistic in statistics
    }


def intercepts(offset=0.0, correlation=0.0):
    """Their mean over the training sizes."""
    return mean_intercepts(width_ratios(losses(offset=offset)), uncorrelated(correlation=correlation), SIZES, 0.68)


def members(gap, spread=0.05, count=50, seed=4):
    """Pairs of members with the same scatter, trained less linearised by `gap` / n on average."""
    rng, rows = np.random.default_rng(seed), []
    for width in WIDTHS:
        for size in SIZES:
            common = rng.normal(1.0, 0.3, count)
            noise = rng.normal(0, spread, count)
            for method, values in (
                ("linearised", common),
                ("trained", common + (gap / width + noise / np.sqrt(width))),
            ):
                row = SAME | {"method": method, "width": float(width), "training_size": size}
                rows += [row | {"member": k, "test_loss": value} for k, value in enumerate(values)]
    return pd.DataFrame(rows)


def test_ratios_are_to_infinite_width_at_the_same_set_and_steps():
    table = losses()
    other = table[table["method"] == "gradient_descent"]
    table = pd.concat([table, other.assign(draw=1, mean=99.0), other.assign(training_time=np.inf, mean=77.0)])
    ratios = width_ratios(table)
    assert len(ratios) == 3 * 2 * len(WIDTHS) * len(SIZES)
    means = ratios[ratios["statistic"] == "mean"]
    np.testing.assert_allclose(means["ratio"], np.exp(-5 / means["width"]), rtol=1e-12)
    np.testing.assert_allclose(means["ratio_standard_error"], 0.02 * means["ratio"], rtol=1e-12)


def test_an_exact_law_is_found():
    table = fit_corrections(width_ratios(losses(offset=0.03)), 0.68)
    own = table[(table["statistic"] == "std") & (table["method"] == "trained")].set_index(
        ["training_size", "parameter"]
    )
    for size in SIZES:
        assert own.loc[(size, "intercept"), "estimate"] == pytest.approx(0.03, abs=1e-9)
        assert own.loc[(size, "slope"), "estimate"] == pytest.approx(-5.0, rel=1e-7)
        assert own.loc[(size, "slope"), "chi_square"] == pytest.approx(0, abs=1e-9)


def test_intervals_of_the_intercept_cover():
    """68.3 % of noisy toys hold the truth, within four standard errors of so many."""
    rng, x, error, toys = np.random.default_rng(0), 1 / np.array(WIDTHS, float), np.full(4, 0.05), 3000
    covered = 0
    for _ in range(toys):
        fitted = straight_line(x, 0.2 - 3 * x + error * rng.standard_normal(4), error)
        low, high = fitted.parameters["intercept"].interval(0.6827)
        covered += low <= 0.2 <= high
    assert covered / toys == pytest.approx(0.6827, abs=4 * np.sqrt(0.6827 * 0.3173 / toys))


def test_a_straight_line_is_that_of_numpy():
    rng = np.random.default_rng(1)
    x, y, error = rng.normal(size=(3, 6))
    error = np.abs(error) + 0.1
    (slope, intercept), covariance = np.polyfit(x, y, 1, w=1 / error, cov="unscaled")
    fitted = straight_line(x, y, error).parameters
    np.testing.assert_allclose([fitted["intercept"].value, fitted["slope"].value], [intercept, slope], rtol=1e-9)
    np.testing.assert_allclose(
        [fitted["intercept"].error, fitted["slope"].error], np.sqrt(np.diag(covariance))[::-1], rtol=1e-9
    )


def test_differences_are_taken_member_by_member():
    """The scatter that pairs share does not enter: errors are those of the gap alone."""
    table = difference_ratios(paired_differences(members(gap=2.0)), losses())
    assert set(table["method"]) == {PAIRED_DIFFERENCE}
    size = table[table["training_size"] == 64].sort_values("width")
    limit = 64**-0.5
    expected = 2.0 / np.array(WIDTHS) / limit
    assert (np.abs(size["ratio"] - expected) < 4 * size["ratio_standard_error"]).all()
    errors = 0.05 / np.sqrt(np.array(WIDTHS) * 50) / limit
    np.testing.assert_allclose(size["ratio_standard_error"], errors, rtol=0.4)
    fits = fit_corrections(table, 0.68).set_index(["training_size", "parameter"])
    slope = fits.loc[(64, "slope")]
    assert abs(slope["estimate"] - 2.0 / limit) < 4 * slope["standard_error"]


def test_without_linearised_members_there_is_no_difference():
    trained = members(gap=2.0).query("method == 'trained'")
    assert difference_ratios(paired_differences(trained), losses()).empty


def toys_that_depart(at, error=1e-9):
    """mu_L that follows infinite width up to N_D = `at` of every width, and departs in proportion beyond."""
    rows = [
        SAME | {"method": "trained", "statistic": "mean", "width": float(width), "training_size": size}
        | {"ratio_standard_error": error, "ratio": 1 + 0.1 * np.exp(np.log(size / at_size))}
        for width, at_size in at.items()
        for size in SIZES
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_crossovers_lie_where_toys_depart():
    """|ratio - 1| is 0.1 N_D / crossover, so it is interpolated between sizes, and never or always beyond the ends."""
    toys = toys_that_depart({32: 8, 64: 40, 128: 1000})
    table = crossovers(toys, uncorrelated(), 0.1, 0.68, np.random.default_rng(0))
    found = table.set_index("width")["crossover_training_size"]
    assert found[32.0] == 0
    assert 32 < found[64.0] < 50
    assert np.isinf(found[128.0])
    exact = table.set_index("width").loc[64.0]
    assert exact["lower"] == pytest.approx(exact["crossover_training_size"], rel=1e-4)
    assert exact["upper"] == pytest.approx(exact["crossover_training_size"], rel=1e-4)


def test_a_crossover_knows_the_errors_of_the_ratios():
    toys, rng = toys_that_depart({64: 40}, error=0.02), np.random.default_rng(0)
    table = crossovers(toys, uncorrelated(), 0.1, 0.68, rng).iloc[0]
    assert table["lower"] < table["crossover_training_size"] < table["upper"]
    assert table["upper"] / table["lower"] > 1.2


def test_a_crossover_knows_what_sizes_share():
    """Where all ratios move together the curve as a whole crosses earlier or later."""
    toys = toys_that_depart({64: 40}, error=0.02)
    alone, together = (
        crossovers(toys, uncorrelated(correlation=shared), 0.1, 0.68, np.random.default_rng(0)).iloc[0]
        for shared in (0.0, 1.0)
    )
    assert together["crossover_training_size"] == alone["crossover_training_size"]
    assert together["upper"] / together["lower"] > 1.03 * alone["upper"] / alone["lower"]


def test_mean_intercepts_are_the_mean_of_the_intercepts():
    """Of sizes with the same errors: their error falls with sqrt(sizes) where they are independent, and not else."""
    single = fit_corrections(width_ratios(losses(offset=0.03)), 0.68).query("parameter == 'intercept'")
    error = single["standard_error"].iloc[0]
    for correlation, expected in ((0.0, error / np.sqrt(len(SIZES))), (1.0, error)):
        table = intercepts(0.03, correlation)
        assert len(table) == 6
        means = table[table["statistic"] == "mean"]
        np.testing.assert_allclose(means["intercept"], 0.03, atol=1e-12)
        np.testing.assert_allclose(means["intercept_standard_error"], expected, rtol=1e-9)
        assert set(table["smallest"]) == {SIZES[0]}
        assert set(table["largest"]) == {SIZES[-1]}


@pytest.mark.parametrize(("offset", "verdict"), [(0.0, "holds"), (0.3, "does not hold")])
def test_the_claim_is_about_the_intercept(offset, verdict):
    plateaus = pd.DataFrame(columns=["task", "dataset", "parameter", "width"])
    tests = finite_width.tests(intercepts(offset), plateaus, BOUNDS)
    _, summary = run_tests("toys", tests, finite_width.STATEMENTS, BOUNDS.significance)
    assert summary.set_index("claim")["verdict"].to_dict() == {"W1 linearised": verdict, "W1 trained": verdict}
