import gzip
import os
import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from replication.datasets import calochallenge, cifar10, mnist
from replication.datasets.registry import has_hash, read_registry
from replication.datasets.sources import load
from replication.errors import ReplicationError

REGISTRY = Path(__file__).parents[2] / "data/registry.yaml"


# MNIST: IDX files.


def zipped(content):
    """The same bytes at any time: they name tests, and several processes must find the same names."""
    return gzip.compress(content, mtime=0)


def idx(array, magic=(0, 0, 8), dimensions=None):
    header = bytes((*magic, dimensions or array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def test_an_idx_file_is_read(tmp_path):
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "images.gz").write_bytes(zipped(idx(images)))
    assert np.array_equal(mnist.read_idx(tmp_path / "images.gz", 3), images)


@pytest.mark.parametrize(
    "content",
    [
        zipped(idx(np.zeros((2, 3, 4), np.uint8), magic=(0, 0, 9))),
        zipped(idx(np.zeros(24, np.uint8))),
        zipped(idx(np.zeros((2, 3, 4), np.uint8))[:-1]),
        zipped(b"\x00\x00\x08\x03\x00"),
        zipped(b""),
        zipped(idx(np.zeros((2, 3, 4), np.uint8)))[:-5],
        b"<html>",
    ],
)
def test_what_is_no_idx_file_is_refused(tmp_path, content):
    (tmp_path / "images.gz").write_bytes(content)
    with pytest.raises(ReplicationError, match=r"images\.gz (is not an IDX file|cannot be unpacked)"):
        mnist.read_idx(tmp_path / "images.gz", 3)


def test_mnist_pairs_images_with_labels(tmp_path):
    files = []
    for name, size in (("train", 60), ("test", 30)):
        labels = (np.arange(size) % 10).astype(np.uint8)
        for array in (np.repeat(labels, 28 * 28).reshape(size, 28, 28), labels):
            files.append(tmp_path / f"{name}-{array.ndim}.gz")
            files[-1].write_bytes(zipped(idx(array)))
    data = mnist.load(50, 20, 1, lambda: files)
    assert data.inputs.shape == (50, 28, 28)
    assert np.array_equal(data.inputs[:, 0, 0], data.targets)
    assert np.array_equal(data.test_inputs[:, 27, 27], data.test_targets)


# CIFAR-10: binary batches.


def test_cifar10_holds_out_the_fifth_batch_and_puts_colours_last(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "RECORDS", 6)
    files = [tmp_path / f"data_batch_{number}.bin" for number in range(1, 6)]
    for number, file in enumerate(files, 1):
        records = np.empty((6, 3073), np.uint8)
        records[:, 0] = number
        records[:, 1:1025], records[:, 1025:2049], records[:, 2049:] = 10 * number, 100, np.arange(1024) % 32
        records.tofile(file)
    data = cifar10.load(24, 6, 1, lambda: files)
    assert np.bincount(data.targets).tolist() == [0, 6, 6, 6, 6]
    assert set(data.test_targets) == {5}
    assert np.array_equal(data.inputs[:, 0, 0, 0], 10 * data.targets)
    assert np.all(data.inputs[..., 1] == 100)
    assert np.all(data.inputs[..., 2] == np.arange(32))


def test_what_is_no_batch_is_refused(tmp_path):
    for content in (b"short", b"\xff" * (10_000 * 3073)):
        (tmp_path / "batch.bin").write_bytes(content)
        with pytest.raises(ReplicationError, match="not a binary batch"):
            cifar10.read_batch(tmp_path / "batch.bin")


# CaloChallenge: HDF5 files.


def events(path, energies, showers, drop=None):
    with h5py.File(path, "w") as file:
        for key, values in (("incident_energies", energies), ("showers", showers)):
            if key != drop:
                file[key] = values
    return path


@pytest.fixture
def voxels():
    return np.random.default_rng(1).exponential(20, (7, 6480)).astype(np.float32)


def test_calochallenge_sums_angles_and_counts_tenths_of_mev(tmp_path, voxels):
    energies = np.linspace(1000.4, 900_000.6, 7)[:, None]
    pool = events(tmp_path / "1.hdf5", energies, voxels)
    test = events(tmp_path / "2.hdf5", energies[::-1], voxels[::-1])
    data = calochallenge.load(5, 3, 1, lambda: [pool, test])
    assert data.inputs.shape == (5, 45, 9)
    assert data.inputs.dtype == data.targets.dtype == np.uint32
    by_hand = sum(voxels[2, (4 * 16 + angle) * 9 + 3].astype(float) for angle in range(16))
    assert data.inputs[2, 4, 3] == round(by_hand / 0.1)
    assert data.targets.tolist() == np.rint(energies[:5, 0]).tolist()
    assert np.array_equal(data.test_inputs[0], calochallenge.read_events(pool, 7)[0][6])
    assert data.classes == 0


def test_calochallenge_does_not_depend_on_the_rows_read_at_a_time(tmp_path, voxels, monkeypatch):
    path = events(tmp_path / "1.hdf5", np.full((7, 1), 5000.0), voxels)
    whole, _ = calochallenge.read_events(path, 7)
    monkeypatch.setattr(calochallenge, "ROWS", 3)
    assert np.array_equal(calochallenge.read_events(path, 7)[0], whole)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"drop": "showers"}, "lacks the key 'showers'"),
        ({"showers": np.ones((7, 368))}, r"showers has shape \(7, 368\), not \(at least 7, 6480\)"),
        ({"energies": np.ones(7)}, "incident_energies has shape"),
        ({"energies": np.ones((6, 1))}, "incident_energies has shape"),
        ({"energies": np.full((7, 1), np.nan)}, "incident_energies holds energies that are negative, not finite"),
        ({"showers": -np.ones((7, 6480))}, "showers holds energies that are negative"),
        ({"showers": np.full((7, 6480), np.inf)}, "showers holds energies"),
    ],
)
def test_unsound_calochallenge_files_are_refused(tmp_path, voxels, change, problem):
    path = events(tmp_path / "1.hdf5", **{"energies": np.ones((7, 1)), "showers": voxels} | change)
    with pytest.raises(ReplicationError, match=problem):
        calochallenge.read_events(path, 7)


def test_a_file_that_is_no_hdf5_is_refused(tmp_path):
    (tmp_path / "1.hdf5").write_bytes(b"truncated")
    with pytest.raises(ReplicationError, match="cannot be read as HDF5"):
        calochallenge.read_events(tmp_path / "1.hdf5", 7)


# The real files.


@pytest.fixture(scope="module")
def mirror():
    folder = os.environ.get("REPLICATION_DATA_MIRROR", "")
    if not Path(folder, "mnist").is_dir():
        pytest.skip("REPLICATION_DATA_MIRROR names no folder with the real files")
    return Path(folder)


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    return tmp_path_factory.mktemp("raw")


@pytest.mark.real_data
def test_every_file_of_the_mirror_has_its_registered_hash(mirror):
    registry = read_registry(REGISTRY)
    known = {path: known for remote in registry.values() for path, known in remote.files.items()}
    found = [path for path in known if (mirror / path).is_file()]
    assert {path for path in known if path.startswith(("mnist", "cifar10"))} <= set(found)
    assert [path for path in found if not has_hash(mirror / path, known[path])] == []


@pytest.mark.real_data
def test_real_mnist(mirror, raw):
    data = load("mnist", 60_000, 10_000, 1, raw, read_registry(REGISTRY), str(mirror))
    assert data.inputs.shape == (60_000, 28, 28)
    assert np.bincount(data.targets).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.test_targets).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.inputs.mean() / 255 == pytest.approx(0.1307, abs=5e-5)  # the mean everyone quotes


@pytest.mark.real_data
def test_real_cifar10(mirror, raw):
    data = load("cifar10", 40_000, 10_000, 1, raw, read_registry(REGISTRY), str(mirror))
    assert data.inputs.shape == (40_000, 32, 32, 3)
    assert (np.bincount(data.targets) + np.bincount(data.test_targets)).tolist() == 10 * [5000]
    channels = (4 * data.inputs.mean(axis=(0, 1, 2)) + data.test_inputs.mean(axis=(0, 1, 2))) / 5 / 255
    assert channels == pytest.approx([0.4914, 0.4822, 0.4465], abs=1e-4)  # the means everyone quotes
