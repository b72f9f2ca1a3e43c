"""`python -m replication status`: what is trained, counted from the scratch folder without training anything."""

import subprocess
import sys

import numpy as np
import pytest

from replication.datasets import prepared
from replication.experiments import width_expansion
from replication.experiments.ensembles import case_of, training_times
from replication.finite_width.ensemble import EnsembleLosses
from replication.finite_width.member_store import MemberStore
from replication.settings.reading import profile_named, read_settings
from replication.stages import files
from replication.stages.command import sections
from replication.stages.ensemble_plans import ensemble_table, plan_ensembles
from replication.stages.regime_plans import plan_regimes
from replication.stages.run_paths import RunPaths
from replication.stages.status import lines, progress
from tests.conftest import ROOT
from tests.trained_experiments import (
    DIMENSION,
    EXPANSION,
    FINITE_WIDTH,
    NETWORK,
    REGIMES,
    RUNS,
    TASK,
    TRAINING,
    TRAINING_VARIATIONS,
    VARIATIONS,
    subject,
    toy_dataset,
)

PATHS, ALL_REGIMES = RunPaths("quick", "digits"), RunPaths("quick", "trained_regimes")
TIMES = ensemble_table(PATHS, "training_times")


@pytest.fixture
def profile(tmp_path, monkeypatch):
    """A small profile, in a folder of its own with prepared data and the table of training times."""
    monkeypatch.chdir(tmp_path)
    prepared.write(toy_dataset(), PATHS.prepared)
    small = {
        "tasks": {"digits": TASK}, "training": TRAINING, "finite_width": FINITE_WIDTH,
        "training_variations": TRAINING_VARIATIONS, "trained_regimes": REGIMES, "trained_variations": VARIATIONS,
        "dimension": DIMENSION, "width_expansion": EXPANSION, "network": NETWORK,
    }  # fmt: skip
    cases = [case_of(subject()), *width_expansion.cases(subject(), EXPANSION)]
    files.write_table(TIMES, training_times(subject(), cases, TRAINING, FINITE_WIDTH.training_sizes))
    return profile_named(read_settings(ROOT / "params.yaml"), "quick").model_copy(update=small)


def runs_of(profile, experiment):
    plans = plan_ensembles(PATHS, **sections(plan_ensembles, profile, "digits"))
    plans += plan_regimes(ALL_REGIMES, **sections(plan_regimes, profile, None))
    (plan,) = (plan for plan in plans if plan.experiment == experiment)
    return plan.runs()


def save(run, members, paths=PATHS):
    store = MemberStore(paths.scratch)
    losses = EnsembleLosses(*3 * [np.ones(len(members), np.float32)])
    store.save(store.key(run.ensemble, run.data().first(run.ensemble.training_size)), members, losses, "CPU")


def experiments(profile):
    return {one.experiment: one for folder in progress("quick", profile) for one in folder.experiments}


def test_chunks_are_counted(profile):
    runs = runs_of(profile, "learning_curve")
    save(runs[0], range(4))
    save(runs[0], range(4, 10))  # two of these are more than the profile asks for
    save(runs[3], range(2))
    found = experiments(profile)["learning_curve"]
    assert [one.done for one in found.ensembles] == [8, 0, 0, 2, 0, 0, 0, 0]
    assert found.ensembles[0].chunks == [range(4), range(4, 10)]
    assert [one.members for one in found.ensembles] == [8, 8, 9, 9] * 2
    assert not found.written
    assert all(not (folder.damaged or folder.others) for folder in progress("quick", profile))


def test_every_experiment_that_trains_is_told_of(profile):
    assert list(experiments(profile)) == list(RUNS)
    assert "expected.csv" in experiments(profile)["training_variation"].unknown
    for name in ("variance_limited_data", "teacher_student", "data_variation"):
        run = runs_of(profile, name)[-1]
        save(run, range(2), ALL_REGIMES)
        found = experiments(profile)[name]
        assert [one.done for one in found.ensembles][-1] == 2
        assert sum(one.done for one in found.ensembles) == 2
        assert not found.unknown
    (told,) = (line for line in lines("quick", profile) if "teacher_student" in line)
    assert "no table yet; 2 of 48 members in 1 chunks of 12 ensembles" in told
    assert len(list(lines("quick", profile, with_chunks=True))) > 50


def test_what_is_not_there_is_said(profile, tmp_path):
    PATHS.prepared.unlink()
    found = experiments(profile)
    assert "no prepared data" in found["resolution_limited_width"].unknown
    assert not found["teacher_student"].unknown
    prepared.write(toy_dataset(), PATHS.prepared)
    times = files.read_table(TIMES)
    files.write_table(TIMES, times[times["training_size"] == 4])
    assert "no training time on 8 points" in experiments(profile)["learning_curve"].unknown


def test_damaged_chunks_and_those_of_other_settings_are_told(profile):
    runs = runs_of(profile, "learning_curve")
    save(runs[0], range(4))
    (file,) = PATHS.scratch.iterdir()
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    save(runs[1]._replace(ensemble=runs[1].ensemble._replace(seed=7)), range(4))
    folder, _ = progress("quick", profile)
    assert [one.done for one in folder.experiments[0].ensembles] == [0] * 8
    assert folder.damaged == [file]
    assert folder.others == 1
    assert any("is damaged" in line for line in lines("quick", profile))


def test_the_command_needs_no_tensorflow_and_tells_every_profile():
    code = "import sys; from replication.cli.app import app; app(['status'], standalone_mode=False)"
    code += "; assert not {'tensorflow', 'jax', 'keras', 'matplotlib'} & set(sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for name in read_settings(ROOT / "params.yaml").profiles:
        assert f"{name}\n" in result.stdout
    assert result.stdout.count("learning_curve digits") == result.stdout.count("teacher_student") == 3


def test_an_unknown_profile_is_one_line():
    command = [sys.executable, "-m", "replication", "status", "nightly"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "no profile 'nightly'" in line
