"""Stage: a verdict on every claim of both papers, and the headline numbers."""

import json

from replication.claims.metrics import metrics
from replication.claims.papers import LAWS, check
from replication.settings.analysis import Claims, Statistics
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def check_claims(paths: RunPaths, claims: Claims, statistics: Statistics) -> None:
    """Test the claims of both papers, and what is asked beyond them, against the fitted laws."""
    laws = {name: files.read_table(paths.results("laws", f"{name}.csv")) for name in LAWS}
    tests, verdicts = check(laws, claims, statistics.confidence)
    files.write_tables(paths.results("claims"), {"tests": tests, "verdicts": verdicts})
    files.write(paths.results("metrics.json"), json.dumps(metrics(laws, verdicts), indent=1) + "\n")


if __name__ == "__main__":
    run(check_claims)
