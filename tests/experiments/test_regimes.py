"""Trained networks in the four regimes: exponents of toys, and small networks whose law is known."""

import numpy as np
import pandas as pd
import pytest
from replication.experiments.regimes import trained_exponents

from replication.experiments.trained_regimes import (
    resolution_limited_in_data,
    resolution_limited_in_width,
    variance_limited_in_data,
    variance_limited_in_width,
)
from replication.finite_width.ensemble import Data
from replication.scaling_laws.exponents import exponent_of_means
from replication.settings.network import MLP
from replication.settings.sections import Window
from tests.reference_network import CPU, ERF, data, training_of

SPEC = MLP(depth=1, **ERF)


def toy(exponent, error, seed, sizes=(64, 128, 256, 512, 1024)):
    noise = np.random.default_rng(seed).normal(size=len(sizes))
    losses = 3.0 * np.array(sizes, float) ** -exponent * (1 + error * noise)
    return pd.DataFrame({"size": sizes, "loss": losses, "standard_error": error * losses})


def test_an_exact_law_is_found():
    row = exponent_of_means(toy(0.7, 1e-9, 0), Window(smallest=128, largest=1024), 0.68)
    assert row["exponent"] == pytest.approx(0.7, abs=1e-7)
    assert row["amplitude"] == pytest.approx(3, rel=1e-6)
    assert (row["smallest"], row["largest"], row["points"]) == (128, 1024, 4)


def test_intervals_cover_no_less_than_they_say():
    """68 % of toys, and no more than 85 %: errors are only ever enlarged, and Student's quantiles are wide."""
    window, covered = Window(smallest=64, largest=1024), 0
    for seed in range(1000):
        row = exponent_of_means(toy(1.0, 0.1, seed), window, 0.68)
        covered += row["lower"] <= 1.0 <= row["upper"]
    assert 650 < covered < 850


def test_predictions_stand_beside_variance_limited_exponents():
    regimes = type("Regimes", (), {name: type("R", (), {"window": Window(smallest=64, largest=1024)})
                                   for name in ("variance_width", "resolution_width")})  # fmt: skip
    curves = pd.concat(
        [toy(1.0, 0.05, 1).assign(regime="variance_width"), toy(0.4, 0.05, 2).assign(regime="resolution_width")]
    ).assign(series="toys", variable="width")
    table = trained_exponents(curves, regimes, 0.68).set_index("regime")
    assert table.loc["variance_width", "prediction"] == 1
    assert np.isnan(table.loc["resolution_width", "prediction"])
    assert table.loc["resolution_width", "exponent"] == pytest.approx(0.4, abs=0.1)


def test_the_difference_to_the_linearised_network_falls_as_1_over_width():
    rows = list(variance_limited_in_width(SPEC, training_of(40), data(), 0.1, (64, 512), 200, 3, CPU))
    (wide, wider), ratio = rows, rows[0]["loss"] / rows[1]["loss"]
    relative = np.hypot(wide["standard_error"] / wide["loss"], wider["standard_error"] / wider["loss"])
    assert relative < 0.2
    assert wide["sign"] == wider["sign"]
    assert abs(np.log(ratio / 8)) < 3 * relative + 0.15  # higher orders in 1 / width


def test_the_excess_of_a_small_network_falls_as_1_over_d():
    """A linear model knows its excess: this small network's falls by 4 from D = 128 to 512, within three errors."""
    both = data(3, 400)
    population = Data(both.x, both.y / 3, both.x, both.y / 3)
    rows = list(variance_limited_in_data(SPEC, training_of(800), population, 0.3, 2, (128, 512), 24, 1, 3, CPU))
    ratio = rows[0]["loss"] / rows[1]["loss"]
    relative = np.hypot(*(row["standard_error"] / row["loss"] for row in rows))
    assert rows[0]["sign"] == rows[1]["sign"] == 1
    assert relative < 0.3
    assert abs(np.log(ratio / 4)) < 3 * relative


def test_wider_networks_resolve_more():
    both = data(4, 60)
    population = Data(both.x, both.y, both.x, both.y)
    adam = training_of(300, "adam", batch_size=60, schedule="cosine")
    losses = [row["loss"] for row in resolution_limited_in_width(SPEC, adam, population, 0.1, (2, 8, 32), 3, 3, CPU)]
    assert losses[0] > 1.2 * losses[1] > 1.2**2 * losses[2]


def test_batches_stand_for_the_whole_population_and_all_of_it_is_no_batch():
    both = data(4, 60)
    population = Data(both.x, both.y, both.x, both.y)

    def losses(batch_size, schedule="cosine"):
        adam = training_of(300, "adam", batch_size=batch_size, schedule=schedule)
        arguments = SPEC, adam, population, 0.1, (8,), 3, 3, CPU
        (row,) = resolution_limited_in_width(*arguments)
        return row["loss"]

    assert losses(60) == losses(1000)
    assert losses(16) == pytest.approx(losses(60), rel=0.3)
    assert losses(16) != losses(60)


def test_students_are_trained_on_nested_sets_in_batches():
    both, adam = data(4, 40), training_of(60, "adam", batch_size=16, schedule="cosine")
    few, many = resolution_limited_in_data(SPEC, adam, both, 0.1, 8, (10, 40), 3, 3, CPU)
    assert few.shape == many.shape == (3,)
    again, _ = resolution_limited_in_data(SPEC, adam, both, 0.1, 8, (10, 20), 3, 3, CPU)
    np.testing.assert_array_equal(few, again)
