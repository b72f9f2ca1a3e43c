"""The scale of the outputs at initialisation, beside that of the targets."""

import numpy as np

from replication.errors import ReplicationError
from replication.infinite_width.closed_form import diagonal
from replication.settings.network import MATCHED, MLP


def matched(network: MLP, x: np.ndarray, y: np.ndarray) -> MLP:
    """The network with the output scale g a number: as it is, or for "matched" from inputs (N, d), targets (N, C).

    g^2 = Var Y / <K(x, x)>: the variance of the targets about the mean of each output, over the mean of the NNGP kernel
    of the points at g = 1, so that outputs at initialisation scatter as the targets do. ReplicationError for targets
    that are all the same.
    """
    if network.output_scale != MATCHED:
        return network
    variance = float(np.mean(np.var(y, axis=0)))
    if not variance > 0:
        raise ReplicationError("an output scale to match targets that do not vary", "give a number as output_scale")
    square = variance / float(np.mean(diagonal(network.unscaled, x).nngp))
    return network.model_copy(update={"output_scale": square**0.5})
