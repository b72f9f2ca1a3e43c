"""params.yaml: what is refused, and how it is said."""

import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from replication.errors import ReplicationError
from replication.settings.reading import check_pipeline, read_settings, settings_of
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def committed():
    return YAML(typ="safe").load((ROOT / "params.yaml").read_text())


@pytest.fixture
def params(committed):
    return deepcopy(committed)


def written(params, tmp_path):
    path = tmp_path / "params.yaml"
    with path.open("w") as stream:
        YAML(typ="safe").dump(params, stream)
    return path


def test_the_committed_settings_are_valid():
    assert {"quick", "laptop", "paper"} <= set(read_settings(ROOT / "params.yaml").profiles)


def test_settings_are_frozen():
    quick = read_settings(ROOT / "params.yaml").profiles["quick"]
    with pytest.raises(ValidationError):
        quick.seed = 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("seed", -1),
        ("seed", "seven"),
        ("network.depth", 0),
        ("network.width", 3),
        ("network.activation", "tanh"),
        ("network.weight_variance", 0),
        ("network.bias_variance", float("nan")),
        ("training.steps", -5),
        ("training.steps", 10.5),
        ("training.learning_rate_fraction", 0.5),
        ("tasks", {}),
        ("tasks.words", {"dataset": "mnist", "pool_size": 5, "test_size": 5}),
        ("tasks.digits.dataset", "imagenet"),
        ("tasks.digits.dataset", "cifar10"),
        ("tasks.digits.pool_size", -3),
        ("tasks.digits.pool_size", 1000),
        ("tasks.digits.test_size", 0),
        ("infinite_width.training_sizes", []),
        ("infinite_width.training_sizes", [64, 32]),
        ("infinite_width.training_sizes", [32, 32, 64, 128]),
        ("infinite_width.training_sizes", 64),
        ("infinite_width.draws", 1),
        ("infinite_width.engine", "magic"),
        ("infinite_width.diag_reg", -1e-3),
        ("infinite_width.cross_check.engine", "closed_form"),  # the profile's own
        ("infinite_width.cross_check.training_size", 1024),  # beyond the largest
        ("infinite_width.cross_check.tolerance", 0.0),
        ("finite_width.widths", [0, 64]),
        ("finite_width.widths", []),
        ("finite_width.training_sizes", [17, 32, 64, 128]),
        ("finite_width.members", [7, 8]),
        ("finite_width.members", [True, 8]),
        ("finite_width.members", [8]),  # of two widths
        ("finite_width.members", 8),
        ("tasks.digits.positive_classes", []),
        ("tasks.digits.output_scales", [0.0]),
        ("statistics.confidence", 68),
        ("statistics.resamples", 5),
        ("scaling_laws.plateau", {"smallest": 512, "largest": 64}),
        ("scaling_laws.infinite_width", {"smallest": 3000, "largest": 4000}),
        ("claims.width_ratio", 0.9),
        ("claims.significance", 0),
        ("claims.significance", 0.5),
        ("network.depth", 10**9),
        ("network.weight_variance", 1e300),
        ("finite_width.widths", [10**12]),
        ("tasks.digits.learning_rate_fraction", 1.0),
        ("infinite_width.singular_diag_reg", -1),
        ("infinite_width.singular_diag_reg", 1.5),
        ("variations.training_sizes", [64, 128, 1024]),  # beyond half of every pool
        ("variations.draws", 2),
        ("variations.depth", [1, 0]),
        ("variations.target_scale", [0.0]),
        ("learning_curve_theory.sample_size", 1281),  # beyond the smallest pool
        ("learning_curve_theory.training_sizes", [16, 512, 1024]),  # beyond what the sample resolves
        ("published_numbers.training_sizes", [-1000]),
        ("claims.interval_ratio", 1.0),
        ("claims.coverage", 0),
        ("statistics.confidence", 1.0),
        ("trained_regimes.task", "words"),
        ("trained_regimes.population", 1281),  # beyond the pool
        ("trained_regimes.resolution_width.population", 1281),
        ("trained_regimes.resolution_width.window", {"smallest": 100, "largest": 128}),
        ("trained_regimes.variance_width.members", 7),
        ("trained_variations.task", "calorimeter"),
        ("trained_variations.training_sizes", [64, 128, 256, 1024]),  # beyond half of the pool
        ("trained_variations.window", {"smallest": 200, "largest": 512}),
        ("trained_variations.superclasses", [1]),
        ("trained_variations.noise", [0.0]),
        ("data_variations.sample_size", 700),  # beyond half of the smallest pool
        ("data_variations.ranks", {"smallest": 8, "largest": 200}),
        ("dimension.window", {"smallest": 400, "largest": 512}),
        ("dimension.trained.window", {"smallest": 200, "largest": 512}),
        ("random_features.relu.pool_size", 1281),
        ("random_features.power_law.large_sizes", [8, 128, 256, 512]),
    ],
)
def test_a_wrong_setting_is_named_with_its_key(params, key, value):
    with pytest.raises(ReplicationError) as error:
        settings_of(with_quick(params, key, value), Path("params.yaml"))
    assert "\n" not in str(error.value)
    blamed = {"tasks.words": "tasks", "tasks.digits.pool_size": ("tasks.digits", "data_variations")}
    keys = blamed.get(key, key)
    assert any(f"profiles.quick.{name}" in str(error.value) for name in ([keys] if isinstance(keys, str) else keys))


@pytest.mark.parametrize(("key", "value"), [("tasks.digits.pool_size", 10**7), ("tasks.digits.test_size", 501)])
def test_more_points_than_a_data_set_has_are_refused(params, tmp_path, command, key, value):
    result = command("check", "--params", written(with_quick(params, key, value), tmp_path))
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "profiles.quick.tasks.digits" in line


def with_quick(params, key, value):
    """The settings with one of the quick profile's replaced."""
    section = params["profiles"]["quick"]
    *parents, last = key.split(".")
    for parent in parents:
        section = section.setdefault(parent, {})
    section[last] = value
    return params


def test_a_wrong_setting_ends_the_real_command(params, tmp_path):
    path = written(with_quick(params, "network.depth", 0), tmp_path)
    arguments = [sys.executable, "-m", "replication", "check", "--params", path]
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(f"error: {path}: profiles.quick.network.depth: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1, 2]",
        "profiles: {",
        "\tx: 1",
        "defaults: {}\nshared: {}\n",
        "seed: 2020-13-45",
        "a: 1\na: 2",
        "a: &a [*a]",
        "[" * 3000,
        "seed: " + "9" * 5000,
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(ReplicationError) as error:
        read_settings(path)
    assert "\n" not in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_section_and_file_are_named(params, tmp_path):
    del params["profiles"]["quick"]["training"]
    with pytest.raises(ReplicationError, match=r"profiles\.quick\.training: is missing; add it, as \{\}"):
        read_settings(written(params, tmp_path))
    with pytest.raises(ReplicationError, match=r"absent\.yaml"):
        read_settings(Path("absent.yaml"))


@pytest.mark.parametrize(
    ("variables", "blamed"),
    [
        ("- {profile: nope, tasks: [digits, images, calorimeter]}", "vars.profile"),
        ("- {profile: [quick], tasks: [digits, images, calorimeter]}", "vars.profile"),
        ("- {tasks: [digits, images, calorimeter]}", "vars.profile"),
        ("[]", "vars.profile"),
        ("- {profile: quick, tasks: [digits]}", "vars.tasks"),
        ("- {profile: quick, tasks: [digits, images, words]}", "vars.tasks"),
        ("- {profile: quick, tasks: digits}", "vars.tasks"),
        ("- {profile: quick}", "vars.tasks"),
    ],
)
def test_a_pipeline_is_of_a_profile_that_is_there_and_of_its_tasks(tmp_path, variables, blamed):
    settings = read_settings(ROOT / "params.yaml")
    assert check_pipeline(ROOT / "dvc.yaml", settings) == "quick"
    (tmp_path / "dvc.yaml").write_text(f"vars:\n  {variables}\n")
    with pytest.raises(ReplicationError, match=blamed):
        check_pipeline(tmp_path / "dvc.yaml", settings)


@pytest.mark.parametrize("name", ["../up", "my profile", "", "-x"])
def test_a_profile_needs_a_name_that_is_a_folder(params, tmp_path, name):
    params["profiles"][name] = params["profiles"]["quick"]
    with pytest.raises(ReplicationError, match="profiles"):
        read_settings(written(params, tmp_path))


def test_no_profiles_at_all(params, tmp_path):
    params["profiles"] = {}
    with pytest.raises(ReplicationError, match="profiles"):
        read_settings(written(params, tmp_path))


def test_unreadable_files_are_one_line(tmp_path):
    with pytest.raises(ReplicationError, match="cannot read"):
        read_settings(tmp_path)
    (tmp_path / "params.yaml").write_bytes(b"seed: \xff\xfe")
    with pytest.raises(ReplicationError, match="not valid YAML"):
        read_settings(tmp_path / "params.yaml")


def test_sizes_at_infinite_width_end_at_half_a_pool(params):
    infinite_width = settings_of(params, Path("params.yaml")).profiles["quick"].infinite_width
    assert infinite_width.sizes_within(1024)[-1] == 512
    assert infinite_width.sizes_within(1023)[-1] == 256
