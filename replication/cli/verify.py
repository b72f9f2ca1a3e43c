"""Results of a profile against its reference numbers."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from replication.atomic import write
from replication.errors import ReplicationError
from replication.reference_numbers.comparison import NEW, Comparison, compare
from replication.reference_numbers.quantities import COLUMNS, published_quantities, quantities, quantities_of_metrics
from replication.reference_numbers.tolerances import PUBLISHED, kept, measured
from replication.stages import files
from replication.stages.run_paths import RunPaths

FOLDERS = (
    "infinite_width", "infinite_width_variations", "ensembles", "trained_regimes", "random_features", "dimension",
    "published_numbers", "laws", "claims",
)  # fmt: skip
METRICS, RECOMPUTED = "metrics.json", "published_numbers/"
SHOWN = 40  # lines at most


def verified(profile: str) -> tuple[bool, list[str]]:
    """Whether the results are those of the reference, and lines that say what moved."""
    path = reference_file(profile)
    compared = compare(_read(path, profile), numbers_of(RunPaths(profile).results(), "recomputed"))
    good = compared.mismatches.empty
    ending = "agree with" if good else f"{len(compared.mismatches)} numbers do not agree with"
    lines = [*_changes(compared.mismatches), *_counts(compared), compared.remark, f"{profile}: {ending} {path}"]
    return good, [line for line in lines if line]


def updated(profile: str, elsewhere: Sequence[Path] = ()) -> Iterator[str]:
    """Write the reference from the results; lines that say what was changed by it.

    elsewhere: folders like results/<profile>, of other processors: tolerances of trained networks are from how far
    their numbers moved there. Without any, known numbers keep their tolerances.
    """
    path, numbers = reference_file(profile), numbers_of(RunPaths(profile).results(), "published")
    before = _read(path, profile) if path.exists() else numbers.head(0)
    ours = numbers["kind"] != PUBLISHED
    changed = compare(before[before["kind"] != PUBLISHED], numbers[ours]).numbers
    if len(before):
        yield from _changes(changed[changed["value"] != changed["found"]])
    if elsewhere:
        numbers["tolerance"] = measured(numbers, [numbers_of(folder, "published") for folder in elsewhere])
    else:
        numbers["tolerance"] = kept(numbers, before)
    text = numbers.assign(**{name: [f"{x:.4g}" for x in numbers[name]] for name in ("error", "tolerance")})
    write(path, text.replace("nan", "").to_csv(index=False, lineterminator="\n"))
    yield f"{path}: {len(numbers)} numbers written"


def reference_file(profile: str) -> Path:
    """Where the reference numbers of a profile lie."""
    return Path("reference", f"{profile}.csv")


def _read(path: Path, profile: str) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype={"value": str})[COLUMNS]
    except (OSError, ValueError, KeyError) as error:
        remedy = f"`python -m replication verify {profile} --update` writes it from the results where there is none"
        raise ReplicationError(f"cannot read {path} ({type(error).__name__})", remedy) from None


def numbers_of(top: Path, column: str) -> pd.DataFrame:
    """What all tables below a folder say; beside published numbers what the column says, published or recomputed."""
    found = [path for folder in FOLDERS for path in sorted(top.joinpath(folder).rglob("*.csv"))]
    if not found:
        raise ReplicationError(f"no tables in {top}", files.RERUN)
    parts = []
    for path in found:
        table, source = files.read_table(path), path.relative_to(top).as_posix()
        try:
            parts.append(quantities(table, source))
        except ValueError as error:
            raise ReplicationError(str(error), "give it a column that tells them apart") from None
        if source.startswith(RECOMPUTED):
            parts.append(published_quantities(table, column))
    if (path := top / METRICS).exists():
        parts.append(quantities_of_metrics(json.loads(files.read(path)), METRICS))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _changes(rows: pd.DataFrame) -> Iterator[str]:
    for row in rows.head(SHOWN).itertuples():
        if row.outcome == NEW:
            change = f"new: {row.found}"
        else:
            found = "missing" if pd.isna(row.found) else row.found
            scale = f"  ({row.z:+.2g} errors)" if pd.notna(row.z) else ""
            change = f"{row.value} -> {found}{scale}"
        yield f"{row.kind:<12} {change:<44} {row.quantity}  [{row.source}]"
    if len(rows) > SHOWN:
        yield f"and {len(rows) - SHOWN} more"


def _counts(compared: Comparison) -> Iterator[str]:
    table = compared.numbers.groupby(["kind", "outcome"]).size()
    for kind in dict.fromkeys(compared.numbers["kind"]):
        yield f"{kind:<12} " + ", ".join(f"{count} {outcome}" for outcome, count in table[kind].items())
