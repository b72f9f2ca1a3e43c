"""What the plateau of eps_L at infinite width depends on: one property of network or target varied at a time."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication import schema
from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_draws
from replication.infinite_width.learning_curve import Regularisation, compute_kernels, learning_curve
from replication.settings.infinite_width import InfiniteWidth, Variations
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings

PROPERTIES = ("depth", "weight_variance", "bias_variance")
TARGET_SCALE = "target_scale"


class NetworkVariation(NamedTuple):
    """The property that differs, its value, the network that has it, and the number that multiplies every target."""

    varied: str
    value: float
    network: MLP
    scale: float = 1.0


def network_variations(
    dataset: Dataset,
    task_name: str,
    task: TaskSettings,
    network: MLP,
    infinite_width: InfiniteWidth,
    variations: Variations,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """A row for every draw, variation, method and training size, in the columns of `learning_curve`.

    Gradient descent is converged (training_time inf). `progress` is called after every draw of every variation.
    """
    test_x, test_y = Preprocessing.of(dataset).test(dataset)
    sizes = variations.training_sizes
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    algebra, rows = infinite_width.linear_algebra, []
    for draw, (x, y) in enumerate(training_draws(dataset, task_name, sizes[-1], variations.draws, seed)):
        for varied_network, of_network in groupby(variations_of(network, variations), key=lambda one: one.network):
            # by recursion whatever the profile's engine: neural-tangents would compile every network anew
            kernels = compute_kernels(varied_network, "closed_form", x, y, test_x)
            for variation in of_network:
                scaled, scaled_test_y = kernels._replace(y=variation.scale * y), variation.scale * test_y
                key = {"draw": draw, "varied": variation.varied, "value": variation.value}
                curve = learning_curve(scaled, scaled_test_y, sizes, regularisation, algebra=algebra)
                rows += [key | row for row in curve]
                progress()
    subject = {"experiment": schema.NETWORK_VARIATION, "task": task_name, "dataset": task.dataset, "width": np.inf}
    table = pd.DataFrame(rows).assign(**subject)
    leading = ["experiment", *schema.SUBJECT, *schema.VARIATION, "method", "width", *schema.RUN]
    return table[[*leading, *table.columns.difference(leading, sort=False)]]


def variations_of(network: MLP, variations: Variations) -> Iterator[NetworkVariation]:
    """Every variation that the settings ask for, the network's own value among those of each property."""
    for varied in PROPERTIES:
        for value in sorted({getattr(network, varied), *getattr(variations, varied)}):
            yield NetworkVariation(varied, value, network.model_copy(update={varied: value}))
    for scale in sorted({1.0, *variations.target_scale}):
        yield NetworkVariation(TARGET_SCALE, scale, network, scale)
