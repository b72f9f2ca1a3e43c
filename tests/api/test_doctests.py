"""The examples in the docstrings of what programs call, and of the checks, give what they say."""

import doctest
import importlib

import pytest

from tests.conftest import ROOT

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for pattern in ("api/*.py", "datasets/arrays.py", "validation/*.py", "infinite_width/nested_sets.py")
    for path in (ROOT / "replication").glob(pattern)
    if ">>>" in path.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert results.attempted > 0
    assert results.failed == 0


def test_every_public_function_has_an_example():
    import replication as rep

    for name in rep.__all__:
        if name != "ReplicationError":
            assert ">>>" in getattr(rep, name).__doc__, name
