"""What every data source delivers: integers only, so that prepared data are bit-exact on every machine."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from replication.settings.tasks import Centre, Transform

Files = Callable[[], list[Path]]  # fetches and verifies the files of a source


class Dataset(NamedTuple):
    """A training pool and a test set that share no point.

    inputs:       (pool_size, *input_shape) unsigned integers: pixel values or detector counts
    targets:      (pool_size,) integers: class labels 0 ... classes - 1, or for regression the target in integer units
    test_inputs:  (test_size, *input_shape), the type of `inputs`
    test_targets: (test_size,), the type of `targets`
    classes:      number of classes; 0 for regression
    transform, centre: how the inputs are to be preprocessed; see `Preprocessing`
    """

    inputs: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray
    test_targets: np.ndarray
    classes: int
    transform: Transform = "none"
    centre: Centre = "global"
