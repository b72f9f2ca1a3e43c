"""Reads params.yaml; whatever is wrong with it is one line that names the key and the remedy."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from replication.errors import ReplicationError
from replication.settings.defaults import completed, stated_key
from replication.settings.profile import Profile, Settings

# what to do about the kinds of mistake whose own message does not say
REMEDIES = {
    "missing": "is missing; add it",
    "extra_forbidden": "unknown key; remove it or correct its spelling",
    "tuple_type": "must be a list, such as [32, 128]",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "string_pattern_mismatch": "a profile's name has letters, digits, - and _ only; rename it",
}
SECTION = 3  # length of the path profiles.<name>.<section>


def read_settings(path: Path) -> Settings:
    """All profiles of params.yaml, complete with its defaults and validated."""
    return settings_of(_read_yaml(path), path)


def settings_of(content: dict[str, Any], path: Path) -> Settings:
    """The same from the content of the file; errors name `path`."""
    content = _tuples(content)
    _refuse(_misplaced(content), path)
    settings = _validated(content, path)
    _refuse(settings.problems(), path)
    return settings


def check_pipeline(path: Path, settings: Settings) -> str:
    """The profile that a dvc.yaml names in its `vars`; ReplicationError if it is not there or has other tasks."""
    entries = _read_yaml(path).get("vars") or ()
    variables = {key: value for entry in entries if isinstance(entry, dict) for key, value in entry.items()}
    name, tasks = variables.get("profile"), variables.get("tasks")
    if name not in settings.profiles:
        raise ReplicationError(f"{path}: vars.profile", f"no profile {name!r}; use {' or '.join(settings.profiles)}")
    if not isinstance(tasks, tuple) or set(tasks) != set(settings.profiles[name].tasks):
        asked = ", ".join(settings.profiles[name].tasks)
        raise ReplicationError(f"{path}: vars.tasks", f"must be the tasks of profile {name}: {asked}")
    return str(name)


def profile_named(settings: Settings, name: str) -> Profile:
    """The profile called `name`."""
    if name not in settings.profiles:
        known = ", ".join(settings.profiles)
        raise ReplicationError(f"no profile {name!r}", f"choose one of {known}, or add it to params.yaml")
    return settings.profiles[name]


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = _tuples(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        remedy = "run from the top of the project, or name a file with --params"
        raise ReplicationError(f"no settings file {path}", remedy) from None
    except OSError as error:
        raise ReplicationError(f"cannot read {path} ({error.strerror})", "name a readable file with --params") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ReplicationError(f"{path}, line {line}: {_one_line(error.problem)}", "correct that line") from None
    except Exception as error:  # impossible dates, endless nesting, bytes that are no text: no common base
        raise ReplicationError(f"{path} is not valid YAML ({_one_line(error)})", "correct or restore it") from None
    if not isinstance(content, dict):
        raise ReplicationError(f"{path} is not a mapping", "it needs the keys defaults and profiles")
    return content


def _misplaced(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (dotted key, message) for what no profile would be completed with."""
    yield from ((key, REMEDIES["extra_forbidden"]) for key in content if key not in ("defaults", "profiles"))
    defaults = content.get("defaults", {})
    if not isinstance(defaults, dict):
        yield "defaults", REMEDIES["dict_type"]
    for section, value in defaults.items():
        if section not in Profile.model_fields or section == "seed":  # which every profile states
            yield f"defaults.{section}", REMEDIES["extra_forbidden"]
        if not isinstance(value, dict):
            yield f"defaults.{section}", REMEDIES["dict_type"]


def _validated(content: dict[str, Any], path: Path) -> Settings:
    try:
        return Settings.model_validate(completed(content))
    except ValidationError as error:
        first = error.errors()[0]
        location = tuple(part for part in first["loc"] if part != "[key]")
        message = REMEDIES.get(first["type"]) or first["msg"].removeprefix("Value error, ")
        if first["type"] == "missing" and len(location) == SECTION:
            message += ", as {} where it differs in nothing from the defaults"
        if first["type"] == "missing":
            raise ReplicationError(f"{path}: {_printable('.'.join(map(str, location)))}", message) from None
        found = f"{message} (found {first['input']!r:.60})"
        raise ReplicationError(f"{path}: {_printable(stated_key(content, location))}", found) from None


def _refuse(problems: Iterable[tuple[str, str]], path: Path) -> None:
    for key, message in problems:
        raise ReplicationError(f"{path}: {_printable(key)}", message)


def _tuples(value: Any) -> Any:
    """Lists become tuples: strict validation of a sequence field then asks for no conversion."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]


def _printable(key: str) -> str:
    """A key on one line, whatever its characters are."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in key)
