"""Trained networks in three regimes: small networks whose law is known, and what their runs ask for."""

import numpy as np
import pytest

from replication.datasets import uci_digits
from replication.datasets.dataset import Dataset
from replication.experiments.trained_regimes import (
    resolution_limited_width,
    variance_limited_data,
    variance_limited_width,
)
from replication.experiments.training import member_table
from replication.finite_width.member_store import MemberStore
from replication.settings.network import MLP
from replication.settings.regimes import ResolutionWidth, TrainedRegimes, VarianceData, VarianceWidth
from replication.settings.sections import Window
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, Training
from tests.reference_network import ERF

SEED = 3
TASK = TaskSettings(dataset="uci_digits", pool_size=400, test_size=40, learning_rate_fraction=0.5)
NETWORK, TRAINING = MLP(depth=3, **ERF), Training(steps=5)
WINDOW = Window(smallest=1, largest=2000)
ADAM = {"steps": 300, "batch_size": 60, "adam_learning_rate": 0.05}


def regimes(**changed):
    """Small settings, with some values of one section or another in their place."""
    width = {
        "depth": 1, "activation": "erf", "training_size": 20, "widths": (64, 512), "window": WINDOW, "members": 200,
        "steps": 40, "learning_rate_fraction": 0.3,
    }  # fmt: skip
    data = {
        "width": 3, "activation": "erf", "training_sizes": (128, 512), "window": WINDOW, "draws": 24, "members": 2,
        "steps": 400, "learning_rate_fraction": 0.2,
    }  # fmt: skip
    resolution = ADAM | {"population": 60, "widths": (2, 8, 32), "window": WINDOW, "members": 3}
    return TrainedRegimes(
        task="digits",
        population=changed.get("population", 400),
        variance_width=VarianceWidth(**width),
        variance_data=VarianceData(**data | changed.get("data", {})),
        resolution_width=ResolutionWidth(**resolution | changed.get("resolution", {})),
    )


def digits():
    return uci_digits.load(400, 40, SEED)


def smooth_toys():
    """Three inputs, and a target that is a smooth function of them and noise."""
    rng = np.random.default_rng(5)
    x = rng.integers(0, 256, (440, 3)).astype(np.uint8)
    y = (2000 + 400 * np.sin(x @ [0.01, 0.02, -0.01]) + 100 * rng.normal(size=440)).astype(np.uint16)
    return Dataset(x[:400], y[:400], x[400:], y[400:], classes=0)


def table_of(make, folder, dataset=None, **changed):
    runs = make(dataset or digits(), TASK, NETWORK, TRAINING, regimes(**changed), SEED)
    return member_table(runs, MemberStore(folder), Execution(device="cpu"))


def test_the_difference_to_the_linearised_network_falls_as_1_over_width(tmp_path):
    table = table_of(variance_limited_width, tmp_path)
    wide = table.pivot(index=["width", "member"], columns="method", values="test_loss")
    difference = (wide["trained"] - wide["linearised"]).groupby("width")
    mean, error = difference.mean(), difference.sem()
    relative = np.hypot(*(error / mean))
    assert relative < 0.2
    assert np.ptp(np.sign(mean)) == 0
    assert abs(np.log(mean[64] / mean[512] / 8)) < 3 * relative + 0.15  # higher orders in 1 / width


def test_the_excess_of_a_small_network_falls_as_1_over_d(tmp_path):
    """A linear model knows its excess: this small network's falls by 4 from D = 128 to 512, within three errors."""
    table = table_of(variance_limited_data, tmp_path, smooth_toys())
    whole = table["training_size"] == 400
    limit = table[whole].set_index("member")["test_loss"]
    # the population is what is trained on, and what is tested on
    assert whole.sum() == 2
    np.testing.assert_allclose(table[whole]["training_loss"], table[whole]["test_loss"], rtol=1e-6)
    drawn = table[~whole]
    excess = drawn.assign(excess=drawn["test_loss"] - limit.loc[drawn["member"]].to_numpy())
    of_draws = excess.groupby(["training_size", "draw"])["excess"].mean().groupby("training_size")
    mean, error = of_draws.mean(), of_draws.sem()
    relative = np.hypot(*(error / mean))
    assert (mean > 0).all()
    assert relative < 0.4
    assert abs(np.log(mean[128] / mean[512] / 4)) < 3 * relative


def test_points_are_drawn_with_replacement_from_the_population_alone():
    runs = variance_limited_data(digits(), TASK, NETWORK, TRAINING, regimes(population=100), SEED)
    whole, *drawn = runs
    population = whole.data()
    assert whole.ensemble.training_size == len(population.x) == 100
    assert population.test_x is population.x
    points = {row.tobytes() for row in population.x}
    for run in (drawn[0], drawn[1], drawn[-1]):
        data = run.data()
        assert len(data.x) == run.ensemble.training_size
        assert {row.tobytes() for row in data.x} <= points
        assert data.test_x is population.x  # one set for all: it is neither made nor hashed again
    assert not np.array_equal(drawn[0].data().x, drawn[1].data().x)
    assert len({repr(run.ensemble._replace(training_size=0)) for run in runs}) == 1


def test_wider_networks_resolve_more(tmp_path):
    losses = table_of(resolution_limited_width, tmp_path).groupby("width")["test_loss"].mean().to_numpy()
    assert losses[0] > 1.2 * losses[1] > 1.2**2 * losses[2]


@pytest.mark.parametrize("batch_size", [16, 60, 1000])
def test_batches_stand_for_the_whole_population_and_all_of_it_is_no_batch(tmp_path, batch_size):
    def losses(name, batch_size):
        changed = {"widths": (8,), "batch_size": batch_size}
        return table_of(resolution_limited_width, tmp_path / name, resolution=changed)["test_loss"].to_numpy()

    found, all_of_it = losses("batches", batch_size), losses("all", 60)
    np.testing.assert_allclose(found.mean(), all_of_it.mean(), rtol=0.6)
    assert np.array_equal(found, all_of_it) == (batch_size >= 60)
