"""The network of a profile on the data of a task."""

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.infinite_width.output_scale import matched
from replication.settings.network import MATCHED, MLP

SAMPLE = 4096  # points of the pool that an output scale is matched to, whatever the training sets


DIGITS = 6  # of numbers that members are trained by


def network_on(dataset: Dataset, network: MLP) -> MLP:
    """The network with its output scale a number: that of "matched" from the first points of the training pool."""
    if network.output_scale != MATCHED:
        return network
    points = np.arange(min(len(dataset.inputs), SAMPLE))
    found = matched(network, *Preprocessing.of(dataset).training(dataset, points))
    return found.model_copy(update={"output_scale": rounded(float(found.output_scale))})


def rounded(number: float) -> float:
    """To `DIGITS` digits, so that no member depends on the last bits that a processor or a library gives a kernel.

    Finished members of one machine are those of another, and survive a change of how kernels are computed.
    """
    return float(f"{number:.{DIGITS}g}")
