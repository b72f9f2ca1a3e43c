"""What a file holds, by its ending: a table, named arrays, or one array. Nothing that is read can run code."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd

from replication.errors import ReplicationError, optional_parts

Found: TypeAlias = pd.DataFrame | dict[str, np.ndarray] | np.ndarray
NAMES = ("inputs", "targets")
COMPRESSED = (".gz", ".bz2", ".xz")  # which pandas reads as they are


def name_and_ending(path: Path) -> tuple[str, str]:
    """The name of a file, and the ending in lower case that says how it is read: of x.csv.gz `x` and `.csv`."""
    inner = Path(path.stem) if path.suffix.lower() in COMPRESSED else path
    return inner.stem, inner.suffix.lower()


def read_npz(path: Path) -> Found:
    """The arrays `inputs` and `targets`."""
    remedy = "store it with numpy.savez(path, inputs=..., targets=...)"
    try:
        with np.load(path, allow_pickle=False) as file:
            if not isinstance(file, np.lib.npyio.NpzFile) or not set(NAMES) <= set(file.files):
                found = f" but {', '.join(file.files) or 'nothing'}" if hasattr(file, "files") else ""
                raise ReplicationError(f"it does not hold inputs and targets{found}", remedy)
            return {name: file[name] for name in NAMES}
    except ReplicationError:
        raise
    except Exception as error:
        raise ReplicationError(f"damaged, or no .npz file of plain arrays ({_reason(error)})", remedy) from None


def read_npy(path: Path) -> Found:
    """One array, or the table that a structured one is."""
    try:
        array = np.load(path, allow_pickle=False)
    except Exception as error:
        problem = f"damaged, or no .npy file of a plain array ({_reason(error)})"
        raise ReplicationError(problem, "store it with numpy.save(path, array), of numbers") from None
    if not isinstance(array, np.ndarray):
        raise ReplicationError("an .npz file by another name", "call it .npz")
    return _table(array) if array.dtype.names else array


def read_text(path: Path) -> Found:
    """A table with names in its first line, separated by commas, or by tabs in a .tsv file."""
    tabs = name_and_ending(path)[1] == ".tsv"
    try:
        table = pd.read_csv(path, sep="\t" if tabs else ",", float_precision="round_trip", skipinitialspace=True)
    except Exception as error:
        problem = f"no table with {'tabs' if tabs else 'commas'} between its columns ({_reason(error)})"
        raise ReplicationError(problem, "write one line of names, then one line for each point, in UTF-8") from None
    if all(_is_number(name) for name in table.columns):
        raise ReplicationError("its first line is numbers", "let the first line name the columns")
    return table


def read_arrow(path: Path) -> Found:
    """A table in Parquet or Feather."""
    reader = pd.read_parquet if path.suffix.lower() == ".parquet" else pd.read_feather
    with optional_parts():
        import pyarrow  # noqa: F401 pandas looks for it too, and says less
    try:
        return reader(path)
    except Exception as error:
        raise ReplicationError(f"damaged, or no {path.suffix} file ({_reason(error)})", "write it again") from None


def read_hdf5(path: Path) -> Found:
    """Data sets `inputs` and `targets`, or a table: a compound data set, or columns of one length."""
    with optional_parts():
        import h5py
    try:
        with h5py.File(path, "r") as file:
            found = {name: file[name][()] for name in file if isinstance(file[name], h5py.Dataset)}
    except Exception as error:
        if "lock" in str(error):
            raise ReplicationError("another program holds it open", "close it there, and run again") from None
        raise ReplicationError(f"damaged, or no HDF5 file ({_reason(error)})", "write it again") from None
    if set(NAMES) <= set(found):
        return {name: _texts(found[name]) for name in NAMES}
    compound = [array for array in found.values() if array.dtype.names]
    if len(compound) == 1:
        return _table(compound[0])
    if len(found) > 1 and len({array.shape for array in found.values()}) == 1 and next(iter(found.values())).ndim == 1:
        return pd.DataFrame({name: _texts(array) for name, array in found.items()})
    held = ", ".join(f"{name} {array.shape}" for name, array in found.items()) or "no data set at its top"
    raise ReplicationError(f"it holds {held}", "store inputs and targets, or columns of one length")


READERS: dict[str, Callable[[Path], Found]] = {
    ".npz": read_npz, ".npy": read_npy, ".csv": read_text, ".tsv": read_text, ".parquet": read_arrow,
    ".feather": read_arrow, ".arrow": read_arrow, ".h5": read_hdf5, ".hdf5": read_hdf5, ".hdf": read_hdf5,
}  # fmt: skip


def _table(array: np.ndarray) -> pd.DataFrame:
    names = array.dtype.names or ()
    if array.ndim != 1 or any(array.dtype[name].subdtype for name in names):
        raise ReplicationError("a structured array that is no table", "store one row for each point, plain columns")
    return pd.DataFrame({name: _texts(array[name]) for name in names})


def _texts(array: np.ndarray) -> np.ndarray:
    """Names that stand in HDF5 as bytes, as texts."""
    if array.dtype.kind not in "OS":
        return array
    return np.array([text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for text in array.flat])


def _is_number(name: object) -> bool:
    try:
        float(str(name))
    except ValueError:
        return False
    return True


def _reason(error: BaseException) -> str:
    """One line of the library's, without its advice to load what can run code."""
    text = " ".join(str(error).split())
    return "Python objects" if "pickle" in text.lower() else text[:120] or type(error).__name__
