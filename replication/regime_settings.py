"""The sections of the settings that belong to arXiv 2102.06701, explaining neural scaling laws."""

from typing import Annotated, Literal

from pydantic import Field

from replication.sections import Bound, Depth, Positive, Section, Share, Sizes


class VarianceWidth(Section):
    """Networks of growing width at a fixed, small training set, full-batch gradient descent."""

    depth: Depth
    activation: Literal["relu", "erf"]
    training_size: Positive
    widths: Sizes
    members: Annotated[int, Field(ge=8)]
    steps: Positive
    learning_rate_fraction: Share


class VarianceData(Section):
    """One small network on growing draws of points, full-batch gradient descent."""

    width: Positive
    activation: Literal["relu", "erf"]
    training_sizes: Sizes
    draws: Annotated[int, Field(ge=8)]
    members: Positive
    steps: Positive
    learning_rate_fraction: Share


class ResolutionWidth(Section):
    """Networks of growing width on the whole population, Adam with a cosine schedule."""

    widths: Sizes
    members: Annotated[int, Field(ge=3)]
    steps: Positive
    adam_learning_rate: Bound


class TrainedRegimes(Section):
    """Trained networks in three regimes on the data of one task, whose first `population` points are the population.

    The fourth regime, resolution-limited in data, is that of the widest ensembles of every task.
    """

    task: Literal["digits", "images", "calorimeter"]
    population: Positive
    variance_width: VarianceWidth
    variance_data: VarianceData
    resolution_width: ResolutionWidth
