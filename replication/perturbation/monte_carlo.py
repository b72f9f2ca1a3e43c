"""The Monte Carlo over single neurons: batches of neurons, control variates, and when to stop."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from replication.perturbation.influences import Influences
from replication.perturbation.limit import Limit
from replication.perturbation.mean_terms import mean_terms
from replication.perturbation.neurons import Neurons, Probes, roots
from replication.perturbation.response import Response
from replication.perturbation.variance_terms import first_order, variance_terms

BATCH = 32  # neurons whose vectors are treated side by side, with the same probes
PROBES = 8
CHEAP = 10  # neurons of the control variates to each one of the terms
LEAST = 20  # batches before a standard error is believed
GROUPS = 10  # of test points, for the part of c in which a test point covaries with itself
POPULATION = 5  # every so many batches that part is evaluated

Key = tuple[str, str, int]  # "b", "c", "c_first_order" or "c_within"; name of the term; power of the output scale


class Means(NamedTuple):
    """Means over the neurons of each batch, after control variates: keys of the columns, values (batches, keys).

    "c_within", the sum over groups of test points of the terms of c of each, is NaN where a batch did not evaluate it.
    within: the share of the pairs of test points that lie in one group, None if nothing was asked about groups.
    """

    keys: list[Key]
    values: np.ndarray
    neurons: int
    within: float | None = None

    def of(self, kind: str, output_scale: float) -> np.ndarray:
        """Sum of the terms of one kind at the output scale g, in every batch (batches,)."""
        weights = [output_scale**power * (found == kind) for found, _, power in self.keys]
        used = np.flatnonzero([found == kind for found, _, _ in self.keys])
        return self.values[:, used] @ np.array(weights)[used]


def sample(
    limit: Limit,
    rng: np.random.Generator,
    enough: Callable[[Means], bool],
    most_neurons: int,
    infinite_test_set: bool = True,
) -> Means:
    """Evaluate the terms for batches of fresh neurons until `enough`, asked ever so often, or `most_neurons`."""
    influences, (root, partner) = Influences(limit), roots(limit)
    groups = [np.arange(k, len(limit.delta), GROUPS) for k in range(min(GROUPS, len(limit.delta)))]
    parts = [(limit.at(points), points) for points in groups] if infinite_test_set else []
    within = sum(len(points) ** 2 for _, points in parts) / len(limit.delta) ** 2 if parts else None
    regression, batches, ask = Regression(), 0, LEAST
    while True:
        neurons, probes = Neurons.draw(limit, BATCH, rng), Probes.draw(root, partner, PROBES, rng)
        values = evaluate(Response(limit, neurons, probes))
        if batches % POPULATION == 0:
            for part, points in parts:
                terms = variance_terms(Response(part, neurons.at(points), probes.at(points)))
                for (name, power), value in terms.items():
                    key = "c_within", name, power
                    values[key] = values.get(key, 0.0) + value
        cheap = influences.controls(Neurons.draw(limit, CHEAP * BATCH, rng))[1].mean(axis=0)
        regression.add(values, *influences.controls(neurons), cheap)
        batches += 1
        full = batches >= max(LEAST, most_neurons / BATCH)
        if full or batches >= ask:
            means = regression.means()._replace(within=within)
            if full or enough(means):
                return means
            ask = batches + batches // 4


def evaluate(response: Response) -> dict[Key, np.ndarray]:
    """Every term of every neuron of the batch."""
    kinds = {"b": mean_terms, "c": variance_terms, "c_first_order": first_order}
    return {(kind, *key): value for kind, terms in kinds.items() for key, value in terms(response).items()}


class Regression:
    """Terms regressed on control variates, batch by batch.

    A batch's mean of a term loses beta' (mean of the controls - what is known of it): zero of the deviations, their
    mean over the cheap neurons of the products. The slopes beta come from the batches of the other half, even or odd,
    so that the means stay free of bias.
    """

    def __init__(self) -> None:
        self.keys: dict[Key, int] = {}
        self.neurons = 0
        self.powers: list[np.ndarray] = []
        self.products: list[np.ndarray] = []
        self.differences: list[np.ndarray] = []

    def add(
        self, values: dict[Key, np.ndarray], deviations: np.ndarray, products: np.ndarray, cheap: np.ndarray
    ) -> None:
        """One batch: values (m,) of every key, controls (m, 5) and (m, 15), mean of the latter over cheap neurons."""
        for key in values:
            self.keys.setdefault(key, len(self.keys))
        design = np.concatenate([np.ones((len(deviations), 1)), deviations, products], axis=1)
        columns = np.full((len(design), len(self.keys)), np.nan)
        for key, value in values.items():
            columns[:, self.keys[key]] = value
        self.powers.append(design.T @ design)
        self.products.append(design.T @ columns)
        self.differences.append(np.concatenate([deviations.mean(axis=0), products.mean(axis=0) - cheap]))
        self.neurons += len(design)

    def means(self) -> Means:
        """What is known so far."""
        products = np.full((len(self.products), len(self.powers[0]), len(self.keys)), np.nan)
        for batch, product in enumerate(self.products):
            products[batch, :, : product.shape[1]] = product
        powers, differences = np.array(self.powers), np.array(self.differences)
        found = products[:, 0] / powers[:, :1, 0]
        known = ~np.isnan(found)
        for pattern in np.unique(known, axis=1).T:  # terms that the same batches have evaluated
            keys, there = np.flatnonzero((known == pattern[:, None]).all(axis=0)), np.flatnonzero(pattern)
            for half in (0, 1):
                others, these = there[1 - half :: 2], there[half::2]
                if len(others):
                    slopes = _slopes(powers[others].sum(axis=0), products[others][..., keys].sum(axis=0))
                    found[np.ix_(these, keys)] -= differences[these] @ slopes
        return Means(list(self.keys), found, self.neurons)


def _slopes(powers: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Of a regression with a constant, from the products of the controls with one another and with the terms."""
    centred = powers[1:, 1:] - np.outer(powers[1:, 0], powers[0, 1:]) / powers[0, 0]
    wanted = products[1:] - np.outer(powers[1:, 0], products[0]) / powers[0, 0]
    scale = np.sqrt(np.maximum(np.diag(centred), 0.0))
    scale[scale == 0] = 1.0
    return np.linalg.lstsq(centred / np.outer(scale, scale), wanted / scale[:, None], rcond=1e-10)[0] / scale[:, None]
