"""params.yaml with any YAML value anywhere: valid settings, or one line that says what is wrong."""

from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from replication.errors import ReplicationError
from replication.settings.profile import Settings
from replication.settings.reading import read_settings, settings_of
from tests.conftest import ROOT

COMMITTED = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates() | st.datetimes()
KEYS = st.text(max_size=8) | st.integers() | st.none() | st.booleans() | st.floats() | st.dates()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)
MANY = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def places(node, path=()):
    """The path of every value, those inside lists too."""
    yield path
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield from places(value, (*path, key))


PLACES = [path for path in places(COMMITTED) if path]


def with_value(path, value):
    """The committed settings with another value at a place."""
    changed = deepcopy(COMMITTED)
    node = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return changed


def one_line_or_valid(read):
    try:
        made = read()
    except ReplicationError as error:
        made = str(error)
    assert isinstance(made, Settings) or (made.startswith("params.yaml") and len(made.splitlines()) == 1)
    assert isinstance(made, Settings) or len(made) < 1000


@MANY
@given(path=st.sampled_from(PLACES), value=VALUES)
def test_any_value_anywhere(path, value):
    one_line_or_valid(lambda: settings_of(with_value(path, value), Path("params.yaml")))


@MANY
@given(path=st.sampled_from(PLACES), key=KEYS, value=VALUES)
def test_any_key_anywhere(path, key, value):
    node = COMMITTED
    for step in path:
        node = node[step]
    content = with_value(path, {**node, key: value} if isinstance(node, dict) else {key: value})
    one_line_or_valid(lambda: settings_of(content, Path("params.yaml")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("settings"))
        yield Path()


@settings(MANY, max_examples=25)
@given(
    position=st.integers(0, len((ROOT / "params.yaml").read_text())),
    inserted=st.text(max_size=5) | st.binary(max_size=5),
)
def test_a_file_damaged_anywhere(folder, position, inserted):
    text = (ROOT / "params.yaml").read_text().encode()
    inserted = inserted.encode("utf-8", "surrogatepass") if isinstance(inserted, str) else inserted
    (folder / "params.yaml").write_bytes(text[:position] + inserted + text[position:])
    one_line_or_valid(lambda: read_settings(folder / "params.yaml"))
