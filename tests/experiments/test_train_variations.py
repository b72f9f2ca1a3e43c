"""Trained networks on changed data: what is varied, and that nothing else is."""

import numpy as np
import pandas as pd
import pytest

from replication.datasets import prepared, uci_digits
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.experiments import data_variations as fits
from replication.experiments.trained_regimes import resolution_limited_in_data
from replication.finite_width import devices
from replication.finite_width.ensemble import Data
from replication.seeds import generator
from replication.settings.network import MLP
from replication.settings.regimes import TrainedVariations
from replication.settings.sections import Window
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution
from replication.stages import files
from replication.stages.run_paths import RunPaths
from replication.stages.train_variations import train_variations
from tests.reference_network import training_of

SEED, PLACE = 4, RunPaths("toys", "")
TASKS = {"digits": TaskSettings(dataset="uci_digits", pool_size=400, test_size=200, learning_rate_fraction=0.5)}
NETWORK = MLP(depth=3, activation="relu", weight_variance=2.0, bias_variance=0.0)
NEARLY_NONE = 1e-6
ASKED = {
    "task": "digits", "width": 24, "depth": 1, "training_sizes": (16, 32, 64), "members": 2, "draws": 3, "steps": 60,
    "batch_size": 16, "adam_learning_rate": 0.003, "superclasses": (2, 5, 10), "noise": (NEARLY_NONE, 3.0),
    "window": Window(smallest=16, largest=64),
}  # fmt: skip
CPU = Execution(device="cpu", tensor_float_32=False, scheduler=None)


def losses(folder, monkeypatch, **changed) -> pd.DataFrame:
    """What the stage writes."""
    monkeypatch.chdir(folder)
    prepared.write(uci_digits.load(400, 200, SEED), RunPaths("toys", "digits").prepared)
    train_variations(PLACE, SEED, TASKS, NETWORK, training_of(5), TrainedVariations(**ASKED | changed), CPU)
    return files.read_table(PLACE.results("data_variations", "trained.csv"))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return losses(tmp_path_factory.mktemp("project"), patch)


def curve(table, varied="none", value=0.0, target="labels"):
    own = table[(table["varied"] == varied) & (table["value"] == value) & (table["target"] == target)]
    return own["loss"].to_numpy()


def test_classes_and_noise_are_varied(table):
    """As many classes as there are is no variation."""
    cases = table.groupby(["varied", "value"], sort=False)["target"].unique().map(list).to_dict()
    assert cases == {
        ("none", 0.0): ["labels", "2 classes", "5 classes"], ("noise", NEARLY_NONE): ["labels"],
        ("noise", 3.0): ["labels"],
    }  # fmt: skip
    assert len(table) == 5 * 3 * 3
    assert (table["loss"] > 0).all()


def test_nothing_else_differs_between_cases(table):
    """Members, batches, training and test points are those of the unvaried data: tiny noise changes nothing."""
    np.testing.assert_allclose(curve(table, "noise", NEARLY_NONE), curve(table), rtol=1e-3)
    assert (curve(table, "noise", 3.0) > 1.2 * curve(table)).all()


def test_a_case_does_not_depend_on_the_others(table, tmp_path, monkeypatch):
    alone = losses(tmp_path, monkeypatch, superclasses=(5,), noise=(3.0,))
    for case in ({}, {"target": "5 classes"}, {"varied": "noise", "value": 3.0}):
        np.testing.assert_array_equal(curve(alone, **case), curve(table, **case))


def test_losses_from_networks_that_are_trained_here(table):
    """Two superclasses of draw 1, labels and network made from their definitions."""
    own, draw = uci_digits.load(400, 200, SEED), 1
    order = training_order(400, 64, SEED, "digits", draw)
    x, _ = Preprocessing.of(own).training(own, order)
    test_x, _ = Preprocessing.of(own).test(own)
    y, test_y = (np.eye(2)[labels.astype(int) // 5] - 0.5 for labels in (own.targets[order], own.test_targets))
    training = training_of(60, "adam", "mup", batch_size=16, schedule="cosine")
    seed = int(generator(SEED, "trained variations", "digits", draw).integers(2**63))
    arguments = (
        NETWORK.model_copy(update={"depth": 1}),
        training,
        Data(x, y, test_x, test_y),
        0.003,
        24,
        (16, 32, 64),
        2,
    )
    expected = [found.mean() for found in resolution_limited_in_data(*arguments, seed, devices.place("cpu"))]
    own = table[(table["draw"] == draw) & (table["varied"] == "none") & (table["target"] == "2 classes")]
    np.testing.assert_allclose(own["loss"], expected, rtol=1e-6)


def test_more_points_and_learning_lower_the_loss_below_that_of_no_skill(table):
    """Outputs begin at zero, whose loss is that of the centred labels, (1 - 1/C) / 2; noise costs, points help."""
    unvaried = curve(table).reshape(3, 3).mean(axis=0)
    assert (np.diff(unvaried) < 0).all()
    assert unvaried[0] < 0.45
    exponents = fits.exponents(table, ASKED["window"], 0.68, route="trained").set_index(["varied", "value", "target"])
    assert (exponents["route"] == "trained").all()
    assert exponents.loc[("none", 0.0, "labels"), "exponent"] > 0
