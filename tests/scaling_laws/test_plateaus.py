"""Plateaus of varied training: known slopes come back, and the verdict follows the slope and not the value."""

import numpy as np
import pandas as pd
import pytest

from replication.claims import finite_width
from replication.claims.verdicts import run_tests
from replication.scaling_laws.member_bootstrap import VARIANTS, member_correlations
from replication.scaling_laws.plateaus import moments_of_variants, plateaus
from replication.settings.analysis import Statistics
from tests.claims.test_ensembles import BOUNDS

NOTHING = pd.DataFrame(columns=["task", "dataset", "width", "quantity"])  # compared with order 1/n
SIZES, STATISTICS = (64, 128, 256, 512), Statistics(confidence=0.68, resamples=400)
PLACE = {"task": "digits", "dataset": "toys"}
EPS = "coefficient_of_variation"


def members(slopes, count=400, seed=2):
    """Losses of variants whose eps_L is 0.1 (N_D / 64)^slope."""
    rng, rows = np.random.default_rng(seed), []
    for value, slope in slopes.items():
        for size in SIZES:
            mean, eps = size**-0.4, 0.1 * (size / 64) ** slope
            for member, loss in enumerate(mean * (1 + eps * rng.standard_normal(count))):
                row = PLACE | {"experiment": "training_variation", "varied": "algorithm", "value": value}
                row |= {"method": "trained", "width": 64.0, "training_size": size, "draw": 0, "training_time": 9.0}
                rows.append(row | {"member": member, "test_loss": loss, "training_loss": 0.1})
    return pd.DataFrame(rows)


EXPECTED = pd.DataFrame(
    [
        PLACE | {"varied": "algorithm", "value": value, "training_size": size, EPS: eps}
        for value, eps in (("adam", np.nan), ("momentum", 0.11))
        for size in SIZES
    ]
)


def table(slopes):
    losses = members(slopes, count=400)
    correlations = member_correlations(losses, VARIANTS, 200, 1)
    curves = moments_of_variants(losses, STATISTICS, 1)
    return plateaus(curves, EXPECTED, correlations, 0.68)


def test_slopes_and_values_come_back():
    found = table({"adam": -0.3, "momentum": 0.0}).set_index(["value", "parameter"])
    for value, slope in (("adam", -0.3), ("momentum", 0.0)):
        row = found.loc[(value, "slope")]
        assert abs(row["estimate"] - slope) < 4 * row["standard_error"]
        assert row["standard_error"] < 0.06
    assert found.loc[("momentum", "value"), "estimate"] == pytest.approx(0.1, rel=0.1)
    assert found.loc[("momentum", "value"), "expected"] == pytest.approx(0.11)
    assert np.isnan(found.loc[("adam", "value"), "expected"])
    assert (found["smallest"] == 64).all()
    assert (found["largest"] == 512).all()


def test_one_ensemble_under_two_names_has_one_interval():
    losses = members({"adam": 0.0}, count=20)
    both = moments_of_variants(pd.concat([losses, losses.assign(varied="depth", value="3")]), STATISTICS, 1)
    first, second = (both[both["varied"] == name].drop(columns=["varied", "value"]) for name in ("algorithm", "depth"))
    pd.testing.assert_frame_equal(first.reset_index(drop=True), second.reset_index(drop=True))


def test_errors_are_those_of_members_alone():
    """Of independent sizes: the error of a slope by least squares from errors 1 / sqrt(2 k) of ln eps_L."""
    x = np.log(SIZES)
    expected = 1 / np.sqrt(2 * 400) / np.sqrt(np.sum((x - x.mean()) ** 2))
    row = table({"adam": 0.0}).set_index("parameter").loc["slope"]
    assert row["standard_error"] == pytest.approx(expected, rel=0.15)
    assert row["degrees_of_freedom"] == 399


@pytest.mark.parametrize(
    ("slope", "own", "verdict"),
    [(0.0, 0.0, "holds"), (-0.5, 0.0, "does not hold"), (-0.5, -0.5, "holds"), (0.5, -0.4, "does not hold")],
)
def test_a_variant_is_compared_with_the_unvaried(slope, own, verdict):
    found = table({"adam": slope, "momentum": own})
    found["unvaried"] = found["value"] == "momentum"
    tests = [test for test in finite_width.tests(NOTHING, found, BOUNDS, 0.68)]
    assert [test.claim for _, test in tests] == ["T algorithm"]
    _, summary = run_tests("toys", tests, finite_width.STATEMENTS, BOUNDS.significance)
    assert summary.set_index("claim").loc["T algorithm", "verdict"] == verdict
