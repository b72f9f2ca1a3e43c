"""Equivalence tests: whether a number lies in a range, with an error rate that is declared.

With the interval at confidence 1 - 2 significance (two one-sided tests) a claim *holds* if the interval lies inside the
range, *does not hold* if it lies outside, and is *not established* if it reaches across an end of the range.
"""

from typing import NamedTuple

from replication.scaling_laws.estimates import Estimate

HOLDS, DOES_NOT_HOLD, NOT_ESTABLISHED = "holds", "does not hold", "not established"


class EquivalenceTest(NamedTuple):
    """One tested number: which claim and where, the estimate, and the range that the claim allows."""

    claim: str
    scope: str
    quantity: str
    estimate: Estimate
    low: float
    high: float
    below_crossover: bool = False


def verdict(test: EquivalenceTest, significance: float) -> str:
    """*holds*, *does not hold* or *not established*.

    A plateau is claimed for large N_D only, so a slope outside its range in a window that ends below the onset of the
    plateau does not refute it.
    """
    lower, upper = test.estimate.interval(1 - 2 * significance)
    if test.low < lower and upper < test.high:
        return HOLDS
    if upper < test.low or lower > test.high:
        return NOT_ESTABLISHED if test.below_crossover else DOES_NOT_HOLD
    return NOT_ESTABLISHED


def combine(verdicts: list[str]) -> str:
    """A claim holds if every test of it holds, and does not hold if any one does not."""
    if DOES_NOT_HOLD in verdicts:
        return DOES_NOT_HOLD
    return HOLDS if verdicts and all(v == HOLDS for v in verdicts) else NOT_ESTABLISHED
