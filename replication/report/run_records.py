"""Run times, versions and machines from the run records of the stages."""

import pandas as pd

FRAMEWORKS = {"keras", "tensorflow", "jax"}


def trained_nothing(run: dict) -> bool:
    """Whether a stage that trains loaded nothing to train with: its members were there, or a cluster trained them."""
    return run["stage"].startswith("train") and not FRAMEWORKS & set(run["versions"])


def times(runs: list[dict]) -> pd.DataFrame:
    """A row for each record: how long the stage took when it last ran, if it measured that, and its memory."""
    rows = [
        {
            "stage": run["stage"].replace("_", " "),
            "task": run["task"] or "all",
            "time": "trained before or elsewhere" if trained_nothing(run) else duration(run["seconds"]),
            "peak memory": f"{run['peak_memory_mb']:.0f} MB",
        }
        for run in runs
    ]
    return pd.DataFrame(rows, columns=["stage", "task", "time", "peak memory"])


def computing_time(runs: list[dict]) -> str:
    """The sum over all records that measured it, stages that ran beside each other added up."""
    return duration(sum(run["seconds"] for run in runs if not trained_nothing(run)))


def duration(seconds: float) -> str:
    """`1 h 3 min`, `2 min 5 s`, `3.2 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def versions(runs: list[dict]) -> dict[str, str]:
    """Library: its version, or versions where the stages did not all run with the same."""
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, version in run["versions"].items():
            found.setdefault(name, {})[version] = None
    return {name: " and ".join(found[name]) for name in sorted(found)}


def machines(runs: list[dict]) -> list[str]:
    """Each machine once; a machine is a mapping such as processor, cores, system, or a plain string."""
    texts = (
        ", ".join(f"{key} {value}" for key, value in run["machine"].items())
        if isinstance(run["machine"], dict)
        else str(run["machine"])
        for run in runs
    )
    return list(dict.fromkeys(texts))
