"""The examples of docs/api.md run in order, and print what the page says they print."""

import contextlib
import io
import re

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs/api.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What every block printed."""
    names, outputs = {}, []
    with contextlib.chdir(tmp_path_factory.mktemp("example")):
        for block in BLOCKS:
            with contextlib.redirect_stdout(io.StringIO()) as stream:
                exec(compile(block, "docs/api.md", "exec"), names)
            outputs.append(stream.getvalue())
    return outputs


def test_the_examples_run(printed):
    assert len(printed) == len(BLOCKS) == 9
    assert "coefficient_of_variation" in printed[2]
    assert re.search(r"^32 +0\.\d+", printed[3], re.M)
    assert "coefficient_of_variation_at_1024" in printed[4]
    assert "loss_median" in printed[6]
    assert "draws" in printed[7]


def test_the_error_is_the_one_that_is_shown(printed):
    shown = re.search(r"prints `([^`]+)`", PAGE)[1]
    assert printed[-1].strip() == shown


def test_every_public_name_has_its_place():
    import replication as rep

    for name in rep.__all__:
        assert re.search(rf"\b{name}\b", PAGE), name
