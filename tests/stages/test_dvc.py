"""What DVC does with the pipeline: what a change reruns, metrics, plots, experiments, a remote."""

import csv
import json
import re

import pytest
from dvc.utils.hydra import apply_overrides

from replication.settings.reading import read_settings
from tests.conftest import ROOT
from tests.project.test_readme import LINES
from tests.stages.declared import STAGES, parameters, paths, runs, tasks_of
from tests.stages.stub_pipeline import clone, commit, dvc, fingerprint, git
from tests.stages.test_contract import PARTS

pytestmark = pytest.mark.slow  # a second or more for every command of DVC
EVERY_RUN = {name for name, _, _ in runs()}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A clone with stub stages whose quick profile has run, in a folder with a space in its name."""
    folder = clone(tmp_path_factory.mktemp("a project") / "clone")
    output = dvc(folder, "repro")
    assert set(re.findall(r"Running stage '(.*)'", output)) == EVERY_RUN
    commit(folder)
    return folder


@pytest.fixture
def clean(project):
    """The same, as it was committed, before and after the test."""
    yield project
    git(project, "checkout", "-q", ".")


def stale(project):
    """The runs of the quick profile whose declared parameters, dependencies or outputs have changed."""
    return set(json.loads(dvc(project, "status", "--json", "dvc.yaml")))


def edit(path):
    """A change that changes nothing but the file."""
    path.write_text(path.read_text() + "\n# a remark\n")


def test_nothing_is_stale_after_a_run(project):
    assert stale(project) == set()
    assert "Running stage" not in dvc(project, "repro")


@pytest.mark.parametrize(("part", "stages"), PARTS)
def test_an_edited_docstring_concerns_its_part_alone(clean, part, stages):
    for name in part.split():
        edit(clean / "replication" / name)
    assert {name.split("@")[0] for name in stale(clean)} == set(stages)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("    weight_variance: 2.0        # C_W", "    weight_variance: 1.9        # C_W", "defaults.network"),
        ("network: {depth: 1} ", "network: {depth: 4} ", "profiles.${profile}.network"),
        ("width_ratio: 1.25", "width_ratio: 1.5", "defaults.claims"),
        ("    statistics: {}\n", "    statistics: {confidence: 0.9}\n", "profiles.${profile}.statistics"),
        ("    seed: 2503                  #", "    seed: 2504                  #", "profiles.${profile}.seed"),
        ("device: auto", "device: cpu", "defaults.execution"),
    ],
)
def test_a_changed_value_concerns_the_stages_that_read_its_section(clean, old, new, key):
    """A default or a profile's own value alike. The report reads all of them, and names where members are trained."""
    text = (clean / "params.yaml").read_text()
    assert text.count(old) >= 1
    (clean / "params.yaml").write_text(text.replace(old, new, 1))
    whole = "defaults" if key.startswith("defaults") else "profiles.${profile}"
    readers = {stage for stage in STAGES if {key, whole} & parameters(stage)}
    assert {name.split("@")[0] for name in stale(clean)} == readers


def test_values_of_another_profile_disturb_nothing(clean):
    text = (clean / "params.yaml").read_text()
    (clean / "params.yaml").write_text(text.replace("training: {steps: 10000}", "training: {steps: 20000}"))
    assert stale(clean) == set()


@pytest.fixture(scope="module")
def laptop(project):
    """The same after a run of another profile, whose results are kept by git."""
    before = fingerprint(project)
    dvc(project, "repro", "profiles/laptop/dvc.yaml")
    after = fingerprint(project)
    assert {path: after[path] for path in before} == before, "another profile's files"
    commit(project)
    return project


def test_metrics_of_every_profile_are_shown_and_compared(laptop, clean):
    listed = json.loads(dvc(clean, "metrics", "show", "--json"))[""]["data"]
    numbers = {path: metrics["data"]["number"] for path, metrics in listed.items() if "data" in metrics}
    assert set(numbers) == {"results/quick/metrics.json", "results/laptop/metrics.json"}
    assert json.loads(dvc(clean, "metrics", "diff", "--json") or "{}") == {}
    text = (clean / "params.yaml").read_text()
    (clean / "params.yaml").write_text(text.replace("network: {depth: 1} ", "network: {depth: 2} "))
    dvc(clean, "repro")
    ((path, change),) = json.loads(dvc(clean, "metrics", "diff", "--json")).items()
    assert path == "results/quick/metrics.json"
    assert change["number"]["old"] == numbers[path] != change["number"]["new"]


@pytest.mark.parametrize("command", [c for c in LINES if c.startswith(("dvc metrics", "dvc plots", "dvc exp show"))])
def test_commands_of_the_readme_run(clean, command):
    dvc(clean, *command.split()[1:])


def test_experiments_of_the_readme_are_those_tested():
    assert "dvc exp run -S profiles.quick.network.depth=2" in LINES


def test_plots_are_shown(clean, tmp_path):
    dvc(clean, "plots", "show", "-o", str(tmp_path / "plots"))
    assert (tmp_path / "plots/index.html").is_file()
    assert len(list((tmp_path / "plots").rglob("*quick*.png"))) >= 2


def test_an_experiment_with_another_depth(clean):
    """`-S` changes the profile's value; the stages that read it run, and the metrics come with the experiment."""
    output = dvc(clean, "exp", "run", "-n", "deeper", "-S", "profiles.quick.network.depth=2")
    ran = {name.split("@")[0] for name in re.findall(r"Running stage '(.*)'", output)}
    assert {"predict_infinite_width", "vary_infinite_width", "train_ensembles", "write_report"} <= ran
    assert not {"prepare_data", "vary_dimension", "simulate_random_features"} & ran
    assert read_settings(clean / "params.yaml").profiles["quick"].network.depth == 2
    header, *rows = csv.reader(dvc(clean, "exp", "show", "--csv").splitlines())
    # the file stands before the name only where other profiles have metrics too
    of_quick = (name == "number" or ("quick" in name and name.endswith("number")) for name in header)
    column = list(of_quick).index(True)
    (experiment,) = (row[column] for row in rows if row[0] == "deeper")
    (baseline,) = (row[column] for row in rows if row[0] == "" and row[1] != "workspace")
    assert experiment not in ("", "!", baseline)


@pytest.mark.parametrize(
    ("override", "profiles", "value"),
    [
        ("defaults.network.weight_variance=1.5", ["quick", "laptop", "paper"], {"weight_variance": 1.5}),
        ("profiles.quick.network.depth=2", ["quick"], {"depth": 2}),
        ("+profiles.laptop.network.depth=5", ["laptop"], {"depth": 5}),
    ],
)
def test_a_value_set_by_an_experiment_is_all_that_changes(tmp_path, override, profiles, value):
    """As `-S` sets it, a new key with +; DVC writes the file anew, in its own form."""
    path = tmp_path / "params.yaml"
    path.write_text((ROOT / "params.yaml").read_text())
    before = read_settings(path).profiles
    apply_overrides(str(path), [override])
    for name, profile in read_settings(path).profiles.items():
        network = before[name].network.model_copy(update=value if name in profiles else {})
        assert profile == before[name].model_copy(update={"network": network})
    assert "# hidden layers" in path.read_text()


def test_data_go_to_a_remote_and_come_back(laptop, tmp_path):
    """A clone that has pulled has the data, and nothing to do: tables and figures of this profile are in git."""
    dvc(laptop, "remote", "add", "-d", "-f", "--local", "storage", str(tmp_path / "storage"))
    dvc(laptop, "push")
    git(tmp_path, "clone", "-q", str(laptop), "clone")
    other = tmp_path / "clone"
    dvc(other, "remote", "add", "-d", "--local", "storage", str(tmp_path / "storage"))
    dvc(other, "pull", "profiles/laptop/dvc.yaml")
    for path in (path for _, stage, task in runs(tasks_of("laptop")) for path in paths(stage, "outs", "laptop", task)):
        assert (other / path).exists(), path
    assert json.loads(dvc(other, "status", "--json", "profiles/laptop/dvc.yaml")) == {}


def test_the_committed_configuration_asks_nobody(project):
    """No analytics, no look for updates, no remote of somebody else's."""
    config = (ROOT / ".dvc/config").read_text()
    assert "analytics = false" in config
    assert "check_update = false" in config
    assert "remote" not in config
