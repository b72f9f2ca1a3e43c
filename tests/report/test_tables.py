"""The report's tables: numbers as a reader writes them, rows of every kind, LaTeX and Markdown."""

import re

import numpy as np
import pandas as pd
import pytest

from replication.report import verdict_tables
from replication.report.finite_width import least_widths_table, plateaus_table
from replication.report.infinite_width import (
    plateaus_by_test_size_table,
    published_table,
    skills_table,
    sources_table,
    theory_table,
)
from replication.report.regimes import exponents_table
from replication.report.tables import exponent_table, number, plus_minus, to_latex, to_markdown, value_with_error
from replication.settings.sections import Window
from tests import synthetic_tables as tables


@pytest.mark.parametrize(
    ("value", "error", "brackets", "signs"),
    [
        (0.2853, 0.0042, "0.285(4)", "0.285 ± 0.004"),
        (0.2853, 0.0123, "0.285(12)", "0.285 ± 0.012"),
        (-12.34, 1.5, "-12.3(15)", "-12.3 ± 1.5"),
        (1234.5, 67, "1234(67)", "1234 ± 67"),
        (0.1, 0.0098, "0.100(10)", "0.100 ± 0.010"),
        (5, 0.0354, "5.000(35)", "5.000 ± 0.035"),
        (5, 0.0356, "5.00(4)", "5.00 ± 0.04"),
        (0.25, 0.0, "0.25", "0.25"),
        (0.25, np.nan, "0.25", "0.25"),
        (np.nan, 0.1, "", ""),
    ],
)
def test_errors_are_rounded_as_the_particle_data_group_does(value, error, brackets, signs):
    assert value_with_error(value, error) == brackets
    assert plus_minus(value, error) == signs


def test_numbers_read_as_a_reader_writes_them():
    assert [number(x) for x in (64.0, np.inf, -np.inf, np.nan, 0.012345, 1e-7)] == [
        "64",
        "∞",
        "-∞",
        "",
        "0.01235",
        "1e-07",
    ]


def test_exponent_table_has_a_row_for_each_curve_and_keeps_its_numbers():
    laws = tables.scaling_laws()
    table = exponent_table(laws)
    assert len(table) == 3 * 2
    row = table[(table.task == "images") & (table.method == "bayes")].iloc[0]
    assert row.mean_exponent == 0.12
    assert row.mean_exponent_standard_error == 0.0042
    assert row.mean_exponent_lower == 0.12 - 1.06 * 0.0042
    assert (row.mean_exponent_text, row.std_exponent_text) == ("0.120(4)", "0.133(21)")
    assert (row.plateau_slope_text, row.plateau_value_text) == ("-0.031(12)", "0.0712(13)")
    assert (row.mean_chi_square_text, row.std_chi_square_p_value) == ("2.3/2", 0.31)


def test_a_law_that_was_not_fitted_leaves_its_cells_empty():
    laws = tables.scaling_laws(["digits"])
    table = exponent_table(laws[(laws.statistic != "std") | (laws.method != "bayes")])
    gap = table[table.method == "bayes"].iloc[0]
    assert gap.std_exponent_text == gap.std_chi_square_text == ""
    assert np.isnan(gap.std_exponent)
    assert (table[table.method != "bayes"].std_exponent_text != "").all()


def test_latex_table_is_escaped_and_complete():
    text = to_latex(exponent_table(tables.scaling_laws()), "Fitted laws.", "tab:exponents")
    assert text.count("{") == text.count("}")
    assert text.count("photo\\_patches") == 2
    assert not re.search(r"(?<!\\)_(?![LD]\b)", text)  # outside mu_L, sigma_L, epsilon_L and N_D
    assert "\\caption{Fitted laws.}" in text
    assert "\\label{tab:exponents}" in text
    for word in ("\\toprule", r"exponent of $\mu_L$", r"$\infty$", "0.450(4)", "$-$0.031(12)", "converged"):
        assert word in text
    assert "standard" not in text  # the numbers behind the texts stay in the CSV
    rows = re.findall(r"^.*\\\\$", text, re.MULTILINE)
    assert {row.count("&") for row in rows} == {11}


def test_latex_of_claims_turns_symbols_into_mathematics():
    text = to_latex(tables.claim_tests(["digits"]).assign(quantity="50 % of eps_L & {x}"), "Tests.", "tab:claims")
    assert r"50 \% of $\epsilon_L$ \& \{x\}" in text
    assert "$-$0.1" in text
    assert "bound lower" in text


def test_markdown_cells_cannot_break_their_table():
    text = to_markdown(tables.verdicts(["digits"]))
    assert text.count("drift 0.00 \\| bound 0.15") == 1
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in text.splitlines()} == {9}


def test_least_widths_are_those_of_c_or_of_the_expansion():
    first, beyond = least_widths_table(tables.least_widths(["digits"])).query("outputs == 'g = 1'").to_dict("records")
    assert first["c"] == plus_minus(1.0, 0.02)
    assert first["c measured"] == plus_minus(1.1, 0.11)
    assert beyond["c measured"] == "beyond the expansion"
    assert first["serves from n ="] == "494"
    assert first["of these N_D"] == "30.9"


def test_slopes_stand_by_the_number_of_test_points():
    table = plateaus_by_test_size_table(tables.plateaus_by_test_size(["digits"]))
    assert table["outputs"].tolist() == ["g = 1", "matched"]
    assert table["slope, 10,000 test points"].tolist() == 2 * ["-0.400 ± 0.010"]
    assert table["slope, infinitely many test points"].tolist() == 2 * ["-0.450 ± 0.010"]
    assert table["a plateau up to"].tolist() == 2 * ["200 points"]


def test_skill_is_shown_at_the_ends_of_the_curve():
    curves = tables.learning_curves(["digits"])
    (row,) = skills_table(curves).to_dict("records")
    one = curves[(curves["method"] == "gradient_descent") & np.isinf(curves["training_time"])].set_index(
        "training_size"
    )
    assert row["predicting the mean"] == "0.900"
    assert row["skill with fewest points"] == f"{one.loc[16, 'skill']:.2f} (N_D = 16)"
    assert row["skill with most points"] == f"{one.loc[512, 'skill']:.2f} (N_D = 512)"


def test_variants_without_theory_say_so():
    table = plateaus_table(tables.training_plateaus(["digits"])).set_index("value")
    assert table.loc["adam", "eps_L at infinite width"] == "not known"
    assert table.loc["3", "eps_L at infinite width"] == "0.0677"
    assert table.loc["3", "d ln eps_L / d ln N_D"] == "-0.123 ± 0.013"
    assert table.loc["3", "N_D"] == "64 to 256"


def test_exponents_stand_beside_what_is_predicted():
    table = exponents_table(tables.regime_exponents())
    assert table["regime"].tolist() == [
        "variance-limited, data",
        "variance-limited, width",
        "variance-limited, width",
        *["resolution-limited, data"] * 3,
        "resolution-limited, width",
    ]
    assert table["predicted"].tolist() == ["1", "1", "1", "", "", "", ""]
    assert table["exponent"].tolist()[:3] == ["1.060 ± 0.021", "1.030 ± 0.021", "0.970 ± 0.021"]
    assert table["method"].tolist()[:3] == ["trained networks", "random features", "trained networks"]
    assert table["curve"].tolist()[4] == "digits (toys), noise 2, labels"


def test_verdicts_read_from_a_file_name_their_subjects(tmp_path):
    """Where an empty cell has become NaN."""
    path = tmp_path / "verdicts.csv"
    tables.verdicts(["digits"]).to_csv(path, index=False)
    for paper, subjects in (
        ("arXiv:2503.05938", {"digits (uci_digits)"}),
        ("arXiv:2102.06701", {"trained networks", "random features", "infinite width"}),
    ):
        assert set(verdict_tables.of_paper(pd.read_csv(path), paper)["subject"]) == subjects


def test_sources_of_eps_are_those_at_the_largest_size_converged():
    table = sources_table(tables.exact(["digits", "images"]), 0.68)
    assert table[["task", "dataset", "method"]].to_numpy().tolist() == [
        ["digits", "uci_digits", "gradient descent"],
        ["digits", "uci_digits", "Bayes"],
        ["images", "photo_patches", "gradient descent"],
        ["images", "photo_patches", "Bayes"],
    ]
    # eps_L of four draws is 0.07 (1, 1.01, 1.02, 1.03): mean 0.07105, standard error 0.000452
    expected = {
        "N_D": 512,
        "eps_L": "0.0711 ± 0.0005",
        "eps_L, infinite test set": "0.03553 ± 0.00023",
        "share of scatter in mu_L": "25%",
        "share of single points in sigma_L²": "75%",
        "effective modes": "42",
        "68% interval of L / mu_L": "0.930 to 1.080",
        "condition number": "4.0e+04",
        "diag_reg": "1e-10",
    }
    for row in table.to_dict("records"):
        assert {key: row[key] for key in expected} == expected


def test_theory_is_compared_at_the_sizes_both_have_in_the_window():
    window = Window(smallest=64, largest=256)
    exact, theory = tables.exact(["digits"]), tables.theory(["digits"], exponent_error=0.05)
    outside = ~theory["training_size"].isin([64, 128, 256])
    theory.loc[outside, ["mean", "std", "coefficient_of_variation"]] = 99.0
    table = theory_table(exact, theory, window)
    assert table["method"].tolist() == ["gradient descent", "Bayes"]
    computed = 1.0015 / 0.96  # the mean over draws of gradient descent and of Bayes alike, over the prediction
    for row in table.to_dict("records"):
        assert row["N_D"] == "64 to 256"
        assert (row["exponent of mu_L, predicted"], row["exponent of mu_L, computed"]) == ("0.500", "0.450")
        assert (row["exponent of sigma_L, predicted"], row["exponent of sigma_L, computed"]) == ("0.500", "0.450")
        ends = computed * 64**0.05, computed * 256**0.05
        assert row["mu_L, computed / predicted"] == "{:.2f} to {:.2f}".format(*ends)
        assert row["eps_L, computed / predicted"] == "1.04 to 1.04"  # 0.07105 over 0.068


def test_published_numbers_stand_beside_ours():
    accuracy, exponent = published_table(tables.published()).to_dict("records")
    assert accuracy == {
        "data": "mnist",
        "quantity": "NNGP test accuracy",
        "N_D": "1000",
        "published": "0.9279 ± 0.01",
        "recomputed": "0.9312 ± 0.0025",
        "agreement": "holds",
        "source": "Lee et al.",
        "remark": "",
    }
    assert (exponent["N_D"], exponent["agreement"], exponent["remark"]) == ("", "does not hold", "a band")
