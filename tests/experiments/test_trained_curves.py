"""Learning curves of trained networks: students, classes merged and noisy inputs, and that nothing else is varied."""

import numpy as np
import pandas as pd
import pytest

from replication.datasets import uci_digits
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.teacher_student import teacher_student_data
from replication.datasets.training_sets import training_order
from replication.experiments.trained_curves import trained_students, trained_variations
from replication.experiments.training import member_table
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.member_store import MemberStore
from replication.finite_width.members import member_losses
from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedStudents, TrainedVariations
from replication.settings.sections import Window
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, Training

SEED = 4
TASK = TaskSettings(dataset="uci_digits", pool_size=400, test_size=200, learning_rate_fraction=0.5)
NETWORK = MLP(depth=3)
TRAINING = Training(steps=5)
NEARLY_NONE = 1e-6
CURVES = {
    "width": 24, "training_sizes": (16, 32, 64), "members": 2, "draws": 3, "steps": 60, "batch_size": 16,
    "window": Window(smallest=16, largest=64),
}  # fmt: skip
ASKED = CURVES | {
    "task": "digits", "depth": 1, "adam_learning_rate": 0.003, "superclasses": (2, 5, 10), "noise": (NEARLY_NONE, 3.0)
}  # fmt: skip
DIMENSION = Dimension(
    dimensions=(2, 3), training_sizes=(16, 32), window=CURVES["window"], draws=3, teachers=3, teacher_width=12,
    test_size=100, depth=2, weight_variance=2.0, bias_variance=0.1,
    trained=TrainedStudents(dimensions=(2, 3), adam_learning_rate=0.2, **CURVES),
)  # fmt: skip


def losses(folder, runs) -> pd.DataFrame:
    return member_table(runs, MemberStore(folder), Execution(device="cpu"))


def varied_data(folder, **changed) -> pd.DataFrame:
    asked = TrainedVariations(**ASKED | changed)
    dataset = uci_digits.load(400, 200, SEED)
    return losses(folder, trained_variations(dataset, TASK, NETWORK, TRAINING, asked, SEED))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return varied_data(tmp_path_factory.mktemp("members"))


@pytest.fixture(scope="module")
def students(tmp_path_factory):
    return losses(tmp_path_factory.mktemp("members"), trained_students(TRAINING, DIMENSION, SEED))


def curve(table, varied="none", value=None):
    chosen = table["varied"] == varied
    if value is not None:
        chosen &= table["value"] == value
    return table[chosen]["test_loss"].to_numpy()


def test_classes_and_noise_are_varied(table):
    """As many classes as there are is no variation."""
    varied = table.groupby("varied", sort=False)["value"].unique().map(list).to_dict()
    assert varied["classes"] == [2, 5]
    assert varied["noise"] == [NEARLY_NONE, 3.0]
    assert np.isnan(varied["none"]).all()
    assert len(table) == 5 * 3 * 3 * 2


def test_nothing_else_differs_between_variations(table):
    """Members, batches, training and test points are those of the unvaried data: tiny noise changes nothing."""
    np.testing.assert_allclose(curve(table, "noise", NEARLY_NONE), curve(table), rtol=1e-3)
    assert (curve(table, "noise", 3.0) > 1.1 * curve(table)).all()


def test_a_variation_does_not_depend_on_the_others(table, tmp_path):
    alone = varied_data(tmp_path, superclasses=(5,), noise=(3.0,))
    for variation in (("none",), ("classes", 5), ("noise", 3.0)):
        np.testing.assert_array_equal(curve(alone, *variation), curve(table, *variation))


def test_losses_from_networks_that_are_trained_here(table):
    """Two superclasses of draw 1, labels and network made from their definitions."""
    own, draw = uci_digits.load(400, 200, SEED), 1
    order = training_order(400, 64, SEED, "digits", draw)
    x, _ = Preprocessing.of(own).training(own, order)
    test_x, _ = Preprocessing.of(own).test(own)
    y, test_y = (np.eye(2)[labels.astype(int) // 5] - 0.5 for labels in (own.targets[order], own.test_targets))
    adam = Training(steps=60, algorithm="minibatch_adam", schedule="cosine", parametrisation="mup", batch_size=16)
    found = table[(table["draw"] == draw) & (table["varied"] == "classes") & (table["value"] == 2)]
    for size in (16, 64):
        ensemble = Ensemble(
            "trained", SEED, "changed digits, draw 1", NETWORK.model_copy(update={"depth": 1}), adam, 24, size,
            0.003 / np.sqrt(24), np.nan,
        )  # fmt: skip
        expected, _ = member_losses(ensemble, range(2), Data(x, y, test_x, test_y).first(size), "cpu")
        np.testing.assert_array_equal(found[found["training_size"] == size]["test_loss"], expected.test_loss)


def test_more_points_and_learning_lower_the_loss_below_that_of_no_skill(table):
    """Outputs begin at zero, whose loss is that of the centred labels, (1 - 1/C) / 2; noise costs, points help."""
    means = table[table["varied"] == "none"].groupby("training_size")["test_loss"].mean().to_numpy()
    assert (np.diff(means) < 0).all()
    assert means[0] < 0.45


def test_every_draw_of_students_is_its_own(students):
    assert set(students["task"]) == {"students"}
    assert students.groupby("value")["draw"].unique().map(list).to_dict() == {2: [0, 1, 2], 3: [0, 1, 2]}
    assert students["test_loss"].nunique() == len(students) == 2 * 3 * 3 * 2
    assert set(students["learning_rate"]) == {0.2 / np.sqrt(24)}


def test_students_learn_the_first_teacher_of_their_draw(students):
    """Trained here from the data that infinitely wide students see too, whatever the number of teachers there."""
    data = teacher_student_data(DIMENSION.spec, 3, 64, 100, 3, 12, SEED, 2)
    data = Data(data.x, data.y[:, :1], data.test_x, data.test_y[:, :1])
    adam = Training(steps=60, algorithm="minibatch_adam", schedule="cosine", batch_size=16)
    ensemble = Ensemble(
        "trained", SEED, "students, d = 3, draw 2", DIMENSION.spec, adam, 24, 32, 0.2 / np.sqrt(24), np.nan
    )
    expected, _ = member_losses(ensemble, range(2), data.first(32), "cpu")
    own = students[(students["value"] == 3) & (students["draw"] == 2) & (students["training_size"] == 32)]
    np.testing.assert_array_equal(own["test_loss"], expected.test_loss)
    assert expected.test_loss.mean() < 0.5 * np.mean(data.test_y**2) / 2
