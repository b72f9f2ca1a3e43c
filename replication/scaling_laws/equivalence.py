"""Equivalence tests: whether a number lies in a range, with an error rate that is declared.

With the interval at confidence 1 - 2 significance (two one-sided tests) a claim *holds* if the interval lies inside the
range and *does not hold* if it lies outside. If it reaches across an end of the range the claim is *not established*;
if it is wider than the range, so that it could not have held whatever was found, there was *no power* to tell.
"""

from typing import NamedTuple

from replication.scaling_laws.estimates import Estimate

HOLDS, DOES_NOT_HOLD, NOT_ESTABLISHED, NO_POWER = "holds", "does not hold", "not established", "no power"
VERDICTS = (HOLDS, DOES_NOT_HOLD, NOT_ESTABLISHED, NO_POWER)


class EquivalenceTest(NamedTuple):
    """One tested number: which claim and where, the estimate, and the range that the claim allows.

    The verdict on a claim is that of its primary tests; others are reported beside them and decide nothing.
    """

    claim: str
    scope: str
    quantity: str
    estimate: Estimate
    low: float
    high: float
    primary: bool = True


def verdict(test: EquivalenceTest, significance: float) -> str:
    """One of `VERDICTS`."""
    lower, upper = test.estimate.interval(1 - 2 * significance)
    if test.low < lower and upper < test.high:
        return HOLDS
    if upper < test.low or lower > test.high:
        return DOES_NOT_HOLD
    return NO_POWER if upper - lower > test.high - test.low else NOT_ESTABLISHED


def combine(verdicts: list[str]) -> str:
    """Of several primary tests: does not hold if any one does not, and holds if every one does."""
    for one in (DOES_NOT_HOLD, NO_POWER, NOT_ESTABLISHED):
        if one in verdicts:
            return one
    return HOLDS if verdicts else NO_POWER
