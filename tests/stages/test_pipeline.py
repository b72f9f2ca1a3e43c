"""The pipeline's contract: what dvc.yaml declares is what the stages import, read and write."""

import ast
import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from replication.settings.reading import read_settings
from tests.conftest import ROOT

PIPELINE = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"]
STAGES = sorted(path.stem for path in (ROOT / "replication/stages").glob("*.py") if "__main__" in path.read_text())
# files that a module reads, or runs in another process, although it does not import them
RESOURCES = {
    "replication/datasets/geant4/child.py": [
        f"replication/datasets/geant4/{name}.py" for name in ("detector", "native", "physics", "session", "worker")
    ],
    "replication/figures/style.py": ["replication/figures/replication.mplstyle"],
    "replication/report/page.py": ["replication/report/page.html.j2"],
    "replication/report/writer.py": ["replication/report/report.md.j2"],
}
# a child process of the tests sees the environment's programs and the project's modules
CHILD = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


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
            if name == "replication":
                yield "replication/__init__.py"
            elif name.startswith("replication.") and (ROOT / file).is_file():
                yield str(file)


def import_closure(path, seen=()):
    seen = {*seen, path}
    for module in imported_modules(path):
        if module not in seen:
            seen |= import_closure(module, seen)
    return seen


def declared(stage, key):
    """Entries of a stage in dvc.yaml with its options left out."""
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in PIPELINE[stage].get(key, [])]


def stage_function(stage):
    return getattr(importlib.import_module(f"replication.stages.{stage}"), stage)


def test_every_stage_is_in_the_pipeline():
    assert sorted(PIPELINE) == STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_declared_code_is_the_import_closure(stage):
    closure = import_closure(f"replication/stages/{stage}.py")
    resources = {resource for module in closure for resource in RESOURCES.get(module, [])}
    code = {path for path in declared(stage, "deps") if path.startswith("replication/")}
    assert code == closure | resources


@pytest.mark.parametrize("stage", STAGES)
def test_declared_parameters_are_those_read(stage):
    """A stage gets the sections that its function names, and no others.

    All but one are parameters of the pipeline: where members are trained is not what they are, and changes no result.
    """
    names = [name for name in list(inspect.signature(stage_function(stage)).parameters)[1:] if name != "execution"]
    keys = {"dataset": ".tasks.${item.task}", "profile": ""}
    expected = {f"profiles.${{item.profile}}{keys.get(name, f'.{name}')}" for name in names}
    assert set(declared(stage, "params")) == expected


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
                if name == "jax" and path.name == "backends.py":
                    continue  # the other backend of Keras
                assert home is None or home in path.parts, f"{path} imports {name}"


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "profiles").iterdir()))
def test_profiles_share_the_one_pipeline(name):
    folder = ROOT / "profiles" / name
    assert (folder / "dvc.yaml").resolve() == ROOT / "dvc.yaml"
    pipeline = YAML(typ="safe").load((folder / "params.yaml").read_text())["pipeline"]
    assert pipeline["profiles"] == [name]
    assert set(pipeline["tasks"]) <= set(read_settings(ROOT / "params.yaml").profiles[name].tasks)


def test_the_default_pipeline_is_the_quick_profile():
    assert read_settings(ROOT / "params.yaml").pipeline.profiles == ("quick",)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A checkout whose quick profile is made as small as it can be, in a folder with a space in its name."""
    project = tmp_path_factory.mktemp("a project") / "clone"
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in tracked.stdout.splitlines():
        if not name.startswith(("results/", "paper_figures/", "dvc.lock")) and (ROOT / name).exists():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, project / name, follow_symlinks=False)
    text = (project / "params.yaml").read_text()
    quick, rest = text.split("  laptop:", 1)
    for pattern, value in (
        (r" *images: \{source.*\n", ""),  # two tasks show what three would
        (r"pool_size: \d+", "pool_size: 512"),
        (r"population: \d+", "population: 128"),
        (r"sample_size: \d+", "sample_size: 256"),
        (r"test_size: \d+", "test_size: 30"),
        (r"steps: \d+", "steps: 10"),
        (r"training_sizes: \[.*\]", "training_sizes: [8, 16, 32, 64]"),
        (r"widths: \[.*\]", "widths: [8, 16, 32]"),
        (r"learning_rate_fraction: [\d.]+", "learning_rate_fraction: 0.1"),
        (r"dimensions: \[.*\]", "dimensions: [2, 3, 4]"),
        (r"members: \d+", "members: 8"),
        (r"draws: \d+", "draws: 3"),
        (r"(?<!large_window: )\{smallest: \d+, largest: \d+\}", "{smallest: 4, largest: 64}"),
    ):
        quick, count = re.subn(pattern, value, quick)
        assert count, pattern
    quick = quick.replace("tasks: [digits, images, calorimeter]", "tasks: [digits, calorimeter]")
    (project / "params.yaml").write_text(f"{quick}  laptop:{rest}")
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    return project


def repro(project, *arguments):
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    result = subprocess.run(command, cwd=project, env=CHILD, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def contents(project):
    files = [path for folder in ("results", "paper_figures") for path in (project / folder / "quick").rglob("*")]
    stable = [path for path in files if path.is_file() and path.parent.name != "runs" and "report" not in path.name]
    return {str(path.relative_to(project)): path.read_bytes() for path in stable}


@pytest.mark.slow
def test_whole_pipeline_twice(tiny):
    """A run from nothing; a second that does nothing; one from nothing again, byte for byte the same."""
    repro(tiny)
    first = contents(tiny)
    outputs = [entry for stage in PIPELINE for entry in declared(stage, "outs")]
    for output in outputs:
        for task in ("digits", "calorimeter"):
            path = output.replace("${item.profile}", "quick").replace("${item.task}", task)
            assert (tiny / path).stat().st_size > 0, path
    assert "Running stage" not in repro(tiny)
    for folder in ("results", "paper_figures", "data/prepared", ".dvc/cache", "scratch"):
        shutil.rmtree(tiny / folder, ignore_errors=True)
    (tiny / "dvc.lock").unlink()
    repro(tiny)
    assert contents(tiny) == first

    verdicts = subprocess.run(
        [sys.executable, "-m", "replication", "verdicts"], cwd=tiny, capture_output=True, text=True, check=True
    ).stdout
    assert all(claim in verdicts for claim in ("A1", "A2", "A3", "A4", "A5"))
    assert "results/quick/report.html" in verdicts
    report = (tiny / "results/quick/report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:|#|https://(doi|arxiv)\.org)', report)


@pytest.mark.slow
def test_redrawing_needs_no_training(tiny):
    """Changing a claim's bound redraws and rewrites; it predicts and trains nothing."""
    if not (tiny / "dvc.lock").exists():
        repro(tiny)
    params = tiny / "params.yaml"
    params.write_text(params.read_text().replace("width_ratio: 1.25", "width_ratio: 1.5"))
    output = repro(tiny)
    ran = re.findall(r"Running stage '([a-z_]+)@", output)
    assert "check_claims" in ran
    untouched = {"prepare_data", "predict_infinite_width", "vary_network", "predict_learning_curves"}
    assert not (untouched | {"train_ensembles", "summarize_losses", "fit_scaling_laws"}) & set(ran)


@pytest.mark.parametrize(
    "stage", [stage for stage in STAGES if stage not in ("train_ensembles", "predict_infinite_width")]
)
def test_light_stages_load_neither_tensorflow_nor_jax(stage):
    code = f"import sys, replication.stages.{stage}; assert not {{'tensorflow', 'jax', 'keras'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_stage_says_in_one_line_what_is_wrong(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for arguments, expected in (
        (("fit_scaling_laws", "quick"), "test_loss.csv"),
        (("predict_infinite_width", "nightly", "digits"), "no profile 'nightly'"),
        (("predict_infinite_width", "quick", "words"), "no task 'words'"),
    ):
        stage, *rest = arguments
        environment = CHILD | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", f"replication.stages.{stage}", *rest]
        result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ")
        assert expected in line
