"""Stage: a verdict on every claim and task."""

from replication.claims import ensembles, regimes
from replication.claims import finite_width as beyond
from replication.claims.verdicts import run_tests
from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def check_claims(
    paths: RunPaths,
    tasks: dict[str, TaskSettings],
    finite_width: FiniteWidth,
    scaling_laws: ScalingLaws,
    claims: Claims,
    statistics: Statistics,
) -> None:
    """Test the claims of both papers, and what is asked beyond them, against the fitted laws."""
    laws, comparisons, corrections, plateaus = (
        files.read_table(paths.results(f"{name}.csv"))
        for name in ("scaling_laws", "comparisons", "width_corrections", "training_plateaus")
    )
    sizes = scaling_laws.finite_width.inside(finite_width.training_sizes)
    tests = [
        *ensembles.tests(laws, comparisons, claims, statistics.confidence),
        *beyond.tests(corrections, sizes, plateaus, claims),
    ]
    rows, summary = run_tests(tests, ensembles.STATEMENTS | beyond.STATEMENTS, claims.significance)
    files.write_table(paths.results("claims.csv"), rows)
    files.write_table(paths.results("verdicts.csv"), summary)
    tests = regimes.tests(*(files.read_table(paths.results(*path)) for path in REGIMES), claims)
    rows, summary = run_tests(tests, regimes.STATEMENTS, claims.significance)
    files.write_table(paths.results("regimes", "claims.csv"), rows)
    files.write_table(paths.results("regimes", "verdicts.csv"), summary)


REGIMES = (
    ("regimes", "exponents.csv"),
    ("random_features", "duality.csv"),
    ("regimes", "dimension.csv"),
    ("regimes", "differences.csv"),
)


if __name__ == "__main__":
    run(check_claims)
