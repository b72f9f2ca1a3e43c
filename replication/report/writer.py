"""Writes the report in Markdown; every number in it comes from a table, none from the text."""

import re
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np
import pandas as pd

from replication.datasets.catalogue import SOURCES
from replication.report import finite_width, regimes
from replication.report import infinite_width as tables
from replication.report.tables import exponent_table, number, to_markdown
from replication.settings.profile import Profile

TEMPLATE = Path(__file__).with_name("report.md.j2")
GREEK = {"mu": "μ", "sigma": "σ", "eps": "ε"}
STAND_INS = {"uci_digits": "MNIST", "photo_patches": "CIFAR-10", "showers": "measured or fully simulated showers"}
OUTCOMES = ("holds", "does not hold", "not established")


class ReportInput(NamedTuple):
    """What a report is written from.

    profile_name, profile:  the profile's name and its settings
    provenance:             the line that stands in the metadata of the figures as well
    laws, claims, verdicts: the tables of fitted laws, of tests, and of verdicts with their evidence
    comparisons:            the table of numbers that the claims compare
    corrections, crossovers: fits in 1 / n of trained and linearised networks, up to which N_D they follow
                            infinite width
    plateaus:               of eps_L, of networks that are trained or built otherwise
    exponents, regime_verdicts: those of arXiv 2102.06701, by every route
    exact, theory:          learning curves at infinite width, computed draw by draw, and predicted from the spectrum
    published:              published numbers beside those recomputed
    runs:                   run records: stage, task, seconds, peak_memory_mb, versions, machine
    figures:                path of each figure as the report shall link to it; keys learning_curves,
                            width_dependence, ladder, training_variations, plateau_dependence,
                            learning_curve_theory, regimes, duality, dimension, data_variations,
                            error_sources_<task> and contact_sheet_<task>, those missing are left out
    """

    profile_name: str
    profile: Profile
    provenance: str
    laws: pd.DataFrame
    claims: pd.DataFrame
    verdicts: pd.DataFrame
    comparisons: pd.DataFrame
    corrections: pd.DataFrame
    crossovers: pd.DataFrame
    plateaus: pd.DataFrame
    exponents: pd.DataFrame
    regime_verdicts: pd.DataFrame
    exact: pd.DataFrame
    theory: pd.DataFrame
    published: pd.DataFrame
    runs: list[dict]
    figures: dict[str, str]


def markdown_report(content: ReportInput) -> str:
    """The whole report in Markdown."""
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    laws, windows = exponent_table(content.laws), content.profile.scaling_laws
    sizes = windows.finite_width.inside(content.profile.finite_width.training_sizes)
    text = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        content._asdict(),
        counts={outcome: int((content.verdicts.verdict == outcome).sum()) for outcome in OUTCOMES},
        findings=_findings(laws),
        overview=to_markdown(overview(content.verdicts)),
        evidence=to_markdown(_evidence(content.verdicts)),
        statements=dict(content.verdicts[["claim", "statement"]].itertuples(index=False, name=None)),
        corrected=to_markdown(finite_width.corrections_table(content.corrections, sizes)),
        followed=to_markdown(finite_width.onsets_table(content.crossovers)),
        varied=to_markdown(finite_width.plateaus_table(content.plateaus)),
        regime_overview=to_markdown(overview(content.regime_verdicts)),
        regime_evidence=to_markdown(_evidence(content.regime_verdicts)),
        regime_exponents=to_markdown(regimes.exponents_table(content.exponents)),
        tests={claim: to_markdown(_tests(tests)) for claim, tests in content.claims.groupby("claim")},
        data=to_markdown(_data(content.profile)),
        stand_ins={task.dataset: STAND_INS.get(task.dataset) for task in content.profile.tasks.values()},
        choices=to_markdown(_choices(content.profile)),
        fitted_laws=to_markdown(laws),
        sources=to_markdown(tables.sources_table(content.exact, content.profile.statistics.confidence)),
        predicted=to_markdown(tables.theory_table(content.exact, content.theory, windows.infinite_width)),
        coverage=to_markdown(tables.coverage_table(content.comparisons)),
        recomputed=to_markdown(tables.published_table(content.published)) if len(content.published) else "",
        confidence=f"{100 * content.profile.statistics.confidence:g} %",
        test_confidence=f"{100 * (1 - 2 * content.profile.claims.significance):g} %",
        times=to_markdown(_times(content.runs)),
        total=_duration(sum(run["seconds"] for run in content.runs)),
        versions=_versions(content.runs),
        machines=_machines(content.runs),
    )
    return re.sub(r"\b(mu|sigma|eps)_L(?![A-Za-z0-9_])", lambda name: f"{GREEK[name[1]]}_L", text)


def _findings(exponents: pd.DataFrame) -> list[dict]:
    """For each task the laws of converged gradient descent at infinite width."""
    infinite = np.isinf(exponents.width) & np.isinf(exponents.training_time)
    return exponents[infinite & (exponents.method == "gradient_descent")].to_dict("records")


def overview(verdicts: pd.DataFrame) -> pd.DataFrame:
    """Claims in rows, tasks in columns; of arXiv 2102.06701 routes in columns, which have no source."""
    sources = verdicts.dataset.astype(object).fillna("").astype(str)
    names = verdicts.task + (" (" + sources + ")").where(sources != "", "")
    wide = verdicts.assign(name=names).pivot(index=["claim", "statement"], columns="name", values="verdict")
    return wide[list(dict.fromkeys(names))].fillna("not tested").reset_index()


def _evidence(verdicts: pd.DataFrame) -> pd.DataFrame:
    columns = ["claim", "task", "dataset", "verdict", "evidence"]
    if verdicts["dataset"].isna().all():
        return verdicts[columns].drop(columns="dataset").rename(columns={"task": "route"})
    return verdicts[columns]


def _tests(tests: pd.DataFrame) -> pd.DataFrame:
    shown = tests[["task", "dataset", "scope", "quantity", "estimate"]].copy()
    shown["interval"] = [_range(*ends) for ends in zip(tests.lower, tests.upper, strict=True)]
    shown["claimed range"] = [_range(*ends) for ends in zip(tests.bound_lower, tests.bound_upper, strict=True)]
    return shown.assign(verdict=tests.verdict)


def _range(low: float, high: float) -> str:
    return f"{number(low)} to {number(high)}"


def _data(profile: Profile) -> pd.DataFrame:
    rows = [
        {
            "task": name,
            "dataset": f"`{task.dataset}`",
            "what it is": SOURCES[task.dataset].title,
            "kind": SOURCES[task.dataset].kind,
            "input": " x ".join(map(str, SOURCES[task.dataset].input_shape)),
            "target": f"{SOURCES[task.dataset].classes} classes" if SOURCES[task.dataset].classes else "energy",
            "training pool": task.pool_size,
            "test set": task.test_size,
        }
        for name, task in profile.tasks.items()
    ]
    return pd.DataFrame(rows)


def _choices(profile: Profile) -> pd.DataFrame:
    rows = [{"setting": f"`{key}`", "value": value} for key, value in _flat(profile.model_dump())]
    return pd.DataFrame(rows)


def _flat(value, key=""):
    """(dotted key, text) of every value in nested settings."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}" if key else name)
    else:
        yield key, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _times(runs: list[dict]) -> pd.DataFrame:
    rows = [
        {
            "stage": run["stage"].replace("_", " "),
            "task": run["task"] or "all",
            "time": _duration(run["seconds"]),
            "peak memory": f"{run['peak_memory_mb']:.0f} MB",
        }
        for run in runs
    ]
    return pd.DataFrame(rows, columns=["stage", "task", "time", "peak memory"])


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _versions(runs: list[dict]) -> dict[str, str]:
    """Library: its version, or versions where the stages did not all run with the same."""
    found = {}
    for run in runs:
        for name, version in run["versions"].items():
            found.setdefault(name, {})[version] = None
    return {name: " and ".join(found[name]) for name in sorted(found)}


def _machines(runs: list[dict]) -> list[str]:
    """Each machine once; a machine is a mapping such as processor, cores, system, or a plain string."""
    texts = (
        ", ".join(f"{key} {value}" for key, value in run["machine"].items())
        if isinstance(run["machine"], dict)
        else str(run["machine"])
        for run in runs
    )
    return list(dict.fromkeys(texts))
