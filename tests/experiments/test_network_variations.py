"""Infinitely wide networks that differ in one property."""

import numpy as np
import pandas as pd

from replication import schema
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.experiments.network_variations import network_variations, variations_of
from replication.infinite_width.learning_curve import compute_kernels, learning_curve
from replication.settings.infinite_width import Variations
from tests.experiments.toy_task import INFINITE_WIDTH, NETWORK, POOL, SEED, TASK, toy_dataset

VARIATIONS = Variations(
    training_sizes=(8, 16), draws=3, depth=(1,), weight_variance=(1.5, 2.0), bias_variance=(), target_scale=(0.5,)
)
VALUES = {"depth": [1, 2], "weight_variance": [1.5, 2], "bias_variance": [0.1], "target_scale": [0.5, 1]}


def test_the_networks_own_value_is_among_those_of_every_property():
    found = list(variations_of(NETWORK, VARIATIONS))
    assert {name: [one.value for one in found if one.varied == name] for name in VALUES} == VALUES
    for one in found:
        changed = {} if one.varied == "target_scale" else {one.varied: one.value}
        assert one.network == NETWORK.model_copy(update=changed)
        assert one.scale == (one.value if one.varied == "target_scale" else 1)


def test_a_variation_changes_one_property_and_the_rest_stays():
    dataset, steps = toy_dataset(), []
    arguments = dataset, "digits", TASK, NETWORK, INFINITE_WIDTH, VARIATIONS, SEED, lambda: steps.append(1)
    table = network_variations(*arguments)
    assert list(table.columns[:6]) == ["experiment", "task", "dataset", "varied", "value", "method"]
    assert set(table["experiment"]) == {schema.NETWORK_VARIATION}
    assert np.isinf(table[["width", "training_time"]]).all(axis=None)
    assert table.groupby("varied")["value"].unique().map(sorted).to_dict() == VALUES
    assert len(table) == sum(map(len, VALUES.values())) * 3 * 2 * 2  # draws, methods, sizes
    assert len(steps) == sum(map(len, VALUES.values())) * 3
    preprocessing = Preprocessing.of(dataset)
    test_x, test_y = preprocessing.test(dataset)
    for draw in range(3):
        x, y = preprocessing.training(dataset, training_order(POOL, 16, SEED, "digits", draw))
        for one in variations_of(NETWORK, VARIATIONS):
            rows = table[
                (table["draw"] == draw) & (table["varied"] == one.varied) & (table["value"] == one.value)
            ].set_index(["method", "training_size"])
            kernels = compute_kernels(one.network, "closed_form", x, one.scale * y, test_x)
            expected = pd.DataFrame(learning_curve(kernels, one.scale * test_y, (8, 16)))
            expected = expected.set_index(["method", "training_size"])
            for column in (*schema.STATISTICS, schema.INFINITE_TEST_SET):
                np.testing.assert_allclose(rows.loc[expected.index, column], expected[column], rtol=1e-10)
