"""Stage: the report, as Markdown and as one self-contained HTML page, and the table of exponents for a paper."""

import json
import os

from replication.report.page import html_report
from replication.report.tables import exponent_table, to_latex
from replication.report.writer import LAWS, TABLES, ReportInput, markdown_report
from replication.settings.profile import Profile
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths

CAPTION = "Exponents of mu_L and sigma_L, slope and plateau of eps_L, with standard errors; profile {}."


def write_report(paths: RunPaths, profile: Profile) -> None:
    """Write the report from the tables, figures and run records of the profile."""
    report, figures = paths.results("report"), sorted(paths.exhibits().glob("*.png"))
    links = {picture.stem: os.path.relpath(picture, report) for picture in figures}
    laws = {name: files.read_table(paths.results("laws", f"{name}.csv")) for name in LAWS}
    tests, verdicts = (files.read_table(paths.results("claims", f"{name}.csv")) for name in ("tests", "verdicts"))
    expansion, exact, theory = (
        files.read_tables(paths.results(folder), [f"{task}/{stem}" for task in profile.tasks])
        for folder, stem in TABLES
    )
    published = files.read_table(paths.results("published_numbers", "published_numbers.csv"))
    runs = [json.loads(files.read(path)) for path in sorted(paths.results("runs").glob("*.json"))]
    head = paths.profile, profile, paths.provenance, laws, tests, verdicts
    text = markdown_report(ReportInput(*head, expansion, exact, theory, published, runs, links))
    exponents = exponent_table(laws["scaling_laws"])
    files.write(report / "report.md", text)
    files.write(report / "report.html", html_report(text, {links[p.stem]: files.read(p) for p in figures}))
    files.write_table(report / "exponents.csv", exponents)
    files.write(report / "exponents.tex", to_latex(exponents, CAPTION.format(paths.profile), "tab:exponents"))


if __name__ == "__main__":
    run(write_report, record=False)
