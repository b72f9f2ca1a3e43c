"""Wrong settings, files and environments: each ends in one line with a remedy, and writes nothing."""

from copy import deepcopy

import numpy as np
import pytest
from ruamel.yaml import YAML

from replication.datasets import prepared
from replication.datasets.registry import read_registry
from replication.errors import ReplicationError
from tests.conftest import ROOT

COMMITTED = YAML(typ="safe").load((ROOT / "params.yaml").read_text())
GOOD = {"inputs": np.sin(np.arange(120.0) ** 2).reshape(40, 3), "targets": np.arange(40.0)}
NAN, INF = float("nan"), float("inf")

SETTINGS = [
    ("seed", -1), ("seed", 1.5), ("seed", "7"), ("seed", None), ("seed", [1]), ("seed", 2**200), ("seed", True),
    ("network", None), ("network", []), ("network.depth", 0), ("network.depth", 2.5), ("network.activation", "gelu"),
    ("network.weight_variance", 0), ("network.weight_variance", INF), ("network.bias_variance", -1),
    ("network.bias_variance", NAN), ("network.widht", 3),
    ("training.steps", 0), ("training.steps", "many"), ("training.steps", 10**30), ("training", "fast"),
    ("tasks", {}), ("tasks", None), ("tasks.digits", None), ("tasks.digits.dataset", "imagenet"),
    ("tasks.digits.dataset", 7), ("tasks.digits.pool_size", 0), ("tasks.digits.pool_size", 10**9),
    ("tasks.digits.test_size", -1), ("tasks.digits.test_size", 10**9), ("tasks.words", {}),
    ("infinite_width.training_sizes", []), ("infinite_width.training_sizes", [64, 32]),
    ("infinite_width.training_sizes", [[1, 2]]), ("infinite_width.training_sizes", "64"),
    ("infinite_width.training_sizes", {64: 128}), ("infinite_width.draws", 0), ("infinite_width.engine", None),
    ("infinite_width.diag_reg", "small"), ("infinite_width.cross_check", 3),
    ("finite_width.widths", [0]), ("finite_width.widths", [64.5]), ("finite_width.members", 1),
    ("statistics.confidence", 1), ("statistics.confidence", NAN), ("execution.device", "tpu"),
    ("execution.scheduler", "nowhere"), ("execution.members_per_batch", -2), ("no_such_section", {}),
]  # fmt: skip


def refused(result, *named):
    """One line that names what is wrong; nothing was said to be written."""
    assert result.returncode in (1, 2)
    assert "Traceback" not in result.stderr
    assert "written" not in result.stdout
    last = result.stderr.splitlines()[-1] if result.returncode == 2 else result.stderr
    assert len(result.stderr.splitlines()) == 1 or result.returncode == 2  # a usage error is a box
    for name in named:
        assert str(name) in (result.stderr if result.returncode == 2 else last)


@pytest.mark.parametrize(("key", "value"), SETTINGS, ids=lambda part: str(part)[:30])
def test_a_wrong_setting(tmp_path, command, key, value):
    content = deepcopy(COMMITTED)
    section = content["profiles"]["quick"]
    *parents, last = key.split(".")
    for parent in parents:
        section = section.setdefault(parent, {})
    section[last] = value
    with (tmp_path / "params.yaml").open("w") as stream:
        YAML(typ="safe").dump(content, stream)
    refused(command("check", "--params", tmp_path / "params.yaml"), "params.yaml", "profiles.quick")


def with_rows(**changed):
    return lambda path: np.savez(path, **GOOD | changed)


def cut(path):
    np.savez(path, **GOOD)
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path):
    np.savez(path, **GOOD)
    content = bytearray(path.read_bytes())
    content[300] ^= 0xFF
    path.write_bytes(content)


OWN_FILES = {
    "absent": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("inputs, targets\n1, 2\n"),
    "cut": cut,
    "flipped byte": flipped,
    "pickle": with_rows(inputs=np.array([{}, []], dtype=object)),
    "words": with_rows(targets=np.array(["cat"] * 40)),
    "complex": with_rows(inputs=GOOD["inputs"] * 1j),
    "dates": with_rows(targets=np.arange(40).astype("datetime64[D]")),
    "not a number": with_rows(inputs=np.full((40, 3), np.nan)),
    "infinite": with_rows(targets=np.full(40, np.inf)),
    "huge": with_rows(inputs=np.full((40, 3), 1e200) * np.arange(40)[:, None]),
    "no features": with_rows(inputs=np.ones((40, 0))),
    "no points": with_rows(inputs=np.ones((0, 3)), targets=np.ones(0)),
    "one point": with_rows(inputs=np.ones((1, 3)), targets=np.ones(1)),
    "one axis": with_rows(inputs=np.ones(40)),
    "three axes of targets": with_rows(targets=np.ones((40, 1, 1))),
    "fewer targets": with_rows(targets=np.ones(39)),
    "only inputs": lambda path: np.savez(path, inputs=GOOD["inputs"]),
}


@pytest.mark.parametrize("kind", OWN_FILES)
def test_a_wrong_file_of_one_s_own(tmp_path, command, kind):
    path = tmp_path / "own.npz"
    OWN_FILES[kind](path)
    refused(command("predict", path, "--output", tmp_path / "out", "--scaling", "none"), "" if kind == "huge" else path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--training-sizes", "a,b"], ["--training-sizes", "0"], ["--training-sizes", "1000"], ["--test-points", 39],
        ["--depth", 0], ["--depth", "deep"], ["--activation", "gelu"], ["--draws", 0], ["--confidence", 2],
        ["--seed", -1], ["--engine", "magic"], ["--diag-reg", "nan"], ["--no-such-option"],
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_option(tmp_path, command, options):
    np.savez(tmp_path / "own.npz", **GOOD)
    refused(command("predict", tmp_path / "own.npz", "--output", tmp_path / "out", *options))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["verdicts", "no-profile"], ["status", "../up"], ["check", "--profile", ""]])
def test_a_profile_that_is_not_there(command, monkeypatch, arguments):
    monkeypatch.chdir(ROOT)
    refused(command(*arguments))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x00" * 4096, b"\xff\xfe text"])
def test_damaged_prepared_data(tmp_path, content):
    (tmp_path / "digits.npz").write_bytes(content)
    with pytest.raises(ReplicationError, match="run prepare_data again"):
        prepared.read(tmp_path / "digits.npz")


@pytest.mark.parametrize(
    "content", ["", "3", "mnist: 3", "mnist: {files: {a: 'md5:12'}, addresses: []}", "a: [", "\x00"]
)
def test_a_damaged_registry(tmp_path, content):
    (tmp_path / "registry.yaml").write_text(content)
    with pytest.raises(ReplicationError, match="restore it"):
        read_registry(tmp_path / "registry.yaml")


ENVIRONMENTS = {
    "output is a file": lambda folder: (folder / "out").write_text(""),
    "output in a file": lambda folder: (folder / "out").symlink_to(folder / "own.npz/below"),
    "output is a circle": lambda folder: (folder / "out").symlink_to(folder / "out"),
    "output is a device": lambda folder: (folder / "out").symlink_to("/dev/full"),
}


@pytest.mark.parametrize("kind", ENVIRONMENTS)
def test_a_place_where_nothing_can_be_written(tmp_path, command, kind):
    np.savez(tmp_path / "own.npz", **GOOD)
    ENVIRONMENTS[kind](tmp_path)
    result = command("predict", tmp_path / "own.npz", "--output", tmp_path / "out")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: cannot write {tmp_path / 'out'}")
    assert {path.name for path in tmp_path.iterdir()} == {"own.npz", "out"}
