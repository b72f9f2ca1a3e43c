"""Stages on small data: which files they read and write."""

import json

import numpy as np
import pandas as pd
import pytest

from replication.datasets import prepared
from replication.experiments.learning_curve_theory import theory_curves
from replication.experiments.learning_curves import infinite_width_curves
from replication.experiments.network_variations import network_variations
from replication.settings.reading import read_settings
from replication.stages import files
from replication.stages.predict_infinite_width import predict_infinite_width
from replication.stages.prepare_data import prepare_data
from replication.stages.recompute_published_numbers import recompute_published_numbers
from replication.stages.run_paths import PUBLISHED_NUMBERS, REGISTRY, RunPaths
from replication.stages.vary_infinite_width import vary_infinite_width
from tests.conftest import ROOT
from tests.experiments.toy_task import INFINITE_WIDTH, NETWORK, SEED, TASK, toy_dataset

PLACE = RunPaths("toys", "digits")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder in which stages read and write."""
    monkeypatch.chdir(tmp_path)
    for path in (PUBLISHED_NUMBERS, REGISTRY):
        path.parent.mkdir()
        path.write_text((ROOT / path).read_text())
    return tmp_path


@pytest.fixture
def dataset(project):
    """Prepared data of the task: seven pixels and three classes."""
    made = toy_dataset()
    prepared.write(made, PLACE.prepared)
    return made


@pytest.fixture
def profile():
    """The quick profile, as far as it is about infinite width made for the toy task."""
    quick = read_settings(ROOT / "params.yaml").profiles["quick"]
    sizes, window = (4, 8, 16), {"smallest": 4, "largest": 16}
    data = quick.data_variations.model_dump() | {"training_sizes": sizes, "draws": 3, "window": window, "sides": {}}
    data |= {"sample_size": 32, "theory_window": window, "ranks": {"smallest": 2, "largest": 8}}
    data |= {"superclasses": (2,), "noise": (1.0,)}
    return quick.model_copy(
        update={
            "data_variations": type(quick.data_variations)(**data),
            "variations": quick.variations.model_copy(update={"training_sizes": sizes, "depth": (1,)}),
            "learning_curve_theory": type(quick.learning_curve_theory)(sample_size=40, training_sizes=(4, 10)),
        }
    )


def written(*parts):
    folder = PLACE.results(*parts)
    return {path.stem: files.read_table(path) for path in folder.iterdir()}


def test_prepared_data_lie_beside_the_list_of_what_they_come_from(project):
    prepare_data(PLACE, SEED, TASK)
    assert prepared.read(PLACE.prepared).inputs.shape == (64, 8, 8)
    assert [path.name for path in PLACE.raw.iterdir()] == ["source.json"]
    assert json.loads((PLACE.raw / "source.json").read_text()) == {"source": "uci_digits", "files": {}}


def test_predictions_are_written_as_tables_of_their_own(dataset, profile):
    settings = profile.training, INFINITE_WIDTH, profile.learning_curve_theory, profile.finite_width, profile.statistics
    predict_infinite_width(PLACE, SEED, TASK, NETWORK, *settings)
    tables = written("infinite_width", "digits")
    assert set(tables) == {"learning_curves", "theory", "cross_check"}
    arguments = dataset, "digits", TASK, NETWORK
    curves = infinite_width_curves(*arguments, profile.training, INFINITE_WIDTH, (8, 16, 32), profile.statistics, SEED)
    theory = theory_curves(*arguments, profile.learning_curve_theory, SEED)
    for name, expected in (("learning_curves", curves), ("theory", theory)):
        pd.testing.assert_frame_equal(tables[name], expected, rtol=1e-11, check_dtype=False)


def test_variations_of_network_and_data_are_written_as_tables_of_their_own(dataset, profile):
    settings = INFINITE_WIDTH, profile.variations, profile.data_variations, profile.statistics
    vary_infinite_width(PLACE, SEED, TASK, NETWORK, *settings)
    tables = written("infinite_width_variations", "digits")
    assert set(tables) == {"network", "data", "spectra", "data_exponents", "data_differences"}
    networks = network_variations(dataset, "digits", TASK, NETWORK, INFINITE_WIDTH, profile.variations, SEED)
    pd.testing.assert_frame_equal(tables["network"], networks, rtol=1e-11, check_dtype=False)


def test_published_numbers_are_read_and_the_verdict_is_written(project, profile):
    sizes = np.array([64, 128, 256, 512])
    rows = [
        {"task": "digits", "method": "gradient_descent", "training_time": np.inf, "draw": draw, "training_size": size}
        | {"squared_bias": size**-0.4 * (1 + 0.001 * draw)}
        for draw in range(3)
        for size in sizes
    ]
    files.write_table(PLACE.results("infinite_width", "digits", "learning_curves.csv"), pd.DataFrame(rows))
    tasks = {"digits": TASK.model_copy(update={"dataset": "mnist"})}
    settings = profile.scaling_laws, profile.published_numbers, profile.claims
    recompute_published_numbers(RunPaths("toys"), SEED, tasks, *settings)
    (row,) = written("published_numbers")["published_numbers"].itertuples()
    assert (row.task, row.quantity, row.verdict) == ("digits", "exponent of the squared bias", "holds")
