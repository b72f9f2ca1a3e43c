"""A prepared data set as a file: uncompressed .npz, the same bytes on every machine."""

import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import get_args

import numpy as np

from replication import atomic
from replication.datasets.dataset import Dataset
from replication.errors import ReplicationError
from replication.settings.tasks import Centre, Transform


def write(dataset: Dataset, path: Path) -> None:
    """Store the data set at `path`, whole or not at all."""
    buffer = BytesIO()
    np.savez(buffer, **dataset._asdict())
    atomic.write(path, buffer.getvalue())


def read(path: Path) -> Dataset:
    """The data set stored at `path`; ReplicationError if the file is missing or damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {field: file[field] for field in Dataset._fields}
        scalars = {field: arrays[field].item() for field in ("classes", "transform", "centre")}
        dataset = Dataset(**arrays | scalars)
        for inputs, targets in ((dataset.inputs, dataset.targets), (dataset.test_inputs, dataset.test_targets)):
            if len(inputs) != len(targets) or inputs.dtype.kind != "u" or targets.dtype.kind != "u":
                raise ValueError("inputs and targets do not match")
        if dataset.transform not in get_args(Transform) or dataset.centre not in get_args(Centre):
            raise ValueError("unknown preprocessing")
    except FileNotFoundError:
        raise ReplicationError(f"no prepared data {path}", "run the stage prepare_data first") from None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise ReplicationError(
            f"{path} is not a prepared data set, or damaged ({reason})", "delete it and run prepare_data again"
        ) from None
    return dataset
