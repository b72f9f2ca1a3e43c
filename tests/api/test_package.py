"""The package as a program meets it: its names, how soon they are there, and what is said of what is missing."""

import ast
import re
import subprocess
import sys

import pytest

import replication as rep
from replication.errors import EXTRAS, ReplicationError, optional_parts
from tests.conftest import ROOT


def in_a_new_process(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_importing_the_package_imports_nothing_else():
    """And takes a few milliseconds, where numpy alone takes a hundred; ten times as much is allowed here."""
    code = (
        "import sys, time; start = time.process_time(); import replication; seconds = time.process_time() - start;"
        "print(seconds, sorted({name.split('.')[0] for name in sys.modules} & {'numpy', 'pandas', 'scipy', 'keras'}))"
    )
    seconds, loaded = in_a_new_process(code).split(maxsplit=1)
    assert float(seconds) < 0.05
    assert loaded.strip() == "[]"


def test_a_learning_curve_needs_neither_tensorflow_nor_matplotlib():
    code = (
        "import sys, numpy as np, replication as rep; x = np.eye(5);"
        "rep.learning_curve(rep.MLP(1), x, x[0], x, x[0], training_sizes=[3]);"
        "print([name for name in ('tensorflow', 'keras', 'jax', 'matplotlib', 'seaborn') if name in sys.modules])"
    )
    assert in_a_new_process(code).strip() == "[]"


def test_public_names_are_listed_there_and_documented():
    assert set(rep.__all__) <= set(dir(rep))
    for name in rep.__all__:
        assert getattr(rep, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'learning_curves'"):
        rep.learning_curves  # noqa: B018


def test_type_checkers_are_told_the_same_names():
    stub = ast.parse((ROOT / "replication/__init__.pyi").read_text())
    imported = {node.names[0].name: node.module for node in stub.body if isinstance(node, ast.ImportFrom)}
    assert imported == rep._HOMES
    (listed,) = (node.value for node in stub.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(listed) == rep.__all__


@pytest.mark.parametrize(("extra", "module"), [(extra, modules[0]) for extra, modules in EXTRAS.items()])
def test_a_missing_part_is_one_line_with_its_remedy(extra, module):
    with pytest.raises(ReplicationError) as error, optional_parts():
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)
    assert str(error.value) == f"{module} is not installed: pip install 'replication[{extra}]'"


def test_other_missing_modules_are_left_to_python():
    with pytest.raises(ModuleNotFoundError), optional_parts():
        raise ModuleNotFoundError("No module named 'replication.api.absent'", name="replication.api.absent")


def test_functions_say_which_part_they_lack():
    """As if none of the optional modules were there, one missing after the other."""
    code = """
import sys, numpy as np, replication as rep
x = np.eye(5)
points, sizes = (rep.MLP(1), x, x[0], x, x[0]), {"training_sizes": [3]}
def told(module, call):
    sys.modules[module] = None
    try:
        call()
    except rep.ReplicationError as error:
        print(error)
told("jax", lambda: rep.learning_curve(*points, **sizes, engine="neural_tangents"))
told("keras", lambda: rep.train_ensemble(*points, **sizes, width=4, members=2))
told("psutil", lambda: rep.train_ensemble(*points, **sizes, width=4, members=2))
"""
    jax, *others = in_a_new_process(code).splitlines()
    assert jax == "jax is not installed: pip install 'replication[neural-tangents]'"
    assert len(others) == 2
    for line in others:
        assert re.fullmatch(r"(keras|psutil) is not installed: pip install 'replication\[train\]'", line)
