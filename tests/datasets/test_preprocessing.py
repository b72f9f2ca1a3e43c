"""Transforms of the inputs, and their centre: against plain formulas in extended precision."""

import numpy as np
import pytest
from pydantic import ValidationError

from replication.datasets import prepared
from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.errors import ReplicationError
from replication.settings.tasks import TaskSettings

FUNCTIONS = {"none": lambda x: x, "sqrt": np.sqrt, "log1p": lambda x: np.log(1 + x)}
TASK = {"dataset": "showers", "pool_size": 9, "test_size": 2, "learning_rate_fraction": 0.25}


@pytest.fixture(scope="module")
def data():
    """Counts whose components differ in size by orders of magnitude; more points than are taken at a time."""
    generator = np.random.default_rng(5)
    counts = generator.poisson([0.1, 3.0, 50.0, 4000.0, 7.0, 0.0], (2500, 6)).astype(np.uint32).reshape(2500, 3, 2)
    targets = generator.integers(1, 1000, 2500).astype(np.uint32)
    return Dataset(counts[:2400], targets[:2400], counts[2400:], targets[2400:], 0)


@pytest.mark.parametrize("centre", ["global", "per_feature"])
@pytest.mark.parametrize("transform", FUNCTIONS)
def test_inputs_are_transformed_centred_and_divided_by_one_scale(data, transform, centre):
    data = data._replace(transform=transform, centre=centre)
    preprocessing = Preprocessing.of(data)
    pool, test = (
        FUNCTIONS[transform](inputs.reshape(len(inputs), 6).astype(np.longdouble))
        for inputs in (data.inputs, data.test_inputs)
    )
    mean = pool.mean() if centre == "global" else pool.mean(axis=0)
    std = np.sqrt(np.mean((pool - mean) ** 2))
    order = np.array([7, 2399, 0])
    x, y = preprocessing.training(data, order)
    test_x, _ = preprocessing.test(data)
    assert x.dtype == test_x.dtype == np.float64
    np.testing.assert_allclose(x, ((pool - mean) / std)[order].astype(float), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(test_x, ((test - mean) / std).astype(float), rtol=1e-11, atol=1e-13)
    assert np.array_equal(y[:, 0], (data.targets[order] - preprocessing.target_mean) / preprocessing.target_std)


def test_every_component_is_centred_and_their_scales_still_differ(data):
    data = data._replace(transform="sqrt", centre="per_feature")
    x, _ = Preprocessing.of(data).training(data, np.arange(2400))
    assert np.abs(x.mean(axis=0)).max() < 1e-13
    assert np.sqrt(np.mean(x**2)) == pytest.approx(1, rel=1e-13)
    assert x.std(axis=0)[1] > 1.5 * x.std(axis=0)[0] > 0
    assert np.all(x[:, 5] == 0)  # a component without variation


def test_the_default_is_one_mean_of_untransformed_inputs_to_the_last_bit(data):
    pixels = data._replace(inputs=np.random.default_rng(2).integers(0, 256, (1300, 30), dtype=np.uint8))
    for own in (data, pixels):
        flat = [int(value) for value in own.inputs.ravel()]
        total, squares, count = sum(flat), sum(value**2 for value in flat), len(flat)
        mean, std = total / count, ((count * squares - total**2) / count**2) ** 0.5
        preprocessing = Preprocessing.of(own)
        assert (preprocessing.mean, preprocessing.std) == (mean, std)
        x, _ = preprocessing.training(own, np.arange(50))
        assert np.array_equal(x, (own.inputs[:50].reshape(50, -1).astype(float) - mean) / std)


@pytest.mark.parametrize("transform", FUNCTIONS)
def test_a_larger_quantum_does_not_matter_to_the_root_and_the_identity(data, transform):
    coarse = data._replace(transform=transform, centre="per_feature")
    fine = coarse._replace(inputs=data.inputs * np.uint32(1000))
    x, same_x = (Preprocessing.of(own).training(own, np.arange(9))[0] for own in (coarse, fine))
    assert np.allclose(x, same_x, rtol=1e-12, atol=1e-12) == (transform != "log1p")


def test_a_pool_without_variation_is_refused(data):
    constant = data._replace(inputs=np.full_like(data.inputs, 3))
    by_component = data._replace(inputs=np.broadcast_to(data.inputs[:1], data.inputs.shape))
    for own, centre in ((constant, "global"), (constant, "per_feature"), (by_component, "per_feature")):
        with pytest.raises(ReplicationError, match="the inputs of the training pool are all the same"):
            Preprocessing.of(own._replace(transform="sqrt", centre=centre))
    assert Preprocessing.of(by_component._replace(transform="sqrt")).std > 0


def test_a_prepared_file_keeps_the_options(data, tmp_path):
    options = data._replace(transform="log1p", centre="per_feature")
    prepared.write(options, tmp_path / "data.npz")
    back = prepared.read(tmp_path / "data.npz")
    assert back[4:] == (0, "log1p", "per_feature")
    assert np.array_equal(Preprocessing.of(back).test(back)[0], Preprocessing.of(options).test(options)[0])
    prepared.write(options._replace(centre="middle"), tmp_path / "data.npz")
    with pytest.raises(ReplicationError, match=r"damaged \(unknown preprocessing\)"):
        prepared.read(tmp_path / "data.npz")


def test_settings_know_the_options_and_keep_the_default():
    assert (TaskSettings(**TASK).transform, TaskSettings(**TASK).centre) == ("none", "global")
    assert TaskSettings(**TASK, transform="sqrt", centre="per_feature").centre == "per_feature"
    for wrong in ({"transform": "square"}, {"centre": "middle"}):
        with pytest.raises(ValidationError):
            TaskSettings(**TASK | wrong)
