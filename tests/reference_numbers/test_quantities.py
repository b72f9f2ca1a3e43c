import numpy as np
import pandas as pd
import pytest

from replication.reference_numbers.columns import labels_of, numbers_of
from replication.reference_numbers.quantities import published_quantities, quantities
from tests.reference_numbers.results import SIZES, WIDTHS, tables

TABLES = tables()


def of(source):
    return quantities(TABLES[source], source).set_index("quantity")


def test_draws_are_one_quantity_and_exact():
    found = of("infinite_width/digits/learning_curves.csv")
    row = found.loc["training_size 16: mean"]
    assert float(row["value"]) == pytest.approx(3 * 16**-0.4 * 1.01, rel=1e-9)
    assert row["kind"] == "exact"
    assert row["tolerance"] == pytest.approx(float(row["value"]) * 1e-6 / 2)  # one draw of two that moves is seen


def test_moments_of_trained_networks_carry_their_errors():
    found = of("laws/learning_curves.csv")
    assert set(found["kind"][~found.index.str.contains("(?:width|training_size), geometric")]) == {"statistical"}
    assert np.isfinite(found.filter(like=": mean", axis=0)["error"].astype(float)).sum() == len(SIZES) * len(WIDTHS)


def test_fits_verdicts_and_what_others_published():
    assert of("laws/scaling_laws.csv").loc["width 32: estimate", "kind"] == "fitted"
    assert of("claims/verdicts.csv").loc["A1: verdict", "value"] == "holds"
    published = published_quantities(TABLES["published_numbers/published_numbers.csv"])
    assert list(published["value"]) == ["0.93", "0.98"]
    assert set(published["source"]) == {"Lee et al."}


def test_every_number_but_rounding_is_in_a_column_mean():
    found = of("ensembles/digits/members.csv")
    assert {name.split(": ")[1].split(",")[0] for name in found.index} == {
        "width", "training_size", "training_loss", "test_loss",
    }  # fmt: skip
    assert not of("infinite_width/digits/learning_curves.csv").index.str.contains("condition_number").any()


def test_labels_are_what_tells_rows_apart():
    table = TABLES["laws/learning_curves.csv"]
    assert labels_of(table) == ["width", "training_size"]
    assert numbers_of(table) == {"mean": "mean_standard_error", "std": "std_standard_error"}


def test_two_numbers_of_one_name_are_an_error():
    table = pd.DataFrame({"method": ["a", None], "scope": [None, "a"], "estimate": [1.0, 2.0], "standard_error": 0.1})
    with pytest.raises(ValueError, match="two rows"):
        quantities(table, "infinite_width/x.csv")


def test_zero_but_for_rounding_is_zero():
    table = pd.DataFrame(
        {"method": "bayes", "width": [1, 2], "estimate": [1e-23, 3e-19], "standard_error": [1e-22, 1e-22]}
    )
    assert set(
        quantities(table, "laws/x.csv").set_index("quantity")["value"][["width 1: estimate", "width 2: estimate"]]
    ) == {"0"}
