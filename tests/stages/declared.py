"""dvc.yaml as the tests see it: what each stage declares."""

import os
import sys
from pathlib import Path

from ruamel.yaml import YAML

from tests.conftest import ROOT

PIPELINE = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())
STAGES = PIPELINE["stages"]
(VARIABLES,) = PIPELINE["vars"]
# a child process of the tests sees the environment's programs and the project's modules
CHILD = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def runs(tasks=VARIABLES["tasks"]):
    """(name as DVC says it, stage, task or None) of every run of the pipeline."""
    for stage, definition in STAGES.items():
        if "matrix" in definition:
            yield from ((f"{stage}@{task}", stage, task) for task in tasks)
        else:
            yield stage, stage, None


def tasks_of(profile):
    """The tasks that the pipeline of another profile than quick has."""
    (variables,) = YAML(typ="safe").load((ROOT / "profiles" / profile / "dvc.yaml").read_text())["vars"]
    return variables["tasks"]


def paths(stage, key, profile="quick", task=None):
    """What a stage declares under deps, outs or metrics, with the names of profile and task in it."""
    entries = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in STAGES[stage].get(key, [])]
    return [entry.replace("${profile}", profile).replace("${item.task}", str(task)) for entry in entries]


def parameters(stage):
    """The keys of params.yaml that a stage declares, as they stand in dvc.yaml."""
    entries = STAGES[stage].get("params", [])
    return {key for entry in entries for key in (entry["params.yaml"] if isinstance(entry, dict) else [entry])}
