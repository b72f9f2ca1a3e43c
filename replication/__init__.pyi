"""What `__init__.py` offers lazily, for type checkers."""

from replication.api.estimator import InfiniteWidthEnsemble as InfiniteWidthEnsemble
from replication.api.figures import plot as plot
from replication.api.finite_width import train_ensemble as train_ensemble
from replication.api.infinite_width import learning_curve as learning_curve
from replication.api.laws import average_over_draws as average_over_draws
from replication.api.laws import fit as fit
from replication.api.network import MLP as MLP
from replication.api.perturbation import finite_width_correction as finite_width_correction
from replication.datasets.arrays import standardise as standardise
from replication.errors import ReplicationError as ReplicationError

__version__: str
__all__ = [
    "MLP",
    "InfiniteWidthEnsemble",
    "ReplicationError",
    "average_over_draws",
    "finite_width_correction",
    "fit",
    "learning_curve",
    "plot",
    "standardise",
    "train_ensemble",
]
