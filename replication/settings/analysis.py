"""Intervals, fit windows, and the equivalence bounds of the claims."""

from typing import Annotated

from pydantic import Field

from replication.settings.sections import Bound, Section, Share, Window


class Statistics(Section):
    """Intervals: their confidence level, and the number of bootstrap resamples over members."""

    confidence: Share
    resamples: Annotated[int, Field(ge=100, le=10**6)]


class ScalingLaws(Section):
    """Fit windows: of the laws at infinite and at finite width, and of the plateau of eps_L."""

    infinite_width: Window
    finite_width: Window
    plateau: Window
    plateau_finite_width: Window


class Claims(Section):
    """Equivalence bounds: how far from the claim an estimate may lie and still count as agreeing with it."""

    significance: Annotated[float, Field(gt=0, lt=0.5)]
    exponent_drift: Bound
    plateau_slope: Bound
    width_ratio: Annotated[float, Field(gt=1)]
    exponent_difference: Bound
    interval_ratio: Annotated[float, Field(gt=1)]
    coverage: Bound
    width_law: Bound
    exponent_of_one: Bound
    exponent_share: Bound
