"""A task of seven pixels and three classes, small enough for every experiment at infinite width."""

import numpy as np

from replication.datasets.dataset import Dataset
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings

POOL, TEST, SEED = 64, 9, 4
TASK = TaskSettings(dataset="uci_digits", pool_size=POOL, test_size=TEST, learning_rate_fraction=0.5)
NETWORK = MLP(depth=2, activation="relu", weight_variance=2.0, bias_variance=0.1)
INFINITE_WIDTH = InfiniteWidth(
    training_sizes=(8, 16, 32), draws=3, engine="closed_form", diag_reg=0.0, singular_diag_reg=1e-10
)


def toy_dataset(seed=7):
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(0, end, shape).astype(np.uint8) for end, shape in ((17, (POOL + TEST, 7)), (3, POOL + TEST)))
    return Dataset(x[:POOL], y[:POOL], x[POOL:], y[POOL:], classes=3)
