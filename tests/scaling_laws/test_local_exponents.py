"""Local exponents of curves whose exponents are known, beside those of a theory that bends."""

import numpy as np
import pandas as pd
import pytest

from replication.scaling_laws.local_exponents import local_exponents, with_theory_drift
from replication.scaling_laws.power_laws import power_law

SIZES = np.array([8, 16, 32, 64, 128])
CURVE = {"task": "digits", "dataset": "toys", "varied": "none", "value": np.nan, "target": "labels"}


def curve(experiment, exponent, amplitude=2.0, error=0.0, theory=np.nan, **changed):
    data = not experiment.endswith("width")
    label = {"experiment": experiment} | CURVE | {"method": "random_features"} | changed
    loss = amplitude * SIZES**-exponent
    sizes = {"training_size": SIZES if data else np.inf, "width": np.inf if data else SIZES}
    return pd.DataFrame(label | sizes | {"mean": loss, "mean_standard_error": error * loss, "theory": theory})


def test_a_power_law_has_one_local_exponent_in_its_own_column():
    table = pd.concat([curve("resolution_limited_data", 0.4), curve("variance_limited_width", 1.0, value=2.0)])
    found = local_exponents(table, 0.68)
    assert found.groupby("variable")["exponent"].apply(list).to_dict() == {
        "training_size": pytest.approx([0.4] * 4), "width": pytest.approx([1.0] * 4),
    }  # fmt: skip
    np.testing.assert_allclose(found["midpoint"], np.tile(SIZES[:-1] * np.sqrt(2), 2))
    assert found["theory"].isna().all()


def test_theory_is_differenced_between_the_same_sizes():
    theory = np.exp(-0.3 * np.log(SIZES) - 0.02 * np.log(SIZES) ** 2)
    found = local_exponents(curve("resolution_limited_data", 0.4, theory=theory), 0.68)
    np.testing.assert_allclose(found["theory"], 0.3 + 0.04 * np.log(found["midpoint"]))


def test_intervals_cover_as_often_as_they_say():
    """Losses with independent errors: the share of intervals that hold the exponent."""
    rng, draws = np.random.default_rng(5), 400
    curves = []
    for number in range(draws):
        one = curve("resolution_limited_data", 0.4, error=0.03, value=float(number))
        curves.append(one.assign(mean=one["mean"] * np.exp(0.03 * rng.standard_normal(len(SIZES)))))
    # every second pair, which share no loss
    found = local_exponents(pd.concat(curves), 0.68).groupby("value").nth([0, 2])
    inside = found["exponent"].sub(0.4).abs() <= found["exponent_upper"] - found["exponent"]
    assert inside.mean() == pytest.approx(0.68, abs=4 * np.sqrt(0.68 * 0.32 / len(found)))


def test_losses_below_their_limit_have_no_local_exponent():
    table = curve("variance_limited_data", 1.0)
    table.loc[2, "mean"] *= -1
    found = local_exponents(table, 0.68)
    assert len(found) == 3
    np.testing.assert_allclose(found["exponent"], 1.0)


def exponents(smallest=8, largest=128, variable="training_size", **changed):
    label = {"experiment": "resolution_limited_data"} | CURVE | {"method": "random_features"} | changed
    return pd.DataFrame([label | {"variable": variable, "smallest": smallest, "largest": largest}])


def test_the_drift_of_the_theory_is_that_of_its_fit_in_the_window():
    theory = np.exp(-0.3 * np.log(SIZES) - 0.02 * np.log(SIZES) ** 2)
    curves = pd.concat([curve("resolution_limited_data", 0.4, theory=theory), curve("resolution_limited_width", 1.0)])
    (drift,) = with_theory_drift(exponents(16, 128), curves)["theory_drift"]
    assert drift == pytest.approx(0.04 * np.log(128 / 16))
    assert drift == pytest.approx(power_law(SIZES[1:], theory[1:], np.ones(4)).parameters["drift"].value)


@pytest.mark.parametrize(("row", "theory"), [
    (exponents(64, 128), SIZES**-0.3),  # two sizes
    (exponents(), np.where(SIZES < 100, SIZES**-0.3, np.nan)),  # theory ends within the window
    (exponents(variable="rank"), SIZES**-0.3),
    (exponents(task="images"), SIZES**-0.3),  # no such curve
])  # fmt: skip
def test_where_theory_does_not_reach_there_is_no_drift_of_it(row, theory):
    curves = curve("resolution_limited_data", 0.4, theory=theory)
    assert with_theory_drift(row, curves)["theory_drift"].isna().all()
