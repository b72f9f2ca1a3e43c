"""`python -m replication status`: what is trained, counted from the scratch folder without training anything."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from replication.datasets import prepared
from replication.finite_width.ensemble import EnsembleLosses
from replication.finite_width.member_store import MemberStore
from replication.settings.reading import profile_named, read_settings
from replication.stages import files
from replication.stages.planning import nested_data, planned_ensembles
from replication.stages.run_paths import RunPaths
from replication.stages.status import progress
from tests.conftest import ROOT
from tests.stages.test_stages import dataset, project  # noqa: F401  (fixtures: a folder of its own with prepared digits)

PLACE = RunPaths("quick", "digits")


@pytest.fixture
def profile():
    own = profile_named(read_settings(ROOT / "params.yaml"), "quick")
    digits = own.tasks["digits"].model_copy(update={"pool_size": 60, "test_size": 9})
    finite = own.finite_width.model_copy(update={"widths": (4, 8), "training_sizes": (4, 8), "members": 6})
    varied = own.training_variations.model_copy(update={"training_sizes": (4, 8)})
    return own.model_copy(update={"tasks": {"digits": digits}, "finite_width": finite, "training_variations": varied})


@pytest.fixture
def planned(project, dataset, profile):  # noqa: F811
    prepared.write(dataset, PLACE.prepared)
    rates = [(0, profile.training.steps, size, 0.1 / 3 * size) for size in (4, 8)]
    table = pd.DataFrame(rates, columns=["draw", "training_time", "training_size", "learning_rate"])
    files.write_table(PLACE.results("infinite_width", "digits.csv"), table)
    arguments = PLACE, profile.seed, profile.tasks["digits"]
    data = nested_data(*arguments, 8)
    return planned_ensembles(*arguments, profile.network, profile.training, profile.finite_width), data


def save(ensemble, data, members):
    store = MemberStore(PLACE.scratch)
    losses = EnsembleLosses(*2 * [np.ones(len(members), np.float32)])
    store.save(store.key(ensemble, data.first(ensemble.training_size)), members, losses, "CPU")


def test_chunks_are_counted(planned, profile):
    ensembles, data = planned
    save(ensembles[0], data, range(4))
    save(ensembles[0], data, range(4, 8))  # two of these are more than the profile asks for
    save(ensembles[3], data, range(2))
    (task,) = progress("quick", profile)
    training, variations = task.stages
    assert [own.done for own in training.ensembles] == [6, 0, 0, 2, 0, 0, 0, 0]
    assert training.ensembles[0].chunks == [range(4), range(4, 8)]
    assert all(own.members == 6 for own in training.ensembles)
    assert not training.written
    assert "digits_expected.csv" in variations.unknown
    assert (task.damaged, task.others) == ([], 0)


def test_damaged_chunks_and_those_of_other_settings_are_told(planned, profile):
    ensembles, data = planned
    save(ensembles[0], data, range(4))
    (file,) = PLACE.scratch.iterdir()
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    save(ensembles[1]._replace(seed=7), data, range(4))
    (task,) = progress("quick", profile)
    assert [own.done for own in task.stages[0].ensembles] == [0] * 8
    assert task.damaged == [file]
    assert task.others == 1


def test_the_command_needs_no_tensorflow_and_tells_every_profile():
    code = "import sys; from replication.cli.app import app; app(['status'], standalone_mode=False)"
    code += "; assert not {'tensorflow', 'jax', 'keras', 'matplotlib'} & set(sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    for name in read_settings(ROOT / "params.yaml").profiles:
        assert f"{name}\n" in result.stdout
    assert result.stdout.count("train_ensembles digits") == 3


def test_an_unknown_profile_is_one_line():
    command = [sys.executable, "-m", "replication", "status", "nightly"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "no profile 'nightly'" in line
