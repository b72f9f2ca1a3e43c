import math
import os
import subprocess
import sys

import numpy as np
import pytest

from replication.datasets import photo_patches, prepared
from replication.datasets.catalogue import SOURCES, check_sizes
from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.sources import LOADERS, load
from replication.datasets.training_sets import training_order
from replication.errors import ReplicationError
from replication.settings.tasks import DATASETS_OF_TASK

OFFLINE = ["uci_digits", "photo_patches", "showers"]


@pytest.fixture(params=OFFLINE)
def source(request):
    return SOURCES[request.param]


@pytest.fixture
def load_offline(tmp_path):
    return lambda name, pool_size, test_size, seed=1: load(name, pool_size, test_size, seed, tmp_path, {}, None)


def rows(inputs):
    return {point.tobytes() for point in inputs}


def test_every_source_that_settings_allow_exists():
    assert {name for names in DATASETS_OF_TASK.values() for name in names} == set(SOURCES) == set(LOADERS)


def test_contract_types_shapes_sizes(source, load_offline):
    data = load_offline(source.name, 40, 21)
    assert data.inputs.shape == (40, *source.input_shape)
    assert data.test_inputs.shape == (21, *source.input_shape)
    assert data.targets.shape == (40,)
    assert data.test_targets.shape == (21,)
    assert all(array.dtype.kind == "u" for array in data[:4])
    assert data.inputs.dtype == data.test_inputs.dtype
    assert data.targets.dtype == data.test_targets.dtype
    assert data.classes == source.classes
    if data.classes:
        assert set(data.targets) == set(range(data.classes))


def test_contract_pool_and_test_share_no_point(source, load_offline):
    largest = (min(source.largest_pool, 2000), min(source.largest_test, 500))
    data = load_offline(source.name, *largest)
    assert len(rows(data.inputs)) == largest[0]
    assert not rows(data.inputs) & rows(data.test_inputs)


def test_contract_seeds(source, load_offline):
    first, again, other = (load_offline(source.name, 40, 20, seed) for seed in (1, 1, 2))
    assert [array.tobytes() for array in first[:4]] == [array.tobytes() for array in again[:4]]
    assert first.inputs.tobytes() != other.inputs.tobytes()
    assert first.test_inputs.tobytes() != other.test_inputs.tobytes()


def test_contract_a_larger_pool_begins_with_the_smaller(source, load_offline):
    small, large = load_offline(source.name, 70, 20), load_offline(source.name, 130, 20)
    assert np.array_equal(large.inputs[:70], small.inputs)
    assert np.array_equal(large.targets[:70], small.targets)
    assert np.array_equal(large.test_inputs, small.test_inputs)


@pytest.mark.parametrize("name", SOURCES)
def test_contract_impossible_sizes_are_refused(name):
    source = SOURCES[name]
    check_sizes(name, source.largest_pool, source.largest_test)
    for sizes in ((source.largest_pool + 1, 1), (1, source.largest_test + 1), (0, 1), (1, 0)):
        with pytest.raises(ReplicationError, match=f"source {name}"):
            check_sizes(name, *sizes)


def test_an_unknown_source_is_refused(load_offline):
    with pytest.raises(ReplicationError, match="no data source 'imagenet': choose one of uci_digits"):
        load_offline("imagenet", 1, 1)


def test_importing_the_sources_is_light():
    heavy = {"h5py", "sklearn", "pooch", "tqdm", "scipy"}
    code = f"import sys, replication.datasets.sources; print(*{heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""


def test_photo_patches_are_balanced_and_their_strips_apart(load_offline):
    data = load_offline("photo_patches", 101, 50)
    assert np.bincount(data.targets).tolist() == [51, 50]
    assert np.bincount(data.test_targets).tolist() == [25, 25]
    training = photo_patches.positions(427, photo_patches.TRAINING_STRIPS)
    test = photo_patches.positions(427, photo_patches.TEST_STRIPS)
    pixels = {name: np.zeros((427, 640), bool) for name in ("training", "test")}
    for name, corners in (("training", training), ("test", test)):
        for row, column in corners:
            patch = pixels[name][row : row + 32, column : column + 32]
            assert patch.shape == (32, 32)
            patch[:] = True
    assert not np.any(pixels["training"] & pixels["test"])
    assert 2 * len(training) == SOURCES["photo_patches"].largest_pool
    assert 2 * len(test) == SOURCES["photo_patches"].largest_test


# Training sets.


def test_training_sets_are_nested_and_named_by_seed_task_and_draw():
    order = training_order(50, 50, 1, "digits", 0)
    assert sorted(order) == list(range(50))
    assert np.array_equal(training_order(50, 20, 1, "digits", 0), order[:20])
    for other in ((2, "digits", 0), (1, "images", 0), (1, "digits", 1)):
        assert not np.array_equal(training_order(50, 50, *other), order)


@pytest.mark.parametrize("largest", [0, 51])
def test_a_training_set_beyond_the_pool_is_refused(largest):
    with pytest.raises(ReplicationError, match="out of a pool of 50"):
        training_order(50, largest, 1, "digits", 0)


# Preprocessing.


def toy(inputs, targets, classes=0):
    return Dataset(np.array(inputs), np.array(targets), np.array(inputs)[:1], np.array(targets)[:1], classes)


def test_standardised_inputs_have_mean_zero_and_variance_one(load_offline):
    data = load_offline("uci_digits", 200, 30)
    x, y = Preprocessing.of(data).training(data, np.arange(200))
    assert x.shape == (200, 64)
    assert x.dtype == y.dtype == np.float64
    assert abs(x.mean()) < 1e-14
    assert abs(x.std() - 1) < 1e-14
    assert y.shape == (200, 10)
    assert np.allclose(y.sum(axis=1), 0)
    assert np.array_equal(y.argmax(axis=1), data.targets)
    assert {float(value) for value in np.unique(y)} == {0.9, -0.1}


def test_the_rows_asked_for_are_rows_of_the_whole(load_offline):
    data = load_offline("showers", 64, 10)
    preprocessing = Preprocessing.of(data)
    x, y = preprocessing.training(data, np.arange(64))
    some_x, some_y = preprocessing.training(data, np.array([5, 3]))
    assert np.array_equal(some_x, x[[5, 3]])
    assert np.array_equal(some_y, y[[5, 3]])
    assert y.shape == (64, 1)
    assert abs(y.mean()) < 1e-14
    assert abs(y.std() - 1) < 1e-14
    test_x, test_y = preprocessing.test(data)
    assert test_x.shape == (10, 625)
    assert test_y.shape == (10, 1)


def test_the_scalars_are_exact_for_large_integers():
    values = np.array([[2**32 - 1, 0], [2**32 - 1, 2**31], [7, 2**32 - 2]], np.uint32)
    exact = [int(value) for value in values.ravel()]
    total, squares = sum(exact), sum(value**2 for value in exact)
    preprocessing = Preprocessing.of(toy(values, np.array([0, 1, 1], np.uint8), classes=2))
    assert preprocessing.mean == total / 6
    assert preprocessing.std == math.sqrt((6 * squares - total**2) / 36)


def test_the_scalars_of_more_than_one_block():
    values = np.random.default_rng(1).integers(0, 256, (1500, 800), dtype=np.uint8)  # more than one block of 2^20
    preprocessing = Preprocessing.of(toy(values, np.zeros(1500, np.uint8), classes=2))
    assert preprocessing.mean == pytest.approx(values.mean(), rel=1e-14)
    assert preprocessing.std == pytest.approx(values.std(), rel=1e-12)


@pytest.mark.parametrize(
    ("inputs", "targets", "what"), [([[3], [3]], [1, 2], "inputs"), ([[3], [4]], [1, 1], "targets")]
)
def test_a_pool_without_variation_is_refused(inputs, targets, what):
    with pytest.raises(ReplicationError, match=f"the {what} of the training pool are all the same"):
        Preprocessing.of(toy(np.array(inputs, np.uint8), np.array(targets, np.uint8)))


# Prepared files.


def test_a_prepared_file_returns_the_data_set_and_is_the_same_twice(tmp_path, load_offline):
    data = load_offline("uci_digits", 30, 10)
    for name in ("one.npz", "two.npz"):
        prepared.write(data, tmp_path / "new folder" / name)
    back = prepared.read(tmp_path / "new folder/one.npz")
    assert all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(back[:4], data[:4], strict=True))
    assert back[4:] == (10, "none", "global")
    assert isinstance(back.classes, int)
    assert (tmp_path / "new folder/one.npz").read_bytes() == (tmp_path / "new folder/two.npz").read_bytes()
    assert sorted(os.listdir(tmp_path / "new folder")) == ["one.npz", "two.npz"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path, load_offline, monkeypatch):
    def interrupt(stream, **_):
        stream.write(b"half")
        raise KeyboardInterrupt

    data, path = load_offline("uci_digits", 30, 10), tmp_path / "data.npz"
    prepared.write(data, path)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", interrupt)
    with pytest.raises(KeyboardInterrupt):
        prepared.write(data, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["data.npz"]


def test_a_missing_prepared_file_names_the_stage(tmp_path):
    with pytest.raises(ReplicationError, match="run the stage prepare_data first"):
        prepared.read(tmp_path / "none.npz")


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "text", "array", "other keys"])
def test_a_damaged_prepared_file_is_one_line(tmp_path, load_offline, damage):
    path = tmp_path / "data.npz"
    prepared.write(load_offline("uci_digits", 30, 10), path)
    content = path.read_bytes()
    if damage in ("array", "other keys"):
        with path.open("wb") as stream:
            np.save(stream, np.ones(3)) if damage == "array" else np.savez(stream, inputs=np.ones(3))
    else:
        flipped = content[:500] + bytes([content[500] ^ 1]) + content[501:]
        path.write_bytes({"truncated": content[:700], "flipped": flipped, "empty": b"", "text": b"hello"}[damage])
    with pytest.raises(ReplicationError, match="not a prepared data set, or damaged") as caught:
        prepared.read(path)
    assert "\n" not in str(caught.value)
