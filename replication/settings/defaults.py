"""The defaults of params.yaml and what each profile has in place of them.

A profile states every section, as {} where it differs in nothing: DVC then knows which stages a change concerns.
Mappings are merged key by key, everything else (lists too) is replaced. Of `tasks` a profile has those that it names.
"""

from collections.abc import Mapping
from typing import Any

UNTRACKED = "execution"  # changes no result, so no stage depends on it and a profile need not state it


def completed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of params.yaml with every profile complete; what is no mapping is left for validation to refuse."""
    defaults, profiles = content.get("defaults", {}), content.get("profiles")
    if not isinstance(profiles, Mapping):
        return {key: value for key, value in content.items() if key == "profiles"}
    return {"profiles": {name: _profile(defaults, profile) for name, profile in profiles.items()}}


def merged(default: Any, own: Any) -> Any:
    """`own` in place of `default`, mappings key by key."""
    if not (isinstance(default, Mapping) and isinstance(own, Mapping)):
        return own
    return {**default, **{key: merged(default.get(key), value) for key, value in own.items()}}


def stated_key(content: Mapping[str, Any], location: tuple[str | int, ...]) -> str:
    """Dotted key of a value of a completed profile where the file states it: in the profile, or in the defaults."""
    top, *rest = location or ("profiles",)
    if top == "profiles" and len(rest) > 1 and "defaults" in content:
        name, *inside = rest
        if _depth(content["defaults"], inside) > _depth(content["profiles"][name], inside):
            return ".".join(map(str, ("defaults", *inside)))
    return ".".join(map(str, (top, *rest)))


def _profile(defaults: Mapping[str, Any], profile: Any) -> Any:
    if not isinstance(profile, Mapping):
        return profile
    sections = {section: merged(defaults.get(section), own) for section, own in profile.items()}
    tasks = profile.get("tasks")
    if isinstance(tasks, Mapping):
        sections["tasks"] = {name: merged(defaults.get("tasks", {}).get(name), own) for name, own in tasks.items()}
    if UNTRACKED in defaults:
        sections.setdefault(UNTRACKED, defaults[UNTRACKED])
    return sections


def _depth(value: Any, keys: list[str | int]) -> int:
    """How many of the keys, from the first on, lead into the value."""
    for depth, key in enumerate(keys):
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(keys)
