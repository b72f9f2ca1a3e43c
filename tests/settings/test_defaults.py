"""Defaults once, what differs in each profile, and where a wrong value is said to stand."""

import pytest
from ruamel.yaml import YAML

from replication.errors import ReplicationError
from replication.settings.defaults import completed, merged, stated_key
from replication.settings.profile import Profile
from replication.settings.reading import read_settings
from tests.conftest import ROOT
from tests.settings.test_reading import committed, params, written  # noqa: F401  (fixtures)


def test_mappings_are_merged_and_everything_else_is_replaced():
    default = {"a": {"x": 1, "y": [1, 2]}, "b": 5, "c": None}
    assert merged(default, {"a": {"y": [3]}, "c": {"z": 1}}) == {"a": {"x": 1, "y": [3]}, "b": 5, "c": {"z": 1}}
    assert merged(default, {}) == default
    assert merged(default, {"a": None}) == {"a": None, "b": 5, "c": None}
    assert merged({"x": 1}, 7) == 7
    assert default == {"a": {"x": 1, "y": [1, 2]}, "b": 5, "c": None}


def test_a_profile_has_the_tasks_that_it_names_and_need_not_state_where_it_is_executed():
    defaults = {"tasks": {"digits": {"n": 1}, "images": {"n": 2}}, "execution": {"device": "cpu"}, "network": {"d": 3}}
    content = {"defaults": defaults, "profiles": {"mine": {"tasks": {"images": {"m": 5}}, "network": {}}}}
    mine = completed(content)["profiles"]["mine"]
    assert mine == {"tasks": {"images": {"n": 2, "m": 5}}, "network": {"d": 3}, "execution": {"device": "cpu"}}


@pytest.mark.parametrize(
    ("location", "key"),
    [
        (("profiles", "mine", "network", "depth"), "profiles.mine.network.depth"),
        (("profiles", "mine", "network", "activation"), "defaults.network.activation"),
        (("profiles", "mine", "widths", 1), "defaults.widths.1"),
        (("profiles", "mine", "network", "nowhere"), "profiles.mine.network.nowhere"),
        (("profiles", "mine"), "profiles.mine"),
        (("profiles",), "profiles"),
        ((), "profiles"),
    ],
)
def test_a_key_is_named_where_the_file_states_it(location, key):
    defaults = {"network": {"depth": 1, "activation": "erf"}, "widths": (1, 2)}
    assert stated_key({"defaults": defaults, "profiles": {"mine": {"network": {"depth": 7}}}}, location) == key


def test_a_wrong_default_is_blamed_on_the_defaults(params, tmp_path):  # noqa: F811
    params["defaults"]["network"]["activation"] = "tanh"
    with pytest.raises(ReplicationError, match=r"yaml: defaults\.network\.activation: "):
        read_settings(written(params, tmp_path))


@pytest.mark.parametrize(
    ("section", "value"), [("netwrk", {}), ("seed", 3), ("network", [1]), ("tasks", None), ("training", 5)]
)
def test_defaults_of_no_section_are_refused(params, tmp_path, section, value):  # noqa: F811
    params["defaults"][section] = value
    with pytest.raises(ReplicationError, match=rf"defaults\.{section}"):
        read_settings(written(params, tmp_path))


@pytest.mark.parametrize("value", [None, [], 3])
def test_defaults_are_a_mapping(params, tmp_path, value):  # noqa: F811
    params["defaults"] = value
    with pytest.raises(ReplicationError, match="defaults"):
        read_settings(written(params, tmp_path))


def test_nothing_is_said_twice():
    """No profile states a default again, and every section has defaults but the seed."""
    content = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
    assert set(content["defaults"]) == set(Profile.model_fields) - {"seed"}
    for name, profile in content["profiles"].items():
        assert set(profile) == set(Profile.model_fields) - {"execution"}
        assert not list(repeated(content["defaults"], profile)), name


STATED = {"network.depth"}  # for experiments, which change only what a profile states


def repeated(default, value, key=""):
    """Dotted keys of values that are those of the defaults."""
    for name, item in value.items():
        if isinstance(item, dict):
            yield from repeated(default.get(name, {}), item, f"{key}{name}.")
        elif name in default and default[name] == item and f"{key}{name}" not in STATED:
            yield f"{key}{name}"


def test_the_file_is_short_and_explains_itself():
    lines = (ROOT / "params.yaml").read_text().splitlines()
    assert len(lines) <= 260
    assert sum("#" in line for line in lines) > 90
