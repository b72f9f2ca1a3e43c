"""Writes the report in Markdown; every number in it comes from a table, none from the text."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from replication.report import findings, finite_width, regimes, run_records, settings_tables, verdict_tables
from replication.report import infinite_width as tables
from replication.report.tables import exponent_table, to_markdown
from replication.schema import EXPLAINING, UNCERTAINTY
from replication.settings.profile import Profile

TEMPLATE = Path(__file__).with_name("report.md.j2")
GREEK = {"mu": "μ", "sigma": "σ", "eps": "ε"}
# the tables of laws that the report shows
LAWS = (
    "learning_curves", "scaling_laws", "comparisons", "test_set_plateaus", "width_comparisons", "least_widths",
    "training_plateaus", "regime_exponents", "regime_differences", "dimension", "duality",
)  # fmt: skip
# and of each task, folder and file: expansion, exact and theory of ReportInput
TABLES = (
    ("ensembles", "width_expansion_moments"), ("infinite_width", "learning_curves"), ("infinite_width", "theory"),
)  # fmt: skip


class ReportInput(NamedTuple):
    """What a report is written from.

    profile_name, profile: the profile's name and its settings
    provenance:            the line that stands in the metadata of the figures as well
    laws:                  the tables LAWS of fitted laws and comparisons, by name
    tests, verdicts:       of the claims of both papers
    expansion:             moments of ensembles beside the expansion in one over the width, of all tasks
    exact, theory:         learning curves at infinite width, computed draw by draw, and predicted from the spectrum
    published:             published numbers beside those recomputed
    runs:                  run records: stage, task, seconds, peak_memory_mb, versions, machine
    figures:               path of each figure as the report shall link to it; keys are the names of `exhibits.drawings`
                           and contact_sheet_<task>, those missing are left out
    """

    profile_name: str
    profile: Profile
    provenance: str
    laws: Mapping[str, pd.DataFrame]
    tests: pd.DataFrame
    verdicts: pd.DataFrame
    expansion: pd.DataFrame
    exact: pd.DataFrame
    theory: pd.DataFrame
    published: pd.DataFrame
    runs: list[dict]
    figures: Mapping[str, str]


def markdown_report(content: ReportInput) -> str:
    """The whole report in Markdown."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    parts = _head(content) | _verdicts(content) | _laws(content) | _infinite_width(content) | _runs(content.runs)
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(parts)
    return greek(text)


def greek(text: str) -> str:
    """mu_L, sigma_L and eps_L with their letters."""
    return re.sub(r"\b(mu|sigma|eps)_L(?![A-Za-z0-9_])", lambda name: f"{GREEK[name[1]]}_L", text)


def _head(content: ReportInput) -> dict[str, Any]:
    profile = content.profile
    return {
        "profile_name": content.profile_name,
        "profile": profile,
        "provenance": content.provenance,
        "figures": content.figures,
        "data": to_markdown(settings_tables.data(profile)),
        "stand_ins": settings_tables.stand_ins(profile),
        "choices": to_markdown(settings_tables.choices(profile)),
        "confidence": f"{100 * profile.statistics.confidence:g} %",
        "test_confidence": f"{100 * (1 - 2 * profile.claims.significance):g} %",
        "findings": findings.of_ensembles(content.laws, profile.statistics.confidence),
        "regime_findings": findings.of_regimes(content.laws),
    }


def _verdicts(content: ReportInput) -> dict[str, Any]:
    ensembles, of_regimes = (verdict_tables.of_paper(content.verdicts, paper) for paper in (UNCERTAINTY, EXPLAINING))
    tests = verdict_tables.of_paper(content.tests, UNCERTAINTY)
    return {
        "verdicts": ensembles,
        "counts": verdict_tables.counts(ensembles),
        "effects": to_markdown(verdict_tables.effects(ensembles, tests)),
        "statements": dict(ensembles[["claim", "statement"]].itertuples(index=False, name=None)),
        "claim_tests": {claim: to_markdown(verdict_tables.tests_table(t)) for claim, t in tests.groupby("claim")},
        "regime_counts": verdict_tables.counts(of_regimes),
        "regime_overview": to_markdown(verdict_tables.overview(of_regimes)),
        "regime_evidence": to_markdown(verdict_tables.evidence(of_regimes)),
    }


def _laws(content: ReportInput) -> dict[str, str]:
    laws = content.laws
    shown = {
        "fitted_laws": exponent_table(laws["scaling_laws"]),
        "sufficient": finite_width.least_widths_table(laws["least_widths"]),
        "test_sets": tables.plateaus_by_test_size_table(laws["test_set_plateaus"]),
        "skills": tables.skills_table(laws["learning_curves"]),
        "varied": finite_width.plateaus_table(laws["training_plateaus"]),
        "expansion": finite_width.expansion_table(content.expansion),
        "regime_exponents": regimes.exponents_table(laws["regime_exponents"]),
    }
    return {name: to_markdown(table) for name, table in shown.items()}


def _infinite_width(content: ReportInput) -> dict[str, str]:
    window, confidence = content.profile.scaling_laws.infinite_width, content.profile.statistics.confidence
    return {
        "sources": to_markdown(tables.sources_table(content.exact, confidence)),
        "predicted": to_markdown(tables.theory_table(content.exact, content.theory, window)),
        "recomputed": to_markdown(tables.published_table(content.published)) if len(content.published) else "",
    }


def _runs(runs: list[dict]) -> dict[str, Any]:
    return {
        "times": to_markdown(run_records.times(runs)),
        "computing_time": run_records.computing_time(runs),
        "versions": run_records.versions(runs),
        "machines": run_records.machines(runs),
    }
