"""How estimates over the members of an ensemble are correlated between training sizes: one bootstrap for all sizes.

Member k starts from the same weights at every training size, and trained and linearised alike. Members are therefore
resampled as wholes, with one set of indices for all sizes. Members of another width are others, and independent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import member_moments
from replication.scaling_laws.tables import groups
from replication.schema import STATISTICS
from replication.seeds import generator

VARIANTS = ("task", "varied", "value", "width")


class Correlations(NamedTuple):
    """How an estimate over so many members is correlated between training sizes: matrix (sizes, sizes)."""

    sizes: list[int]
    members: int
    matrix: np.ndarray

    def covariance(self, sizes: Sequence[float], errors: np.ndarray) -> np.ndarray:
        """Covariance (n, n) at n of the sizes, in the order given, of estimates with standard errors `errors` (n,)."""
        index = [self.sizes.index(int(size)) for size in sizes]
        return np.outer(errors, errors) * self.matrix[np.ix_(index, index)]


def member_correlations(
    members: pd.DataFrame, keys: Sequence[str], resamples: int, seed: int
) -> dict[tuple, Correlations]:
    """Of ln mu_L, ln sigma_L and ln eps_L of every ensemble: Correlations by (*values of the keys, statistic).

    members: rows of keys, training_size, member and test_loss. Ensembles of one task and width, which have the same
    members, are resampled alike. A member that lacks a training size is left out.
    """
    found = {}
    for label, rows in groups(members, keys):
        losses = _by_size(rows)
        matrices = correlation_matrices(losses.to_numpy(), resamples, _stream(seed, label))
        for name, matrix in matrices.items():
            found[*label.values(), name] = Correlations(losses.index.to_list(), losses.shape[1], matrix)
    return found


def correlation_matrices(losses: np.ndarray, resamples: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Of ln mu_L, ln sigma_L and ln eps_L, by name: (sizes, sizes), for losses (sizes, members) of the same members."""
    moments = member_moments(_resampled(losses, resamples, rng))
    return {name: correlation_matrix(np.log(values)) for name, values in zip(STATISTICS, moments, strict=True)}


def correlation_matrix(resampled: np.ndarray) -> np.ndarray:
    """Correlation (sizes, sizes) of resampled estimates (sizes, resamples); one that never varies has none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.atleast_2d(np.corrcoef(resampled))
    return np.where(np.isfinite(matrix), matrix, np.eye(len(matrix)))


def _by_size(rows: pd.DataFrame) -> pd.DataFrame:
    """Training sizes in rows, members in columns."""
    return rows.pivot(index="training_size", columns="member", values="test_loss").dropna(axis=1)


def _stream(seed: int, label: dict) -> np.random.Generator:
    return generator(seed, "bootstrap of members", label["task"], label["width"])


def _resampled(losses: np.ndarray, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Losses (sizes, members) of resampled members, the same at all sizes: (sizes, resamples, members)."""
    members = losses.shape[1]
    return losses[:, rng.integers(members, size=(resamples, members))]
