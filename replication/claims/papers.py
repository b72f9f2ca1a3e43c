"""Both papers put to the test: every test in one table, every verdict in another."""

from collections.abc import Mapping

import pandas as pd

from replication.claims import ensembles, finite_width, regimes
from replication.claims.verdicts import run_tests
from replication.schema import EXPLAINING, UNCERTAINTY
from replication.settings.analysis import Claims

# the tables of laws that decide, and those that stand among the headline numbers
LAWS = (
    "scaling_laws", "comparisons", "test_set_plateaus", "width_comparisons", "training_plateaus", "regime_exponents",
    "duality", "dimension", "regime_differences", "least_widths",
)  # fmt: skip


def check(laws: Mapping[str, pd.DataFrame], claims: Claims, confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tests and verdicts of the claims of both papers, and of what is asked beyond them.

    laws: the tables LAWS by name. In the column `paper`, claims of arXiv:2503.05938 are of a task and its dataset,
    those of arXiv:2102.06701 of a method.
    """
    fitted, comparisons, test_sets, widths, plateaus = (laws[name] for name in LAWS[:5])
    exponents, duality, dimension, differences = (laws[name] for name in LAWS[5:9])
    uncertainty = [
        *ensembles.tests(fitted, comparisons, test_sets, claims),
        *finite_width.tests(widths, plateaus, claims, confidence),
    ]
    explaining = regimes.tests(exponents, duality, dimension, differences, claims)
    statements = ensembles.STATEMENTS | finite_width.STATEMENTS
    parts = (
        run_tests(UNCERTAINTY, uncertainty, statements, claims.significance),
        run_tests(EXPLAINING, explaining, regimes.STATEMENTS, claims.significance),
    )
    tests, verdicts = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    return tests, verdicts
