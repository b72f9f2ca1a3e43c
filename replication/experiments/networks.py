"""The network of a profile on the data of a task."""

import numpy as np

from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.infinite_width.output_scale import matched
from replication.settings.network import MATCHED, MLP

SAMPLE = 4096  # points of the pool that an output scale is matched to, whatever the training sets


def network_on(dataset: Dataset, network: MLP) -> MLP:
    """The network with its output scale a number: that of "matched" from the first points of the training pool."""
    if network.output_scale != MATCHED:
        return network
    points = np.arange(min(len(dataset.inputs), SAMPLE))
    return matched(network, *Preprocessing.of(dataset).training(dataset, points))
