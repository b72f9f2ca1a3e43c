"""The schema: words for readers, and that what depends on names does not depend on what computes."""

import ast
from functools import cache

import numpy as np
import pandas as pd
import pytest

from replication import schema
from tests.conftest import ROOT

KERNELS = ("replication.infinite_width", "replication.finite_width", "replication.random_features")
HEAVY = ("tensorflow", "keras", "jax", "sklearn", "neural_tangents", "seaborn")


@cache
def imported(module):
    """Modules named by the import statements at the top of a module, which run when it is imported."""
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        return frozenset()
    found = set()
    for statement in ast.parse(path.read_text()).body:
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            found |= {statement.module, *(f"{statement.module}.{alias.name}" for alias in statement.names)}
    return frozenset(found)


def closure(modules):
    """All that is imported with the modules: those of this package, and the first names of others."""
    seen, waiting = set(), list(modules)
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += [name for name in imported(module) if name.startswith("replication")]
    others = {name.split(".")[0] for module in seen for name in imported(module) if not name.startswith("replication")}
    return seen, others


def modules_of(*folders):
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for folder in folders
        for path in (ROOT / "replication" / folder).glob("*.py")
    ]


@pytest.mark.parametrize("folders", [("figures",), ("claims",), ("report",), ("scaling_laws",)])
def test_what_shows_and_judges_imports_nothing_that_computes_kernels(folders):
    """So that a change of the kernels reruns neither fits nor figures nor verdicts because of a name."""
    modules, others = closure(modules_of(*folders))
    assert len(modules) > 5
    assert not [module for module in modules if module.startswith(KERNELS)]
    drawing = {"seaborn"} if "figures" in folders else set()  # its palettes; it computes no kernel
    assert not others & set(HEAVY) - drawing


def test_fits_and_their_stages_import_nothing_that_computes_kernels():
    stages = [f"replication.stages.{name}" for name in ("fit_laws", "check_claims", "draw_figures", "write_report")]
    modules, _ = closure(["replication.experiments.laws", *stages])
    assert "replication.scaling_laws.member_bootstrap" in modules
    assert not [module for module in modules if module.startswith(KERNELS)]


def test_the_closure_sees_kernels_where_they_are():
    """The test above is none if it would not find them."""
    modules, _ = closure(["replication.experiments.data_variations"])
    assert any(module.startswith(KERNELS) for module in modules)


def test_the_schema_itself_imports_nothing():
    _, others = closure(["replication.schema"])
    assert others <= {"__future__", "collections", "typing"}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (("data_variation", "digits", "mnist", "none", np.nan, "labels"), "digits (mnist), labels"),
        (("data_variation", "digits", "mnist", "none", np.nan, "teacher"), "digits (mnist), teacher"),
        (("data_variation", "digits", "mnist", "classes", 5.0, "labels"), "digits (mnist), 5 classes"),
        (("data_variation", "images", "cifar10", "noise", 0.5, "teacher"), "images (cifar10), noise 0.5, teacher"),
        (("data_variation", "images", "cifar10", "side", 8.0, "labels"), "images (cifar10), 8 x 8 pixels, labels"),
        (("teacher_student", "students", "hypercube", "dimension", 3, "teacher"), "d = 3"),
        (("variance_limited_data", "power_law", "gaussian_features", "exponent", 1.5, "teacher"), "power law, 1.5"),
        (("resolution_limited_width", "digits", "mnist", "side", 7.0, "teacher"), "digits (mnist), 7 x 7 pixels"),
        (("resolution_limited_width", "digits", "mnist", "none", np.nan, "labels"), "digits (mnist)"),
    ],
)
def test_curves_have_names_for_readers(row, name):
    keys = ("experiment", "task", "dataset", "varied", "value", "target")
    assert schema.curve_name(dict(zip(keys, row, strict=True))) == name


@pytest.mark.parametrize(
    ("varied", "value", "name"),
    [("none", np.nan, ""), ("depth", 3, "depth 3"), ("activation", "erf", "activation erf")],
)
def test_variations_have_names_for_readers(varied, value, name):
    assert schema.variation_name(varied, value) == name


def test_every_experiment_has_a_regime_and_every_regime_its_size():
    assert schema.regime_of("teacher_student") == schema.regime_of("data_variation") == "resolution_limited_data"
    assert {schema.regime_of(regime) for regime in schema.REGIMES} == set(schema.REGIMES)
    assert schema.SIZE["variance_limited_width"] == schema.SIZE["resolution_limited_width"] == "width"
    assert schema.SIZE["variance_limited_data"] == schema.SIZE["resolution_limited_data"] == "training_size"


def test_data_as_they_are_are_neither_varied_nor_those_of_a_teacher():
    table = pd.DataFrame({"varied": ["none", "none", "noise"], "target": ["labels", "teacher", "labels"]})
    assert schema.is_baseline(table).tolist() == [True, False, False]
