"""The pipeline's contract: what dvc.yaml declares is what the stages import and read."""

import ast
import importlib
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from replication.settings.reading import read_settings
from tests.conftest import ROOT
from tests.stages.declared import CHILD, STAGES, VARIABLES, parameters, paths, runs

SCRIPTS = sorted(path.stem for path in (ROOT / "replication/stages").glob("*.py") if "__main__" in path.read_text())
PROFILES = sorted(path.parent.name for path in ROOT.glob("profiles/*/dvc.yaml"))
# What no stage declares: modules that say how values are read, written, named and refused, not what is computed.
# Settings are declared as the sections of params.yaml that a stage reads.
EXEMPT = (
    "replication/__init__.py",
    "replication/errors.py",
    "replication/atomic.py",
    "replication/schema.py",
    "replication/settings",
    "replication/validation",
    "replication/datasets/dataset.py",
    "replication/datasets/prepared.py",
    "replication/stages/command.py",
    "replication/stages/files.py",
    "replication/stages/run_paths.py",
)


def within(path, folders):
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)


def imported_modules(path):
    """Modules of the package that the file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            file = Path(*name.split(".")).with_suffix(".py")
            if name.startswith("replication.") and (ROOT / file).is_file():
                yield str(file)


def import_closure(path, seen=()):
    """The file and all that it imports, directly or not."""
    seen = {*seen, path}
    for module in imported_modules(path):
        if module not in seen:
            seen |= import_closure(module, seen)
    return seen


def declared_code(stage):
    return [path for path in paths(stage, "deps") if path.startswith("replication/")]


def test_every_stage_is_in_the_pipeline():
    assert sorted(STAGES) == SCRIPTS


def test_the_pipeline_is_small():
    assert len(STAGES) <= 12
    assert len(list(runs())) <= 24
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 200


@pytest.mark.parametrize("stage", SCRIPTS)
def test_a_stage_script_is_short(stage):
    assert len((ROOT / f"replication/stages/{stage}.py").read_text().splitlines()) <= 40


@pytest.mark.parametrize("stage", STAGES)
def test_declared_code_covers_the_imports_and_nothing_is_superfluous(stage):
    needed = {path for path in import_closure(f"replication/stages/{stage}.py") if not within(path, EXEMPT)}
    declared = declared_code(stage)
    assert {path for path in needed if not within(path, declared)} == set(), "imported, and not declared"
    assert [path for path in declared if not any(within(module, [path]) for module in needed)] == [], "superfluous"
    for path in declared:
        assert (ROOT / path).exists(), path
        assert not within(path, [other for other in declared if other != path]), f"{path} is declared twice"


def test_exceptions_are_there_and_compute_nothing():
    """What is exempt may import neither numerical libraries that are heavy, nor parts that stages declare."""
    for path in EXEMPT:
        assert (ROOT / path).exists(), path
    for path in ("replication/settings/profile.py", "replication/stages/command.py", "replication/schema.py"):
        assert all(within(module, EXEMPT) for module in import_closure(path)), path


# files, and the stages that an edited docstring in any of them marks as changed
PARTS = [
    ("settings/network.py settings/training.py settings/profile.py", []),
    ("errors.py schema.py atomic.py stages/command.py stages/files.py validation/numbers.py cli/app.py", []),
    ("figures/least_widths.py figures/replication.mplstyle", ["draw_figures"]),
    ("report/page.py report/report.md.j2", ["write_report"]),
    ("claims/regimes.py", ["check_claims", "recompute_published_numbers"]),
    ("datasets/mnist.py", ["prepare_data", "recompute_published_numbers"]),
    ("random_features/simulation.py", ["simulate_random_features"]),
    ("finite_width/training.py", ["train_ensembles", "train_regimes"]),
    ("stages/fit_laws.py", ["fit_laws"]),
    ("experiments/network_variations.py", ["vary_infinite_width"]),
]


@pytest.mark.parametrize(("part", "stages"), PARTS)
def test_a_part_is_declared_by_its_stages_alone(part, stages):
    files = [f"replication/{name}" for name in part.split()]
    assert [stage for stage in STAGES if any(within(file, declared_code(stage)) for file in files)] == sorted(
        stages, key=list(STAGES).index
    )


def test_a_kernel_is_declared_by_no_figure_no_claim_and_no_report():
    declaring = {stage for stage in STAGES if within("replication/infinite_width/kernels.py", declared_code(stage))}
    assert {"predict_infinite_width", "vary_infinite_width"} <= declaring
    assert not {"draw_figures", "check_claims", "write_report", "fit_laws", "prepare_data"} & declaring


@pytest.mark.parametrize("stage", STAGES)
def test_declared_parameters_are_the_sections_read(stage):
    """A stage gets the sections that its function names, from the defaults and from the profile, and no others.

    All but one are parameters of the pipeline: where members are trained is not what they are, and changes no result.
    """
    function = getattr(importlib.import_module(f"replication.stages.{stage}"), stage)
    names = [name for name in list(inspect.signature(function).parameters)[1:] if name != "execution"]
    expected = set()
    for name in names:
        section = {"task": ".tasks.${item.task}", "profile": ""}.get(name, f".{name}")
        expected.add(f"profiles.${{profile}}{section}")
        if name != "seed":  # which every profile states
            expected.add(f"defaults{section}")
    assert parameters(stage) == expected


def test_package_files_hold_no_code():
    """Importing a subpackage runs its __init__.py, so the closure may leave it out only while it is empty."""
    for path in (ROOT / "replication").rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        code = [node for node in body if not isinstance(node, ast.Expr)]
        assert not code or path.parent.name == "replication", path


def test_tensorflow_and_jax_stay_in_their_places():
    heavy = {
        "tensorflow": "finite_width",
        "keras": "finite_width",
        "jax": "infinite_width",
        "neural_tangents": "infinite_width",
    }
    for path in (ROOT / "replication").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                home = heavy.get(name.split(".")[0])
                if name == "jax" and path.name in ("backends.py", "surroundings.py"):
                    continue  # the other backend of Keras, and whether its devices are there
                assert home is None or home in path.parts, f"{path} imports {name}"


@pytest.mark.parametrize("name", PROFILES)
def test_the_pipelines_of_the_profiles_are_those_that_make_writes(name, tmp_path):
    """`make profiles` after a change of dvc.yaml: the same pipeline with the profile's name and tasks."""
    for file in ("Makefile", "dvc.yaml", "params.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "replication").symlink_to(ROOT / "replication")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["make", "-s", f"profiles/{name}/dvc.yaml"], cwd=tmp_path, check=True, env=environment)
    committed = (ROOT / f"profiles/{name}/dvc.yaml").read_text()
    assert (tmp_path / f"profiles/{name}/dvc.yaml").read_text() == committed
    assert not (ROOT / f"profiles/{name}/dvc.yaml").is_symlink()  # which not every checkout has
    pipeline = YAML(typ="safe").load(committed)
    tasks = list(read_settings(ROOT / "params.yaml").profiles[name].tasks)
    assert pipeline["vars"] == [VARIABLES | {"profile": name, "root": "../..", "tasks": tasks}]
    assert pipeline["stages"] == STAGES


def test_profiles_have_a_pipeline_each_and_the_default_is_quick():
    assert VARIABLES["profile"] == "quick"
    assert {"quick", *PROFILES} == set(read_settings(ROOT / "params.yaml").profiles)


@pytest.mark.parametrize(
    "stage", [stage for stage in SCRIPTS if stage not in ("train_ensembles", "predict_infinite_width")]
)
def test_light_stages_load_neither_tensorflow_nor_jax(stage):
    code = f"import sys, replication.stages.{stage}; assert not {{'tensorflow', 'jax', 'keras'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_stage_says_in_one_line_what_is_wrong(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for arguments, expected in (
        (("fit_laws", "quick"), "learning_curves.csv"),
        (("predict_infinite_width", "nightly", "digits"), "no profile 'nightly'"),
        (("predict_infinite_width", "quick", "words"), "no task 'words'"),
        (("predict_infinite_width", "quick"), "which task?"),
        (("fit_laws", "quick", "digits"), "leave the task out"),
    ):
        stage, *rest = arguments
        environment = CHILD | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", f"replication.stages.{stage}", *rest]
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ")
        assert expected in line
