"""Trained ensembles beside order 1/n: members drawn from a known law give its numbers, with errors that cover."""

import numpy as np
import pandas as pd
import pytest

from replication.loss_distribution.moments import statistics_over_members
from replication.scaling_laws.width_expansion import least_widths, width_comparisons
from replication.schema import LINEARISED, TRAINED
from replication.settings.analysis import ScalingLaws, Statistics

SIZES, WIDTHS = (16, 32, 64), (128, 512)
EPS_LIMIT = {16: 0.06, 32: 0.045, 64: 0.035}
B, C, MU = {16: -8.0, 32: -6.0, 64: 4.0}, {16: 0.4, 32: 0.3, 64: 0.2}, {16: 1.0, 32: 0.7, 64: 0.5}
WINDOW = {"smallest": 16, "largest": 64}
WINDOWS = ScalingLaws(infinite_width=WINDOW, finite_width=WINDOW, plateau=WINDOW, plateau_finite_width=WINDOW)
STATISTICS = Statistics(confidence=0.68, resamples=150)
PLACE = {"task": "digits", "dataset": "toys", "value": "matched"}


def theory():
    rows = []
    for size in SIZES:
        row = PLACE | {"training_size": size, "output_scale": 0.2, "mean": MU[size], "b": B[size], "b_error": 0.01}
        row |= {"c": C[size], "c_error": 0.001, "coefficient_of_variation": EPS_LIMIT[size]}
        least = max(C[size] / (0.5625 * EPS_LIMIT[size] ** 2), 4 * size)
        rows.append(row | {"width_within_25_percent": least})
    return pd.DataFrame(rows)


def expected(size, width):
    return MU[size] * (1 + B[size] / width), np.sqrt(EPS_LIMIT[size] ** 2 + C[size] / width)


def drawn(rng, members=400, moved=1.0, wider=1.0, methods=(TRAINED,)):
    """Members and their moments; `moved` multiplies b, `wider` eps_L. Half of a member's deviation is of all sizes."""
    rows, tables = [], []
    for method in methods:
        for width in WIDTHS:
            shared = rng.normal(size=members)
            for size in SIZES:
                mean, eps = expected(size, width)
                mean *= (1 + moved * B[size] / width) / (1 + B[size] / width)
                z = np.sqrt(0.5) * (shared + rng.normal(size=members))
                losses = mean * (1 + wider * eps * z)
                label = PLACE | {"method": method, "width": width, "training_size": size}
                tables.append(pd.DataFrame({"member": range(members), "test_loss": losses}).assign(**label))
                found = statistics_over_members(losses, 0.68, 150, rng)
                found |= {f"controlled_{name}": value for name, value in found.items()}
                at_width = dict(
                    zip(("expected_mean", "expected_coefficient_of_variation"), expected(size, width), strict=True)
                )
                known = {"infinite_coefficient_of_variation": EPS_LIMIT[size], "members": members}
                known |= {"expected_coefficient_of_variation_error": 1e-5, "beyond_expansion": width < 4 * size}
                rows.append(label | found | at_width | known)
    return pd.concat(tables, ignore_index=True), pd.DataFrame(rows)


def compared(seed, **how):
    members, moments = drawn(np.random.default_rng(seed), **how)
    return width_comparisons(members, moments, theory(), WINDOWS, STATISTICS, 1)


def slope_of(values):
    return np.polyfit(np.log(SIZES), values, 1)[0]


def truths(width):
    """Of every quantity at one width: the sizes within the expansion are those up to a quarter of it."""
    eps = {size: expected(size, width)[1] for size in SIZES}
    inside = [size for size in SIZES if 4 * size <= width]
    wide = [row.training_size for row in theory().itertuples() if row.width_within_25_percent <= width]
    over = {size: np.log(eps[size] / EPS_LIMIT[size]) for size in SIZES}
    found = {"slope": slope_of([np.log(eps[size]) for size in SIZES]), "ratio_predicted": 0.0, "share": 0.68}
    found |= {"slope_of_mean": np.mean([width * np.log(1 + B[s] / width) / B[s] - 1 for s in inside])}
    if wide:
        found["ratio"] = np.mean([over[size] for size in wide])
    if len(wide) < len(SIZES):
        found["ratio_too_narrow"] = np.mean([over[size] for size in SIZES if size not in wide])
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_every_quantity_comes_back_within_its_error(width):
    table = compared(3)
    own = table[table["width"] == width].set_index("quantity")
    for quantity, truth in truths(width).items():
        row = own.loc[quantity]
        # ln(1 + b/n) is not b/n: what is of higher order is allowed for
        slack = 0.05 if quantity == "slope_of_mean" else 0.01
        assert abs(row["estimate"] - truth) < 4 * row["standard_error"] + slack, quantity
    predicted = own.loc["slope_predicted", "estimate"]
    assert predicted == pytest.approx(truths(width)["slope"], abs=1e-9)


def test_exponents_are_compared_with_infinite_width_on_the_same_set():
    table = compared(4).query("quantity == 'exponent_difference' and width == 512").set_index("statistic")
    for statistic, logs in (
        ("mean", [np.log(expected(s, 512)[0] / MU[s]) for s in SIZES]),
        ("std", [np.log(np.prod(expected(s, 512)) / (MU[s] * EPS_LIMIT[s])) for s in SIZES]),
    ):
        row = table.loc[statistic]
        assert abs(row["estimate"] + slope_of(logs)) < 4 * row["standard_error"]
        assert row["degrees_of_freedom"] == 399


def test_the_pooled_ratio_weighs_widths_by_their_errors():
    ratios = compared(5).query("quantity == 'ratio'")
    single, pooled = ratios[ratios["width"].notna()], ratios[ratios["width"].isna()].iloc[0]
    weights = single["standard_error"] ** -2
    assert pooled["estimate"] == pytest.approx(np.average(single["estimate"], weights=weights))
    assert pooled["standard_error"] == pytest.approx(weights.sum() ** -0.5)


@pytest.mark.parametrize(
    ("how", "quantity", "moved"),
    [({"moved": 2.0}, "slope_of_mean", 1.0), ({"wider": 1.3}, "ratio_predicted", np.log(1.3))],
)
def test_what_is_not_as_predicted_is_found(how, quantity, moved):
    row = compared(6, members=2000, **how).query("width == 512").set_index("quantity").loc[quantity]
    assert row["estimate"] == pytest.approx(moved, abs=4 * row["standard_error"] + 0.05)
    assert row["estimate"] > 4 * row["standard_error"]


def test_linearised_members_have_the_law_of_the_mean_alone():
    table = compared(7, methods=(TRAINED, LINEARISED))
    linearised = table[table["quantity"] == "slope_of_mean_linearised"]
    assert set(linearised["width"]) == set(WIDTHS)
    assert (linearised["estimate"].abs() < 4 * linearised["standard_error"] + 0.05).all()


@pytest.mark.slow
@pytest.mark.parametrize("quantity", ["slope", "ratio_predicted", "exponent_difference"])
def test_errors_are_those_that_estimates_scatter_by(quantity):
    """z-scores about the truth over repeats have unit variance, within 4 standard errors of a variance."""
    repeats, scores = 120, []
    for seed in range(repeats):
        rows = compared(100 + seed, members=200).query("quantity == @quantity and width == 512")
        row = rows[rows["statistic"] != "mean"].iloc[0]
        truth = truths(512).get(quantity)
        if truth is None:
            truth = -slope_of([np.log(np.prod(expected(s, 512)) / (MU[s] * EPS_LIMIT[s])) for s in SIZES])
        scores.append((row["estimate"] - truth) / row["standard_error"])
    assert np.mean(np.square(scores)) == pytest.approx(1.0, abs=4 * np.sqrt(2 / repeats))


def test_least_widths_are_those_of_c():
    _, moments = drawn(np.random.default_rng(8), members=4000)
    table = least_widths(moments, theory(), 1.25).set_index("training_size")
    for size in SIZES:
        row = table.loc[size]
        assert row["predicted"] == pytest.approx(C[size] / (0.5625 * EPS_LIMIT[size] ** 2))
        assert row["reach"] == 4 * max(size, abs(B[size]))
        assert abs(row["measured_c"] - C[size]) < 4 * row["measured_c_error"]
        assert row["measured"] == pytest.approx(row["measured_c"] / (0.5625 * EPS_LIMIT[size] ** 2))


def test_where_nothing_is_within_the_expansion_no_c_is_measured():
    _, moments = drawn(np.random.default_rng(9))
    table = least_widths(moments.assign(beyond_expansion=True), theory(), 1.25)
    assert table["measured_c"].isna().all()
