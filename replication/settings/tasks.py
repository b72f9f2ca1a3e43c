"""The tasks: which data set feeds them, and how they are sized."""

from typing import Literal

from replication.settings.sections import Positive, Section, Share

TaskName = Literal["digits", "images", "calorimeter"]


DatasetName = Literal["uci_digits", "photo_patches", "showers", "geant4", "mnist", "cifar10", "calochallenge"]


DATASETS_OF_TASK: dict[TaskName, tuple[DatasetName, ...]] = {
    "digits": ("uci_digits", "mnist"),
    "images": ("photo_patches", "cifar10"),
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
    """

    dataset: DatasetName
    pool_size: Positive
    test_size: Positive
    learning_rate_fraction: Share
    transform: Transform = "none"
    centre: Centre = "global"
