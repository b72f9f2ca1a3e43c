"""The report: every verdict and number is in it, its page needs nothing else, the README quotes it."""

import re
from pathlib import Path

import pytest

from replication.errors import ReplicationError
from replication.report import verdict_tables
from replication.report.infinite_width import (
    plateaus_by_test_size_table,
    published_table,
    skills_table,
    sources_table,
    theory_table,
)
from replication.report.page import html_report
from replication.report.readme import between, results_section
from replication.report.tables import exponent_table, number
from replication.report.writer import ReportInput, markdown_report
from replication.settings.reading import profile_named, read_settings
from tests import synthetic_tables as tables

FIGURES = (
    "learning_curves", "plateau_origin", "least_widths", "loss_law", "training_variations", "plateau_dependence",
    "learning_curve_theory", "regimes", "local_exponents", "duality", "dimension", "data_variations",
)  # fmt: skip

PNG = b"\x89PNG\r\n\x1a\n not a whole picture"


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
    names += [f"{kind}_{task}" for kind in ("error_sources", "width_expansion", "contact_sheet") for task in tasks]
    return ReportInput(
        profile_name="quick",
        profile=profile,
        provenance="replication 0.1.0, profile quick, settings digest abc",
        laws=tables.laws(tasks),
        tests=tables.claim_tests(tasks),
        verdicts=tables.verdicts(tasks),
        expansion=tables.expansion(tasks),
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
    for row in verdict_tables.of_paper(given.verdicts, "arXiv:2102.06701").itertuples():
        assert [row.claim, row.subject, row.verdict, row.evidence.replace("|", "\\|")] in lines
    for row in verdict_tables.of_paper(given.tests, "arXiv:2503.05938").itertuples():
        interval = f"{number(row.lower)} to {number(row.upper)}"
        quantity = row.quantity.replace("eps_L", "ε_L")
        verdict = f"**{row.verdict}**" if row.primary else row.verdict
        assert [row.subject, row.scope, quantity, number(row.estimate), interval, "-0.1 to 0.1", verdict] in lines
        if row.primary:
            (effects,) = (line for line in lines if line and line[0].startswith(f"{row.claim}: "))
            low, effect, high = (number(round(value, 2) + 0.0) for value in (row.lower, row.estimate, row.upper))
            assert f"**{row.verdict}** {effect} ({low} to {high})" in effects
    for name in given.figures.values():
        assert f"]({name})" in text
    for row in exponent_table(given.laws["scaling_laws"]).itertuples():
        assert f"| {row.mean_exponent_text}" in text


def test_summary_is_counted_from_the_table():
    given = content(["digits"])
    first = given.verdicts["paper"] == "arXiv:2503.05938"
    changed = ["holds"] * 4 + ["not established"] * (len(first) - 4)
    tests = given.tests.assign(verdict=["holds"] * 8 + ["not established"] * (len(given.tests) - 8))
    given = given._replace(verdicts=given.verdicts.assign(verdict=changed), tests=tests)
    text = " ".join(markdown_report(given).split())
    assert (
        "Of 6 verdicts, one for each claim and task, 4 are *holds*, 0 *does not hold*, 2 *not established* and "
        "0 *no power*." in text
    )
    assert "μ_L falls with exponent 0.450(4), σ_L with 0.650(11) on an infinitely large test set" in text


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
    assert "The others add up to 1 min 36 s of computing time" in text
    assert "On: processor Example 3000, cores 2, system Linux." in text
    assert "Versions: numpy 2.4.6, scipy 1.17.1." in text
    assert given.provenance in text
    assert "nan" not in text.lower().split()


def test_a_stage_that_found_its_members_trained_is_no_half_a_second():
    given = content(["digits"])
    run = given.runs[0] | {"stage": "train_ensembles", "seconds": 60.0}
    trained, found = run | {"versions": {"keras": "3"}}, run | {"seconds": 0.5}
    text = " ".join(markdown_report(given._replace(runs=[trained, found])).split())
    assert "| train ensembles | digits | trained before or elsewhere |" in text
    assert "The others add up to 1 min 0 s of computing time" in text


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
    first, second = (given.verdicts["paper"] == f"arXiv:{number}" for number in ("2503.05938", "2102.06701"))
    tests = given.tests[given.tests["paper"] == "arXiv:2503.05938"]
    shown = [given.verdicts[first], *2 * [given.verdicts[second]], tests, given.published]  # each table of the page
    expected = sum((table["verdict"] == "holds").sum() for table in shown)
    assert page.count('class="holds"') == expected


def test_page_wants_every_image_it_shows():
    with pytest.raises(ReplicationError, match=r"figures/missing\.png, which was not given"):
        html_report("# Title\n\n![a figure](figures/missing.png)\n", {"figures/other.png": PNG})


def test_methods_have_columns_of_their_own(report):
    (header,) = [line for line in report.splitlines() if "trained networks" in line and "infinite width" in line
                 and "claim" in line]  # fmt: skip
    assert "nan" not in header
    assert re.search(r"\| B4 +\| statement of B4 +\| not tested +\| not tested +\| not established +\|", report)


# The README.


def test_the_section_of_a_readme_is_what_was_found_and_both_tables(report):
    section = results_section(report)
    assert section.startswith("**What was found.** Of 18 verdicts")
    assert "variance-limited exponents, one in theory, are" in section
    found = [line[0] for line in cells(section) if line]
    assert found.count("claim") == 2
    assert {"B1 width", "B4"} <= set(found)
    assert {"A1", "A5 trained"} <= {name.split(":")[0] for name in found}
    assert "##" not in section
    for line in section.splitlines():
        assert line in report


def test_what_is_no_report_has_no_section():
    with pytest.raises(ReplicationError, match="no report"):
        results_section("# Something else\n\n## Verdicts\n")


def test_report_contains_the_tables_of_infinite_width(report):
    given, lines = content(), cells(report)
    window = given.profile.scaling_laws.infinite_width
    for table in (
        sources_table(given.exact, given.profile.statistics.confidence),
        theory_table(given.exact, given.theory, window),
        plateaus_by_test_size_table(given.laws["test_set_plateaus"]),
        skills_table(given.laws["learning_curves"]),
        published_table(given.published),
    ):
        assert len(table)
        for row in table.astype(str).to_numpy().tolist():
            assert row in lines, row
    headings = re.findall(r"^##+ (.*)$", report, re.MULTILINE)
    assert "Published numbers, recomputed" in headings
    assert headings.index("E. Where ε_L comes from") < headings.index("Learning curves predicted from the spectrum")


def test_the_article_comes_before_its_appendix(report):
    """Results first: no table of settings stands before the verdicts, and every test stands in the appendix."""
    names = (
        "## Abstract",
        "## Verdicts",
        "## What was done",
        "## When the claims hold",
        "# Appendix",
        "## A. Settings",
    )
    article, _ = report.split("\n# Appendix", 1)
    assert article.count("\n![") == 5
    places = [report.index(f"\n{name}") for name in names]
    assert places == sorted(places)
    assert report.index("width 64") > report.index("\n# Appendix")


def test_effects_are_those_of_the_primary_tests():
    given = content(["digits"])
    rows, verdicts = (verdict_tables.of_paper(table, "arXiv:2503.05938") for table in (given.tests, given.verdicts))
    rows.loc[~rows["primary"], "estimate"] = 9.0
    table = verdict_tables.effects(verdicts, rows)
    assert len(table) == len(tables.STATEMENTS)
    assert not table["digits (uci_digits)"].str.contains("9 ").any()
    assert table["digits (uci_digits)"].iloc[0] == "**holds** 0.01 (-0.01 to 0.03)"
    assert (table["range"] == "-0.1 to 0.1").all()


def test_report_without_published_numbers_has_no_chapter_on_them():
    """As a table read from files of which none has a row, and as the embedded data have it."""
    empty = tables.published().iloc[:0].astype(object)
    text = markdown_report(content()._replace(published=empty))
    assert "Published numbers" not in text
    assert "Lee et al." not in text


def test_what_stands_between_two_marks_is_replaced_and_nothing_else():
    assert between("a\n<b>\n\nold\n\n<e>\nz", "<b>", "<e>", "new") == "a\n<b>\n\nnew\n\n<e>\nz"
    for text in ("no marks", "<b> <b> <e>", "<e> <b>"):
        with pytest.raises(ReplicationError, match="do not stand there once each"):
            between(text, "<b>", "<e>", "new")
