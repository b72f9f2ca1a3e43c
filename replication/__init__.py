"""Replication of "Uncertainty Quantification From Scaling Laws in Deep Neural Networks" (arXiv 2503.05938).

The names of `__all__` are for programs and notebooks; a module is imported when a name of it is first used.
"""

import os
from importlib import import_module

# Keras would else take what a keras.json in the home folder says, and members be trained by another library than the
# one that their store names; a variable of the environment goes before the file, and is what the store reads
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

__version__ = "0.2.0"

# where each public name lives; type checkers read __init__.pyi, which says the same
_HOMES = {
    "MLP": "replication.api.network",
    "InfiniteWidthEnsemble": "replication.api.estimator",
    "ReplicationError": "replication.errors",
    "average_over_draws": "replication.api.laws",
    "finite_width_correction": "replication.api.perturbation",
    "fit": "replication.api.laws",
    "learning_curve": "replication.api.infinite_width",
    "plot": "replication.api.figures",
    "standardise": "replication.datasets.arrays",
    "train_ensemble": "replication.api.finite_width",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = getattr(import_module(_HOMES[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
