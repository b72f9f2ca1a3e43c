"""Runs a stage as a command: settings validated first, errors in one line, a record of the run at the end."""

import inspect
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from replication.errors import ReplicationError
from replication.settings.profile import Profile
from replication.settings.reading import profile_named, read_settings
from replication.settings.training import Execution
from replication.stages import files
from replication.stages.run_paths import RunPaths
from replication.validation.surroundings import check_jax, check_scheduler

# modules whose versions a run record names if the stage imported them, and their distributions' names
LIBRARIES = {
    **{name: name for name in ("numpy", "scipy", "pandas", "h5py", "jax", "tensorflow", "keras", "matplotlib")},
    "sklearn": "scikit-learn",
    "neural_tangents": "neural-tangents",
}


def run(stage: Callable[..., None], record: bool = True) -> None:
    """Run `stage` from the command line as `python -m replication.stages.<stage> PROFILE [TASK]`.

    The stage's first parameter is its RunPaths. Every other one names a section of the profile (`task` is the section
    tasks.<task>, `profile` the whole), so that a stage reads what it declares and nothing else.
    """

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # not the log of what hardware TensorFlow looked for

    def command(
        profile: Annotated[str, typer.Argument(help="A profile of params.yaml.")],
        task: Annotated[str, typer.Argument(help="A task of the profile, for stages that work on one.")] = "",
        device: Annotated[str | None, _option(stage, "execution.device: auto, cpu, gpu or gpu:0.")] = None,
        scheduler: Annotated[str | None, _option(stage, "execution.scheduler: tcp://host:8786.")] = None,
    ) -> None:
        paths = RunPaths(profile, task)
        try:
            start = time.monotonic()
            settings = profile_named(read_settings(Path("params.yaml")), profile)
            settings = _executed(settings, stage, device=device, scheduler=scheduler)
            _check_surroundings(stage, settings)
            stage(paths, **sections(stage, settings, task))
            if record:
                files.write(paths.record(stage.__name__), _record(stage.__name__, task, time.monotonic() - start))
        except ReplicationError as error:
            _fail(stage, paths, error)
        except KeyboardInterrupt:
            _fail(
                stage,
                paths,
                ReplicationError("interrupted", "run it again: finished chunks of ensembles are kept"),
                130,
            )
        except MemoryError:
            _fail(stage, paths, ReplicationError("not enough memory", "lower training sizes, widths or test_size"))

    command.__doc__ = inspect.getdoc(stage)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(command)
    app()


def sections(stage: Callable[..., object], profile: Profile, task: str) -> dict[str, object]:
    """The sections of the profile that the stage names as parameters."""
    names = list(inspect.signature(stage).parameters)[1:]
    tasks = {str(name): settings for name, settings in profile.tasks.items()}
    if "task" in names and task not in tasks:
        problem = f"no task {task!r} in this profile" if task else "which task?"
        raise ReplicationError(problem, f"name one of {', '.join(tasks)}")
    if "task" not in names and task:
        raise ReplicationError(f"this stage works on whole profiles, not on task {task!r}", "leave the task out")
    special = {"profile": profile, "task": tasks.get(task)}
    return {name: special[name] if name in special else getattr(profile, name) for name in names}


def _executes(stage: Callable[..., None]) -> bool:
    return "execution" in inspect.signature(stage).parameters


def _check_surroundings(stage: Callable[..., None], profile: Profile) -> None:
    """Of what the stage is about to use: JAX for kernels, linear algebra or members, and a scheduler."""
    uses_jax = _executes(stage) and os.environ.get("KERAS_BACKEND") == "jax"
    if "infinite_width" in inspect.signature(stage).parameters:
        settings = profile.infinite_width
        engines = {settings.engine, settings.cross_check and settings.cross_check.engine}
        uses_jax = uses_jax or "neural_tangents" in engines or settings.linear_algebra == "jax"
    if uses_jax:
        check_jax()
    if _executes(stage) and profile.execution.scheduler:
        check_scheduler(profile.execution.scheduler)


def _option(stage: Callable[..., None], replaced: str) -> typer.models.OptionInfo:
    return typer.Option(help=f"In place of {replaced}", hidden=not _executes(stage))


def _executed(profile: Profile, stage: Callable[..., None], **options: str | None) -> Profile:
    """The profile with the options that were given in place of its execution section's."""
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        return profile
    if not _executes(stage):
        raise ReplicationError(f"this stage takes no --{next(iter(given))}", "leave it out")
    try:
        execution = Execution(**profile.execution.model_dump() | given)
    except ValidationError as error:
        (first, *_) = error.errors()
        raise ReplicationError(f"--{first['loc'][0]} {first['input']}: {first['msg']}", "see --help") from None
    return profile.model_copy(update={"execution": execution})


def _fail(stage: Callable[..., None], paths: RunPaths, error: ReplicationError, status: int = 1) -> None:
    name = " ".join(filter(None, (stage.__name__, *paths)))
    typer.echo(f"error: {name}: {error}", err=True)
    raise typer.Exit(status)


def _record(stage: str, task: str, seconds: float) -> str:
    versions = {name: version(name) for module, name in LIBRARIES.items() if module in sys.modules}
    content = {
        "stage": stage,
        "task": task or None,
        "seconds": round(seconds, 1),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "versions": {"python": platform.python_version(), **versions},
        "machine": {"processor": _processor(), "cores": len(os.sched_getaffinity(0)), "system": platform.system()},
    }
    return json.dumps(content, indent=1) + "\n"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
