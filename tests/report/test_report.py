import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication.cli.verdicts import markdown_of_verdicts
from replication.errors import ReplicationError
from replication.report import findings, verdict_tables
from replication.report.finite_width import corrections_table, crossovers_table, plateaus_table
from replication.report.infinite_width import coverage_table, published_table, sources_table, theory_table
from replication.report.page import html_report
from replication.report.readme import results_section
from replication.report.regimes import exponents_table
from replication.report.tables import exponent_table, number, plus_minus, to_latex, to_markdown, value_with_error
from replication.report.writer import ReportInput, markdown_report
from replication.schema import INFINITE_TEST_SET
from replication.settings.reading import profile_named, read_settings
from replication.settings.sections import Window
from tests import synthetic_tables as tables
from tests.conftest import ROOT

FIGURES = (
    "learning_curves", "width_dependence", "ladder", "training_variations", "plateau_dependence",
    "learning_curve_theory", "regimes", "duality", "dimension", "data_variations",
)  # fmt: skip

PNG = b"\x89PNG\r\n\x1a\n not a whole picture"


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
    assert len(table) == 3 * (3 + len(tables.WIDTHS))
    row = table[(table.task == "images") & (table.width == 64)].iloc[0]
    assert row.mean_exponent == 0.12
    assert row.mean_exponent_standard_error == 0.0042
    assert row.mean_exponent_lower == 0.12 - 1.06 * 0.0042
    assert (row.mean_exponent_text, row.std_exponent_text) == ("0.120(4)", "0.133(21)")
    assert (row.plateau_slope_text, row.plateau_value_text) == ("-0.031(12)", "0.0712(13)")
    assert (row.mean_chi_square_text, row.std_chi_square_p_value) == ("2.3/2", 0.31)


def test_a_law_that_was_not_fitted_leaves_its_cells_empty():
    laws = tables.scaling_laws(["digits"])
    table = exponent_table(laws[(laws.statistic != "std") | (laws.width != 64)])
    gap = table[table.width == 64].iloc[0]
    assert gap.std_exponent_text == gap.std_chi_square_text == ""
    assert np.isnan(gap.std_exponent)
    assert (table[table.width != 64].std_exponent_text != "").all()


def test_latex_table_is_escaped_and_complete():
    text = to_latex(exponent_table(tables.scaling_laws()), "Fitted laws.", "tab:exponents")
    assert text.count("{") == text.count("}")
    assert text.count("photo\\_patches") == 6
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


def content(tasks=tuple(tables.SOURCES)):
    profile = profile_named(read_settings(Path(__file__).parents[2] / "params.yaml"), "quick")
    profile = profile.model_copy(update={"tasks": {task: profile.tasks[task] for task in tasks}})
    machine = {"processor": "Example 3000", "cores": 2, "system": "Linux"}
    run = {"peak_memory_mb": 812.4, "machine": machine}
    runs = [
        run | {"stage": "predict_infinite_width", "task": "digits", "seconds": 93.2, "versions": {"numpy": "2.4.6"}},
        run
        | {"stage": "check_claims", "task": None, "seconds": 3.21, "versions": {"numpy": "2.4.6", "scipy": "1.17.1"}},
    ]
    names = list(FIGURES)
    names += [f"{kind}_{task}" for kind in ("error_sources", "contact_sheet") for task in tasks]
    return ReportInput(
        profile_name="quick",
        profile=profile,
        provenance="replication 0.1.0, profile quick, settings digest abc",
        laws=tables.laws(tasks),
        tests=tables.claim_tests(tasks),
        verdicts=tables.verdicts(tasks),
        exact=tables.exact(tasks),
        theory=tables.theory(tasks),
        published=tables.published(),
        runs=runs,
        figures={name: f"figures/{name}.png" for name in names},
    )


def cells(text):
    """Cells of every line of the Markdown that is a row of a table."""
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in text.splitlines()]


@pytest.fixture(scope="module")
def report():
    """A report on three tasks, as Markdown."""
    return markdown_report(content())


@pytest.mark.parametrize("tasks", [["digits"], list(tables.SOURCES)])
def test_report_contains_every_verdict_and_number(tasks):
    given = content(tasks)
    text = markdown_report(given)
    lines = cells(text)
    for paper in ("arXiv:2503.05938", "arXiv:2102.06701"):
        for row in verdict_tables.of_paper(given.verdicts, paper).itertuples():
            assert [row.claim, row.subject, row.verdict, row.evidence.replace("|", "\\|")] in lines
    for row in verdict_tables.of_paper(given.tests, "arXiv:2503.05938").itertuples():
        interval = f"{number(row.lower)} to {number(row.upper)}"
        quantity = row.quantity.replace("eps_L", "ε_L")
        test = [row.subject, row.scope, quantity, number(row.estimate), interval, "-0.1 to 0.1", row.verdict]
        assert test in lines
    overview = next(line for line in lines if line[:1] == ["A2"])
    assert overview[2:] == list(given.verdicts.verdict[given.verdicts.claim == "A2"])
    for name in given.figures.values():
        assert f"]({name})" in text
    for row in exponent_table(given.laws["scaling_laws"]).itertuples():
        assert f"| {row.mean_exponent_text}" in text


def test_summary_is_counted_from_the_table():
    given = content(["digits"])
    first = given.verdicts["paper"] == "arXiv:2503.05938"
    verdicts = given.verdicts.assign(verdict=["holds"] * 4 + ["not established"] * (len(first) - 4))
    text = " ".join(markdown_report(given._replace(verdicts=verdicts)).split())
    assert (
        "Of 6 verdicts, one for each claim and task, 4 are *holds*, 0 *does not hold* and 2 *not established*." in text
    )
    assert "digits (uci_digits), converged at infinite width: exponent 0.450(4) of μ_L and 0.463(21) of σ_L" in text


def test_report_declares_settings_sources_and_runs(report):
    given, text = content(), report
    for key, value in (
        ("`training.steps`", str(given.profile.training.steps)),
        ("`finite_width.widths`", ", ".join(map(str, given.profile.finite_width.widths))),
        ("`claims.width_ratio`", str(given.profile.claims.width_ratio)),
        ("`tasks.images.dataset`", "photo_patches"),
    ):
        assert re.search(rf"\| {re.escape(key)} +\| {re.escape(value)} +\|", text)
    assert "hyper-parameters of the paper are not public" in text
    assert "`uci_digits` stands in for MNIST" in text
    assert re.search(r"predict infinite width +\| digits +\| 1 min 33 s +\| 812 MB", text)
    assert "The records add up to 1 min 36 s of computing time" in text
    assert "On: processor Example 3000, cores 2, system Linux." in text
    assert "Versions: numpy 2.4.6, scipy 1.17.1." in text
    assert given.provenance in text
    assert "nan" not in text.lower().split()


def test_a_real_data_set_is_not_called_a_stand_in():
    given = content(["digits"])
    task = given.profile.tasks["digits"].model_copy(update={"dataset": "mnist"})
    text = markdown_report(given._replace(profile=given.profile.model_copy(update={"tasks": {"digits": task}})))
    assert "stands in" not in text
    assert "in place of" not in text


def test_report_without_figures_is_still_a_report():
    text = markdown_report(content()._replace(figures={}))
    assert "![" not in text
    assert "## Verdicts" in text


def test_page_is_self_contained(report):
    given = content()
    page = html_report(report, dict.fromkeys(given.figures.values(), PNG))
    sources = re.findall(r'src="([^"]*)"', page)
    assert len(sources) == len(given.figures)
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert set(re.findall(r'href="([^"]*)"', page)) == {
        f"https://arxiv.org/abs/{n}" for n in ("2503.05938", "2102.06701")
    }
    assert not re.search(r"<script|<link|@import|url\(", page)
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<table>") == page.count("</table>") == 22
    assert "μ<sub>L</sub>" in page
    assert "_L<" not in page
    assert "<title>Scaling laws of the test loss: replication report, profile quick</title>" in page
    shown = {"verdicts": 2, "tests": 1, "published": 1}  # how often each table stands in the page
    first = given.tests["paper"] == "arXiv:2503.05938"
    held = {"verdicts": given.verdicts, "tests": given.tests[first], "published": given.published}
    expected = sum(times * (held[name]["verdict"] == "holds").sum() for name, times in shown.items())
    assert page.count('class="holds"') == expected


def test_page_wants_every_image_it_shows():
    with pytest.raises(ReplicationError, match=r"figures/missing\.png, which was not given"):
        html_report("# Title\n\n![a figure](figures/missing.png)\n", {"figures/other.png": PNG})


# Finite width and the regimes: the tables.


def test_corrections_are_shown_as_ratios_and_differences_as_they_are():
    table = corrections_table(tables.intercepts(["digits"]), tables.corrections(["digits"]))
    by = table.set_index(["members", "statistic"])["over infinite width, extrapolated"]
    assert by["trained", "mu_L"] == plus_minus(np.exp(0.02), np.exp(0.02) * 0.011)
    assert by["trained less linearised", "mu_L"] == plus_minus(0.02, 0.011)
    assert list(table.columns[-2:]) == ["correction times n, N_D = 32", "correction times n, N_D = 128"]
    assert (table.iloc[:, -1] == "-3.100 ± 0.011").all()


def test_crossovers_beyond_the_training_sizes_are_words():
    table = crossovers_table(tables.crossovers(["digits"]))
    assert table["follows infinite width up to N_D"].tolist() == 2 * ["none", "91", "all"]
    assert table["interval"].tolist() == 6 * ["none to all"]


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


def test_methods_have_columns_of_their_own(report):
    (header,) = [line for line in report.splitlines() if "trained networks" in line and "infinite width" in line
                 and "claim" in line]  # fmt: skip
    assert "nan" not in header
    assert re.search(r"\| B4 +\| statement of B4 +\| not tested +\| not tested +\| not established +\|", report)


def test_verdicts_read_from_a_file_name_their_subjects(tmp_path):
    """Where an empty cell has become NaN."""
    path = tmp_path / "verdicts.csv"
    tables.verdicts(["digits"]).to_csv(path, index=False)
    for paper, subjects in (
        ("arXiv:2503.05938", {"digits (uci_digits)"}),
        ("arXiv:2102.06701", {"trained networks", "random features", "infinite width"}),
    ):
        assert set(verdict_tables.of_paper(pd.read_csv(path), paper)["subject"]) == subjects


# What was found, in sentences.


def test_sentences_have_the_numbers_of_their_tables():
    laws = tables.laws(["digits"])
    ensembles, regimes = findings.of_ensembles(laws, 0.68), findings.of_regimes(laws)
    for sentence, words in (
        (
            ensembles[1],
            "1.00 times that of a Gaussian of the same sigma_L, and eps_L of gradient descent 1.02 times",
        ),
        (ensembles[2], "32 to 128 neurons a layer, is 1.1 times that of infinite width"),
        (ensembles[3], "the 68 % interval that infinite width predicts for the loss holds 50 % of the losses"),
        (ensembles[3], "67 % to 69 % where losses and interval are taken relative to their means"),
        (ensembles[4], "mu_L reaches 1.02 times (trained) and 1.02 times (linearised) its value"),
        (ensembles[5], "of 4 slopes of ln eps_L of networks trained, parametrised or built otherwise 4 are negative"),
        (regimes[0], "are 1.03 (random features) and 0.97 to 1.06 (trained networks)"),
        (regimes[1], "differs from that in features by -2 %, both from that of the spectrum by +2 % to +4 %"),
        (regimes[2], "d = 2 to 8, is 1.05 (infinite width) and 1.05 (trained networks)"),
        (regimes[3], "changes by +3 % by merging classes and by -65 % by noise of standard deviation 2"),
    ):
        assert words in sentence


def test_what_is_known_of_an_infinite_test_set_is_said():
    laws = tables.laws(["digits"])
    slope = laws["scaling_laws"].query("parameter == 'slope'").assign(statistic=INFINITE_TEST_SET, estimate=-0.45)
    with_slope = laws | {"scaling_laws": pd.concat([laws["scaling_laws"], slope])}
    sentence, *_ = findings.of_ensembles(with_slope, 0.68)
    assert sentence.endswith("and -0.450(12) if the test set were infinitely large")


@pytest.mark.parametrize(("values", "text"), [([1.0, 2.0], "1.00 to 2.00"), ([1.001, 1.002], "1.00")])
def test_spans_are_one_number_where_both_ends_read_alike(values, text):
    assert findings.span(np.array(values)) == text


# The README.


def test_the_section_of_a_readme_is_what_was_found_and_both_tables(report):
    section = results_section(report)
    assert section.startswith("**What was found.** Of 18 verdicts")
    assert "variance-limited exponents, one in theory, are" in section
    found = [line[0] for line in cells(section) if line]
    assert found.count("claim") == 2
    assert {"A1", "A5 trained", "B1 width", "B4"} <= set(found)
    assert "##" not in section
    for line in section.splitlines():
        assert line in report


def test_what_is_no_report_has_no_section():
    with pytest.raises(ReplicationError, match="no report"):
        results_section("# Something else\n\n## Verdicts\n")


def test_results_in_the_readme_are_those_of_the_report(monkeypatch):
    monkeypatch.chdir(ROOT)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command, section = re.search(r"<!-- verdicts: (.*?) -->\n(.*?)<!-- end of verdicts -->", readme, re.S).groups()
    assert command == "python -m replication verdicts laptop --markdown"
    assert section.strip() == "\n".join(markdown_of_verdicts("laptop")).strip()


# Infinite width: the tables, and their places in the report.


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
        "share of single points in sigma_L²": "50%",
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


def test_coverage_has_a_row_for_each_width():
    table = coverage_table(tables.comparisons(["digits", "images"]))
    assert table["task"].tolist() == ["digits"] * 3 + ["images"] * 3
    assert table["width"].tolist() == list(tables.WIDTHS) * 2
    assert set(table["of L"]) == {"0.500 ± 0.021"}
    assert table["of L over its mean"].tolist()[:3] == ["0.669 ± 0.021", "0.684 ± 0.021", "0.692 ± 0.021"]


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


def test_report_contains_the_tables_of_infinite_width(report):
    given, lines = content(), cells(report)
    window = given.profile.scaling_laws.infinite_width
    for table in (
        sources_table(given.exact, given.profile.statistics.confidence),
        theory_table(given.exact, given.theory, window),
        coverage_table(given.laws["comparisons"]).assign(width=lambda made: made["width"].map(number)),
        published_table(given.published),
    ):
        assert len(table)
        for row in table.astype(str).to_numpy().tolist():
            assert row in lines, row
    headings = re.findall(r"^##+ (.*)$", report, re.MULTILINE)
    assert "Published numbers, recomputed" in headings
    assert headings.index("Where ε_L comes from") < headings.index("Learning curves predicted from the spectrum")
    credible = report[report.index("### A5") : report.index("## What differs from the paper")]
    assert "of L over its mean" in credible


def test_report_without_published_numbers_has_no_chapter_on_them():
    """As a table read from files of which none has a row, and as the embedded data have it."""
    empty = tables.published().iloc[:0].astype(object)
    text = markdown_report(content()._replace(published=empty))
    assert "Published numbers" not in text
    assert "Lee et al." not in text
