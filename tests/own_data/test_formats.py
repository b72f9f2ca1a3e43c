"""A user's files: the same data in every format give the same arrays; what cannot be read is one line."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from replication.errors import ReplicationError
from replication.own_data.formats import name_and_ending
from replication.own_data.reading import read

ARROW = pytest.mark.skipif(not importlib.util.find_spec("pyarrow"), reason="pyarrow is not installed")
NAMES = ["cell_0", "cell_1", "angle"]


@pytest.fixture
def table(rng):
    """Three inputs that need all their digits, one of them integers, and a target."""
    x = rng.normal(size=(30, 3)) * [1e-7, 1.0, 1e9]
    return pd.DataFrame(x, columns=NAMES).assign(angle=rng.integers(0, 9, 30), energy=rng.normal(size=30))


def as_npy_pair(table, folder):
    np.save(folder / "y.npy", table["energy"])
    np.save(folder / "x.npy", table[NAMES].to_numpy(float))
    return folder / "x.npy", folder / "y.npy"


def as_hdf5(table, folder):
    with h5py.File(folder / "x.h5", "w") as file:
        file["inputs"], file["targets"] = table[NAMES].to_numpy(float), table["energy"]
    return folder / "x.h5", ""


def as_hdf5_columns(table, folder):
    with h5py.File(folder / "columns.h5", "w") as file:
        for name in [*NAMES, "energy"]:
            file[name] = table[name]
    return folder / "columns.h5", "energy"


def as_structured(table, folder):
    np.save(folder / "table.npy", table.to_records(index=False))
    return folder / "table.npy", "energy"


def as_npz(table, folder):
    np.savez(folder / "x.npz", inputs=table[NAMES].to_numpy(float), targets=table["energy"])
    return folder / "x.npz", ""


def as_text(name, separator):
    def write(table, folder):
        table.to_csv(folder / name, sep=separator, index=False)
        return folder / name, "energy"

    return write


def as_arrow(method, name):
    def write(table, folder):
        getattr(table, method)(folder / name)
        return folder / name, "energy"

    return write


FORMATS = {
    "npy": as_npy_pair, "hdf5": as_hdf5, "hdf5 columns": as_hdf5_columns, "structured": as_structured, "npz": as_npz,
    "csv": as_text("x.csv", ","), "tsv": as_text("x.TSV", "\t"), "gz": as_text("x.csv.gz", ","),
}  # fmt: skip
ARROWS = {"parquet": as_arrow("to_parquet", "x.parquet"), "feather": as_arrow("to_feather", "x.feather")}


@pytest.mark.parametrize(
    "store", [*FORMATS.values(), *(pytest.param(each, marks=ARROW) for each in ARROWS.values())],
    ids=[*FORMATS, *ARROWS],
)  # fmt: skip
def test_every_format_gives_the_same_bytes(table, tmp_path, store):
    path, target = store(table, tmp_path)
    data = read(path, str(target))
    columns = (
        dict(zip(data.names, data.inputs.T, strict=True))
        if data.names
        else dict(zip(NAMES, data.inputs.T, strict=True))
    )
    for name in NAMES:
        assert columns[name].astype(np.float64).tobytes() == table[name].to_numpy(float).tobytes()
    assert data.targets.tobytes() == table["energy"].to_numpy().tobytes()


def test_columns_are_chosen_by_patterns(table, tmp_path):
    table.to_csv(tmp_path / "x.csv", index=False)
    assert read(tmp_path / "x.csv", "energy", ["cell_*"]).names == ("cell_0", "cell_1")
    assert read(tmp_path / "x.csv", "angle", ["cell_1", "e*"]).names == ("cell_1", "energy")


def test_texts_are_targets_and_no_inputs(table, tmp_path):
    table.assign(kind=np.where(table["energy"] > 0, "pion", "électron")).to_csv(tmp_path / "x.csv", index=False)
    assert set(read(tmp_path / "x.csv", "kind").targets) == {"pion", "électron"}
    with pytest.raises(ReplicationError, match="column kind holds no numbers, such as"):
        read(tmp_path / "x.csv", "energy")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["inputs"], file["targets"] = table[NAMES].to_numpy(float), np.array(["a", "b", "c"] * 10, dtype="S")
    assert read(tmp_path / "x.h5").targets[:3].tolist() == ["a", "b", "c"]


def without(table, folder, change, **options):
    change(table).to_csv(folder / "x.csv", index=False, **options)
    return folder / "x.csv"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(day="2025-03-01"), "column day holds dates: leave it out with --inputs"),
        (lambda t: t.assign(day="3/14/2025"), "column day holds dates"),
        (lambda t: t.assign(angle=t["angle"].where(t.index > 1)), r"2 values are missing, of angle, in 2 of 30 rows, "
         r"the first of them 0, 1 \(counted from 0\): drop or fill them"),
        (lambda t: t.drop(columns="energy"), "no column energy: name the target's, --target COLUMN, of cell_0, cell_1"),
        (lambda t: t[["energy"]], "no column beside the target"),
        (lambda t: t.assign(angle=np.inf), "30 of the inputs are NaN or infinite, the first in row 0, column 2"),
        (lambda t: t.set_axis(["1", "2.5", "3", "-4e1"], axis=1), "its first line is numbers"),
        (lambda t: t.iloc[:0], "a table without rows"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_used_are_one_line(table, tmp_path, change, message):
    path = without(table, tmp_path, change)
    with pytest.raises(ReplicationError, match=message) as caught:
        read(path, "energy")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_patterns_that_match_nothing_are_named(table, tmp_path):
    with pytest.raises(ReplicationError, match=r"no column matches tracks_\*"):
        read(without(table, tmp_path, lambda t: t), "energy", ["tracks_*"])


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.npz", "x.npy", "x.h5", "x.csv.gz", "x.xlsx", "x"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe garbage", b"PK\x03\x04 no archive", b"\x93NUMPY\x01\x00"])
def test_damaged_files_are_one_line_without_bad_advice(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReplicationError) as caught:
        read(path, "y")
    assert "pickle" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_python_objects_are_refused(tmp_path):
    np.savez(tmp_path / "x.npz", inputs=np.ones((4, 2)), targets=np.array([{}, 1, 2, 3], dtype=object))
    np.save(tmp_path / "x.npy", np.array([{}, 1], dtype=object))
    for name in ("x.npz", "x.npy"):
        with pytest.raises(ReplicationError, match=r"\(Python objects\)"):
            read(tmp_path / name)


def test_an_archive_cut_anywhere_is_one_line(table, tmp_path):
    path, _ = as_npz(table, tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ReplicationError):
            read(path)


def test_hdf5_that_is_no_table_says_what_it_holds(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["showers"] = np.ones((5, 2))
        file["gone"] = h5py.SoftLink("/nowhere")
    with pytest.raises(ReplicationError, match="damaged, or no HDF5 file"):
        read(tmp_path / "x.h5")
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["showers"] = np.ones((5, 2))
    with pytest.raises(ReplicationError, match=r"it holds showers \(5, 2\): store inputs and targets"):
        read(tmp_path / "y.h5")


def test_half_precision_that_overflowed_is_found(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file, np.errstate(over="ignore"):
        file["inputs"], file["targets"] = np.array([[1.0], [1e6]]).astype(np.float16), np.ones(2)
    with pytest.raises(ReplicationError, match="1 of the inputs are NaN or infinite, the first in row 1"):
        read(tmp_path / "x.h5")


def test_a_file_that_another_program_holds_is_said_to_be_locked(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["inputs"] = np.ones((2, 1))
        file.flush()
        with pytest.raises(ReplicationError, match="another program holds it open"):
            read_in_another_process(tmp_path / "x.h5")


def read_in_another_process(path):

    code = f"from replication.own_data.reading import read; from pathlib import Path; read(Path({str(path)!r}))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ReplicationError" in ended.stderr
    raise ReplicationError(*ended.stderr.splitlines()[-1].split(": ", 2)[1:])


@pytest.mark.parametrize(("name", "module"), [("x.parquet", "pyarrow"), ("x.feather", "pyarrow"), ("x.h5", "h5py")])
def test_a_missing_library_is_named_with_its_extra(tmp_path, monkeypatch, name, module):
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / name).write_bytes(b"anything")
    with pytest.raises(ReplicationError, match=rf"{module} is not installed: pip install 'replication\[tables\]'"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("run.1.npz", ("run.1", ".npz")),
        ("run.2.CSV.gz", ("run.2", ".csv")),
        ("x.gz.npz", ("x.gz", ".npz")),
        ("x", ("x", "")),
    ],
)
def test_the_name_of_what_is_written_keeps_every_dot_of_its_own(file, expected):
    """Runs that are numbered behind a dot must not write over each other."""
    assert name_and_ending(Path("folder.d") / file) == expected
