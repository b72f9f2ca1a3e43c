"""The tasks: which data set feeds them, and how they are sized."""

from typing import Annotated, Literal

from pydantic import Field

from replication.settings.network import OutputScale
from replication.settings.sections import Positive, Section, Share

TaskName = Literal["digits", "images", "vehicles", "calorimeter"]


DatasetName = Literal["uci_digits", "photo_patches", "showers", "geant4", "mnist", "cifar10", "calochallenge"]


DATASETS_OF_TASK: dict[TaskName, tuple[DatasetName, ...]] = {
    "digits": ("uci_digits", "mnist"),
    "images": ("photo_patches", "cifar10"),
    "vehicles": ("cifar10",),
    "calorimeter": ("showers", "geant4", "calochallenge"),
}


Transform = Literal["none", "sqrt", "log1p"]


Centre = Literal["global", "per_feature"]


class TaskSettings(Section):
    """Which source feeds a task, how many points are training pool and test set, and the learning rate.

    The learning rate is `learning_rate_fraction` times the largest stable step of the infinitely wide network,
    2 / lambda_max(Theta / N_D). Kernels of narrow networks scatter, most where there is one output, so the share that
    keeps every member stable depends on the task.

    Inputs are transformed, centred by one mean or every component by its own, and divided by one standard deviation.
    With `positive_classes` there is one output: whether the class is one of these, standardised. `output_scales` are
    those of `width_expansion` for this task, where they are not the same for all.
    """

    dataset: DatasetName
    pool_size: Positive
    test_size: Positive
    learning_rate_fraction: Share
    transform: Transform = "none"
    centre: Centre = "global"
    positive_classes: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] | None = None
    output_scales: Annotated[tuple[OutputScale, ...], Field(min_length=1)] | None = None
