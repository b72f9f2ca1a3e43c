"""Stage: a verdict on every claim and task."""

from replication import claims as verdicts
from replication.settings import Claims, Statistics
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place


def check_claims(place: Place, claims: Claims, statistics: Statistics) -> None:
    """Test the claims of the paper against the fitted laws."""
    laws, comparisons = (files.read_table(place.results(name)) for name in ("scaling_laws.csv", "comparisons.csv"))
    tests, summary = verdicts.check(laws, comparisons, claims, statistics.confidence)
    files.write_table(place.results("claims.csv"), tests)
    files.write_table(place.results("verdicts.csv"), summary)


if __name__ == "__main__":
    run(check_claims)
