"""What docs/perturbation.md says of the measured ensembles is what their table holds."""

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT

TABLE = pd.read_csv(ROOT / "reference" / "width_expansion.csv")
LAZY = TABLE["training_size"] / TABLE["width"] <= 1 / 16
IMAGES = TABLE["dataset"] != "showers"
PAIR = ["case", "value", "width", "training_size"]


def trained_less_linearised():
    """n (mu_trained - mu_linearised) / mu, what the moving kernel adds to b."""
    table = TABLE.assign(shift=TABLE["width"] * TABLE["mean"] / TABLE["infinite_mean"])
    wide = table.pivot(index=PAIR, columns="method", values="shift").dropna()
    return (wide["trained"] - wide["linearised"]).rename("shift").reset_index()


def test_eps_of_wide_networks_is_that_of_the_expansion_trained_or_not():
    rows = TABLE[LAZY & IMAGES]
    distance = (rows["eps"] - rows["expected_eps"]).abs()
    assert (distance < np.maximum(4 * rows["eps_error"], 0.03 * rows["expected_eps"])).all()
    assert (distance < 4 * rows["eps_error"]).mean() > 0.9
    assert set(rows["method"]) == {"trained", "linearised"}
    assert len(rows) > 30


def test_at_a_quarter_both_leave_it_together():
    rows = TABLE[(TABLE["width"] == 256) & (TABLE["training_size"] == 64) & (TABLE["outputs"] == 10) & IMAGES]
    rows = rows[(rows["value"] == "g = 1") & (rows["case"] != "images")]
    excess = rows["eps"] / rows["expected_eps"] - 1
    assert len(rows) == 4
    assert excess.between(0.055, 0.095).all()
    together = rows.pivot(index="case", columns="method", values="eps")
    assert (together["trained"] / together["linearised"] - 1).abs().max() < 0.025


def test_the_moving_kernel_adds_to_b_at_order_one_over_n():
    shift = trained_less_linearised()
    digits = shift[(shift["case"] == "digits") & (shift["value"] == "matched")].set_index(["width", "training_size"])
    assert digits["shift"].loc[256, 16] == pytest.approx(3, abs=0.5)
    assert digits["shift"].loc[256, 64] == pytest.approx(6, abs=0.5)
    matched = shift[(shift["value"] == "matched") & (shift["case"].str.contains("digits"))]
    wide = matched.pivot(index=["case", "training_size"], columns="width", values="shift")
    np.testing.assert_allclose(wide[256], wide[1024], atol=0.7)
    images = shift[(shift["case"] == "images") & (shift["value"] == "matched")].set_index(["training_size", "width"])
    assert images["shift"].loc[16].between(1.9, 3).all()
    assert images["shift"].loc[64].tolist() == pytest.approx([8.5, 16.1], abs=0.6)


def test_with_many_points_the_moving_kernel_lowers_the_loss():
    rows = TABLE[(TABLE["case"] == "digits") & (TABLE["width"] == 4096) & (TABLE["training_size"] == 256)]
    expected = rows["infinite_mean"] * (1 + rows["b"] / 4096)
    ratio = rows["mean"] / expected
    assert len(ratio) == 2
    assert ratio.between(0.988, 0.993).all()


def test_relus_switch_by_the_root_of_the_width_and_losses_stay_correlated():
    digits = TABLE[(TABLE["case"] == "digits") & (TABLE["method"] == "trained")]
    flipped = digits.set_index(["value", "width", "training_size"])["flipped_share"]
    for width, share in ((256, 0.06), (1024, 0.03), (4096, 0.016)):
        assert flipped.loc["g = 1", width, 64] == pytest.approx(share, rel=0.05)
        assert flipped.loc["matched", width, 64] / flipped.loc["g = 1", width, 64] == pytest.approx(1.5, abs=0.12)
    trained = TABLE[(TABLE["method"] == "trained") & IMAGES & TABLE["linearised_correlation"].notna()]
    assert trained.loc[trained["width"] >= 1024, "linearised_correlation"].min() > 0.98
    narrow = trained[(trained["width"] == 256) & (trained["training_size"] == 64) & (trained["outputs"] == 10)]
    assert narrow["linearised_correlation"].between(0.91, 0.99).all()


def test_control_variates_pay_in_wide_networks():
    digits = TABLE[(TABLE["case"] == "digits") & (TABLE["method"] == "trained") & (TABLE["value"] == "g = 1")]
    errors = digits.set_index(["width", "training_size"])[["plain_eps_error", "eps_error"]]
    for width, plain, controlled in ((4096, 0.0028, 0.0003), (1024, 0.0021, 0.0003), (256, 0.0017, 0.0006)):
        assert errors.loc[(width, 16)].tolist() == pytest.approx([plain, controlled], abs=6e-5)
    ratio = errors["plain_eps_error"] / errors["eps_error"]
    assert ratio.loc[256, 256] < 1.4
    assert ratio.loc[4096, 16] ** 2 > 80
