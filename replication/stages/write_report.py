"""Stage: the report, as Markdown and as one self-contained HTML page."""

import json
import os

from replication.report.page import html_report
from replication.report.writer import ReportInput, markdown_report
from replication.settings.profile import Profile
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place


def write_report(place: Place, profile: Profile) -> None:
    """Write the report from the tables, figures and run records of the profile."""
    names = list(FIGURES)
    names += [f"{kind}_{task}" for kind in ("error_sources", "contact_sheet") for task in profile.tasks]
    pictures = {name: place.exhibits(f"{name}.png") for name in names}
    links = {name: os.path.relpath(picture, place.results()) for name, picture in pictures.items()}
    tables = {name: files.read_table(place.results(f"{table}.csv")) for name, table in TABLES.items()}
    tables |= {name: files.read_tables(place.results(folder), list(profile.tasks)) for name, folder in FOLDERS.items()}
    runs = [json.loads(files.read(path)) for path in sorted(place.results("runs").glob("*.json"))]
    text = markdown_report(ReportInput(place.profile, profile, place.provenance, **tables, runs=runs, figures=links))
    images = {links[name]: files.read(picture) for name, picture in pictures.items()}
    files.write(place.results("report.md"), text)
    files.write(place.results("report.html"), html_report(text, images))


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
