"""The whole pipeline on a tiny profile, every stage for real."""

import json
import re
import shutil
import sys

import pytest
from ruamel.yaml import YAML

from replication.settings.reading import read_settings
from tests.project.test_readme import exhibits
from tests.stages.declared import STAGES, paths, runs
from tests.stages.test_contract import within
from tests.stages.tiny_pipeline import TASKS, clone, commit, contents, run

pytestmark = pytest.mark.slow
DVC = (sys.executable, "-m", "dvc")
# declared, and read only where accuracies are published for the profile's data
WHERE_PUBLISHED = {("recompute_published_numbers", path) for path in ("data/raw/quick", "data/registry.yaml")}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """Where every stage of the first run lists the files that it opened."""
    return tmp_path_factory.mktemp("opened")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory, opened):
    """A clone that has run once, in a folder with a space in its name."""
    folder = clone(tmp_path_factory.mktemp("a project") / "clone")
    run(folder, *DVC, "repro", opened=opened)
    commit(folder)
    return folder


@pytest.fixture
def clean(tiny):
    """The same, with its settings as they were before and after the test."""
    text = (tiny / "params.yaml").read_text()
    yield tiny
    (tiny / "params.yaml").write_text(text)


def stages_run(output):
    return {name.split("@")[0] for name in re.findall(r"Running stage '(.*)'", output)}


def test_every_output_is_there_and_a_second_run_does_nothing(tiny):
    for _, stage, task in runs(TASKS):
        for path in paths(stage, "outs", "quick", task) + paths(stage, "metrics", "quick", task):
            files = list((tiny / path).rglob("*")) if (tiny / path).is_dir() else [tiny / path]
            assert files, path
            assert all(file.is_dir() or file.stat().st_size > 0 for file in files), path
    assert stages_run(run(tiny, *DVC, "repro")) == set()


@pytest.mark.parametrize(("stage", "task"), [(stage, task) for _, stage, task in runs(TASKS)])
def test_what_a_stage_reads_is_what_it_declares(tiny, opened, stage, task):
    """Of data, tables and figures; by the files that it opened."""
    listed = set((opened / f"{stage}-{task or ''}").read_text().splitlines())
    places = ["data", "results", "paper_figures", "reference"]
    read = {path for path in listed if within(path, places) and not (tiny / path).is_dir()}
    written = paths(stage, "outs", "quick", task) + paths(stage, "metrics", "quick", task)
    declared = [path for path in paths(stage, "deps", "quick", task) if not within(path, ["replication"])]
    temporary = {path for path in read if "/." in path and any(within(path, [w.rpartition("/")[0]]) for w in written)}
    assert {path for path in read - temporary if not within(path, declared + written)} == set(), "read, not declared"
    idle = [path for path in declared if not any(within(file, [path]) for file in read)]
    assert [path for path in idle if (stage, path) not in WHERE_PUBLISHED] == [], "declared, not read"


def test_from_nothing_again_it_is_the_same_byte_for_byte(tiny):
    first = contents(tiny)
    assert len(first) > 40
    for folder in ("results", "paper_figures", "data/prepared", "data/raw", ".dvc/cache", "scratch"):
        shutil.rmtree(tiny / folder, ignore_errors=True)
    (tiny / "dvc.lock").unlink()
    run(tiny, *DVC, "repro")
    assert contents(tiny) == first


def test_exhibits_of_the_readme_are_there(tiny):
    for _, path in exhibits():
        for task in TASKS:
            assert (tiny / path.replace("<p>", "quick").replace("<task>", task)).is_file(), path


def test_verdicts_and_report_are_complete(tiny):
    verdicts = run(tiny, sys.executable, "-m", "replication", "verdicts")
    assert all(claim in verdicts for claim in ("2503.05938", "A1", "A2", "A3", "A4", "A5", "2102.06701", "B1", "B6"))
    assert "results/quick/report/report.html" in verdicts
    report = (tiny / "results/quick/report/report.html").read_text()
    assert not re.search(r'(src|href)="(?!data:|#|https://(doi|arxiv)\.org)', report)


def test_redrawing_needs_no_training(clean):
    """Changing a claim's bound judges again, redraws and rewrites; it predicts and trains nothing."""
    params = clean / "params.yaml"
    text, count = re.subn(r"width_ratio:\s+1.25", "width_ratio: 1.5", params.read_text())
    assert count == 2  # of the defaults and of the profile
    params.write_text(text)
    ran = stages_run(run(clean, *DVC, "repro"))
    assert {"check_claims", "draw_figures", "write_report"} <= ran
    assert not {"prepare_data", "predict_infinite_width", "vary_infinite_width", "train_ensembles"} & ran
    assert not {"train_regimes", "simulate_random_features", "vary_dimension"} & ran


def test_an_experiment_with_another_depth(clean):
    """Real stages under `dvc exp run -S`, and the headline numbers compared with those before."""
    commit(clean)
    output = run(clean, *DVC, "exp", "run", "-S", "profiles.quick.network.depth=2")
    assert {"predict_infinite_width", "train_ensembles", "fit_laws", "check_claims"} <= stages_run(output)
    assert not {"prepare_data", "vary_dimension", "simulate_random_features"} & stages_run(output)
    assert read_settings(clean / "params.yaml").profiles["quick"].network.depth == 2
    (changes,) = json.loads(run(clean, *DVC, "metrics", "diff", "--json")).values()
    assert any(number["old"] != number["new"] for number in changes.values())
    table = YAML(typ="safe").load(run(clean, *DVC, "metrics", "show", "--json"))[""]["data"]
    assert len(table["results/quick/metrics.json"]["data"]) > 20


def test_plots_are_those_of_the_figures(tiny, tmp_path):
    run(tiny, *DVC, "plots", "show", "-o", str(tmp_path / "plots"))
    assert len(list((tmp_path / "plots").rglob("*.png"))) >= 2


def test_every_stage_was_run(tiny, opened):
    assert {path.name.split("-")[0] for path in opened.iterdir() if path.suffix == ""} - {"__pycache__"} == set(STAGES)
