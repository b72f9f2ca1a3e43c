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


Laws = Mapping[str, pd.DataFrame]


def check(laws: Laws, claims: Claims, confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tests and verdicts of the claims of both papers, and of what is asked beyond them.

    laws: the tables LAWS by name. In the column `paper`, claims of arXiv:2503.05938 are of a task and its dataset,
    those of arXiv:2102.06701 of a method.
    """
    parts = uncertainty(laws, claims, confidence), explaining(laws, claims)
    tests, verdicts = (pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True))
    return tests, verdicts


def uncertainty(laws: Laws, claims: Claims, confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tests and verdicts of arXiv:2503.05938, from the first five of the tables LAWS."""
    fitted, comparisons, test_sets, widths, plateaus = (laws[name] for name in LAWS[:5])
    tests = [
        *ensembles.tests(fitted, comparisons, test_sets, claims),
        *finite_width.tests(widths, plateaus, claims, confidence),
    ]
    return run_tests(UNCERTAINTY, tests, ensembles.STATEMENTS | finite_width.STATEMENTS, claims.significance)


def explaining(laws: Laws, claims: Claims) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tests and verdicts of arXiv:2102.06701, from the four tables that follow them."""
    exponents, duality, dimension, differences = (laws[name] for name in LAWS[5:9])
    tests = regimes.tests(exponents, duality, dimension, differences, claims)
    return run_tests(EXPLAINING, tests, regimes.STATEMENTS, claims.significance)
