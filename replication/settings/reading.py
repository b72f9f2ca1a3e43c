"""Reads params.yaml; whatever is wrong with it is one line that names the key and the remedy."""

from pathlib import Path

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from replication.errors import ReplicationError
from replication.settings.profile import Pipeline, Profile, Settings, pipeline_problems

# what to do about the kinds of mistake whose own message does not say
REMEDIES = {
    "missing": "is missing; add it",
    "extra_forbidden": "unknown key; remove it or mend its spelling",
    "tuple_type": "must be a list, such as [32, 128]",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "string_pattern_mismatch": "a profile's name has letters, digits, - and _ only; rename it",
}


def read_settings(path: Path) -> Settings:
    """Read and validate params.yaml."""
    settings = _validated(Settings, _read_yaml(path), path)
    _refuse(settings.problems(), path)
    return settings


def check_pipeline(path: Path, settings: Settings) -> None:
    """Validate the params.yaml beside a profile's own dvc.yaml."""
    pipeline = _validated(Pipeline, _read_yaml(path).get("pipeline"), path)
    _refuse(pipeline_problems(pipeline, settings.profiles), path)


def profile_named(settings: Settings, name: str) -> Profile:
    """The profile called `name`."""
    if name not in settings.profiles:
        known = ", ".join(settings.profiles)
        raise ReplicationError(f"no profile {name!r}", f"choose one of {known}, or add it to params.yaml")
    return settings.profiles[name]


def _read_yaml(path: Path) -> dict:
    try:
        content = _tuples(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        remedy = "run from the top of the project, or name a file with --params"
        raise ReplicationError(f"no settings file {path}", remedy) from None
    except OSError as error:
        raise ReplicationError(f"cannot read {path} ({error.strerror})", "name a readable file with --params") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ReplicationError(f"{path}, line {line}: {_one_line(error.problem)}", "mend that line") from None
    except Exception as error:  # impossible dates, endless nesting, bytes that are no text: no common base
        raise ReplicationError(f"{path} is not valid YAML ({_one_line(error)})", "mend or restore the file") from None
    if not isinstance(content, dict):
        raise ReplicationError(f"{path} is not a mapping", "it needs the keys pipeline and profiles")
    return content


def _validated(model: type[BaseModel], content: object, path: Path):
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "[key]") or "pipeline"
        message = REMEDIES.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        found = "" if first["type"] == "missing" else f" (found {first['input']!r:.60})"
        raise ReplicationError(f"{path}: {key}", f"{message}{found}") from None


def _refuse(problems, path: Path) -> None:
    for key, message in problems:
        raise ReplicationError(f"{path}: {key}", message)


def _tuples(value):
    """Lists become tuples: strict validation of a sequence field then asks for no conversion."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
