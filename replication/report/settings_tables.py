"""The settings of a profile and its data, as a reader sees them."""

from collections.abc import Iterator

import pandas as pd

from replication.datasets.catalogue import SOURCES
from replication.settings.profile import Profile
from replication.settings.tasks import TaskSettings

STAND_INS = {"uci_digits": "MNIST", "photo_patches": "CIFAR-10", "showers": "measured or fully simulated showers"}


def data(profile: Profile) -> pd.DataFrame:
    """A row for each task: its data set, and how it is sized."""
    rows = [
        {
            "task": name,
            "dataset": f"`{task.dataset}`",
            "what it is": SOURCES[task.dataset].title,
            "kind": SOURCES[task.dataset].kind,
            "input": " x ".join(map(str, SOURCES[task.dataset].input_shape)),
            "target": _target(task),
            "training pool": task.pool_size,
            "test set": task.test_size,
        }
        for name, task in profile.tasks.items()
    ]
    return pd.DataFrame(rows)


def _target(task: TaskSettings) -> str:
    classes = SOURCES[task.dataset].classes
    if task.positive_classes:
        return f"{len(task.positive_classes)} of {classes} classes against the others"
    return f"{classes} classes" if classes else "energy"


def stand_ins(profile: Profile) -> dict[str, str | None]:
    """Data set: what it stands in for, or None."""
    return {task.dataset: STAND_INS.get(task.dataset) for task in profile.tasks.values()}


def choices(profile: Profile) -> pd.DataFrame:
    """A row for each value in the settings."""
    rows = [{"setting": f"`{key}`", "value": value} for key, value in _flat(profile.model_dump())]
    return pd.DataFrame(rows)


def _flat(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """(dotted key, text) of every value in nested settings."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _flat(item, f"{key}.{name}" if key else name)
    else:
        yield key, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
