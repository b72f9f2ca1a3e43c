"""Stage: the report, as Markdown and as one self-contained HTML page."""

import json
import os

from replication.report.page import html_report
from replication.report.writer import ReportInput, markdown_report
from replication.settings.profile import Profile
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def write_report(paths: RunPaths, profile: Profile) -> None:
    """Write the report from the tables, figures and run records of the profile."""
    names = list(FIGURES)
    names += [f"{kind}_{task}" for kind in ("error_sources", "contact_sheet") for task in profile.tasks]
    pictures = {name: paths.exhibits(f"{name}.png") for name in names}
    links = {name: os.path.relpath(picture, paths.results()) for name, picture in pictures.items()}
    tables = {name: files.read_table(paths.results(f"{table}.csv")) for name, table in TABLES.items()}
    tables |= {name: files.read_tables(paths.results(folder), list(profile.tasks)) for name, folder in FOLDERS.items()}
    runs = [json.loads(files.read(path)) for path in sorted(paths.results("runs").glob("*.json"))]
    text = markdown_report(ReportInput(paths.profile, profile, paths.provenance, **tables, runs=runs, figures=links))
    images = {links[name]: files.read(picture) for name, picture in pictures.items()}
    files.write(paths.results("report.md"), text)
    files.write(paths.results("report.html"), html_report(text, images))


FIGURES = (
    "learning_curves", "width_dependence", "ladder", "training_variations", "plateau_dependence",
    "learning_curve_theory", "regimes", "duality", "dimension", "data_variations",
)  # fmt: skip
TABLES = {
    "laws": "scaling_laws",
    "claims": "claims",
    "verdicts": "verdicts",
    "comparisons": "comparisons",
    "corrections": "width_corrections",
    "crossovers": "width_crossovers",
    "plateaus": "training_plateaus",
    "exponents": "regimes/exponents",
    "regime_verdicts": "regimes/verdicts",
}
FOLDERS = {"exact": "infinite_width", "theory": "learning_curve_theory", "published": "published_numbers"}

if __name__ == "__main__":
    run(write_report, record=False)
