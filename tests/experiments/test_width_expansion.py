"""Networks of one hidden layer at order 1/n: the plan, and the moments of members beside what was expected."""

import re

import numpy as np
import pandas as pd
import pytest

from replication.experiments.controls import controls
from replication.experiments.lazy_regime import beyond_lazy, linearised_correlation
from replication.experiments.training import member_table
from replication.experiments.width_expansion import Subject, ensembles, expansion, moments
from replication.finite_width.converged import Members, losses_of
from replication.finite_width.ensemble import initial_weights_of
from replication.finite_width.member_store import MemberStore
from replication.network import forward, stacked
from replication.perturbation.control_variates import control
from replication.perturbation.corrections import finite_width_correction
from replication.perturbation.limit import Inputs, Limit
from replication.settings.analysis import Statistics
from replication.settings.network import MLP
from replication.settings.training import Execution, WidthExpansion
from tests.trained_experiments import SEED, TASK, toy_dataset

SETTINGS = WidthExpansion(
    output_scales=(1.0, "matched"), training_sizes=(4, 8), widths=(32, 128), members=(60, 40),
    training_loss_ratio=1e-3, steps=600, precision=0.05, neurons=4000,
)  # fmt: skip
SUBJECT = Subject(toy_dataset(), "digits", TASK, MLP(depth=2, bias_variance=0.2), SEED)


@pytest.fixture(scope="module")
def theory():
    return expansion(SUBJECT, SETTINGS)


@pytest.fixture(scope="module")
def members(theory, tmp_path_factory):
    runs = ensembles(SUBJECT, SETTINGS, theory)
    return member_table(runs, MemberStore(tmp_path_factory.mktemp("store")), Execution(device="cpu"))


@pytest.fixture(scope="module")
def table(theory, members):
    return moments(SUBJECT, SETTINGS, theory, members, Statistics(confidence=0.68, resamples=400))


def test_the_theory_is_that_of_every_scale_by_itself(theory):
    """Within the errors of either Monte Carlo; what needs none is the same."""
    data = SUBJECT.data(SETTINGS)
    for value, rows in theory.groupby("value"):
        network = SUBJECT.network_at("matched" if value == "matched" else 1.0)
        assert network.depth == 1
        alone = finite_width_correction(network, *data, (4, 8), widths=(32, 128), precision=0.05, rng=1)
        np.testing.assert_allclose(rows["output_scale"], network.output_scale, rtol=1e-14)
        for name in ("mean", "coefficient_of_variation"):
            np.testing.assert_allclose(rows[name], alone[name], rtol=1e-12)
        for name in ("b", "c"):
            error = np.hypot(rows[f"{name}_error"].to_numpy(), alone[f"{name}_error"].to_numpy())
            assert (np.abs(rows[name].to_numpy() - alone[name].to_numpy()) < 5 * error).all()


def test_trained_members_reach_the_ratio_that_infinite_width_reaches(theory, members):
    assert (theory["training_loss"] <= 1e-3 * theory["mean"]).all()
    assert (theory["training_time"] < SETTINGS.steps).all()
    trained = members[(members["method"] == "trained") & (members["width"] == 128)]
    assert trained["reached"].astype(bool).eq(trained["training_loss"] <= 1e-3 * trained["test_loss"]).all()
    assert (trained["training_loss"] < 0.02 * trained["test_loss"]).all()
    assert members.loc[members["method"] == "linearised", "training_loss"].eq(0).all()
    assert np.isinf(members.loc[members["method"] == "linearised", "training_time"]).all()


def test_linearised_members_are_those_of_the_same_weights(theory, members):
    data = SUBJECT.data(SETTINGS)
    scale = theory.loc[theory["value"] == "matched", "output_scale"].iloc[0]
    weights = [initial_weights_of(SUBJECT.network_at(1.0), 32, 7, 3, SEED, "digits", k) for k in range(60)]
    drawn = Members(SUBJECT.network_at(1.0), [(w.astype(float), b.astype(float)) for w, b in stacked(weights)])
    expected = losses_of(drawn, *data, [4, 8]).losses.at(scale)
    rows = members[(members["method"] == "linearised") & (members["width"] == 32) & (members["value"] == "matched")]
    for size, losses in zip((4, 8), expected, strict=True):
        np.testing.assert_allclose(rows.loc[rows["training_size"] == size, "test_loss"], losses, rtol=1e-9)


def test_controls_are_those_of_each_member(theory):
    network, data = SUBJECT.network_at(1.0), SUBJECT.data(SETTINGS)
    found = list(controls(network, data, (4, 8), {32: 5}, [1.0, 0.4], SEED, "digits"))
    assert [(one.width, one.training_size, one.output_scale) for one in found] == [
        (32, 4, 1.0), (32, 4, 0.4), (32, 8, 1.0), (32, 8, 0.4),
    ]  # fmt: skip
    inputs = Inputs.of(network, data.x, data.test_x)
    for one in found:
        size = one.training_size
        limit = Limit.of(inputs.leading(size), data.y[:size], data.test_y)
        weights = initial_weights_of(network, 32, 7, 3, SEED, "digits", 3)
        start, test_start = (forward(network, weights, points)[None] for points in (data.x[:size], data.test_x))
        assert one.values[3] == pytest.approx(control(limit, start, test_start, one.output_scale).item(), rel=1e-12)
        assert one.known.mean == pytest.approx(limit.sources(one.output_scale).variance + limit.sources(
            one.output_scale).squared_bias, rel=1e-12)  # fmt: skip


def test_the_table_has_what_was_found_beside_what_was_expected(table, theory, members):
    assert len(table) == 2 * 2 * 2 * 2  # scales, methods, widths, sizes
    one = table[(table["value"] == "matched") & (table["method"] == "trained") & (table["width"] == 128)].iloc[1]
    same = members[(members["value"] == "matched") & (members["method"] == "trained") & (members["width"] == 128)]
    losses = same.loc[same["training_size"] == 8, "test_loss"]
    assert one["mean"] == pytest.approx(losses.mean())
    assert one["coefficient_of_variation"] == pytest.approx(losses.std() / losses.mean())
    expected = theory[(theory["value"] == "matched") & (theory["training_size"] == 8)].iloc[0]
    assert one["expected_coefficient_of_variation"] == expected["coefficient_of_variation_at_128"]
    assert one["infinite_coefficient_of_variation"] == expected["coefficient_of_variation"]
    assert 0 < one["flipped_share"] < 0.3


def test_linearised_members_lie_on_the_expansion_and_controls_pay(table):
    """Width 128, N_D / n of 1/16 and less: within four errors, the mean within 2 % for what is of order 1/n^2."""
    wide = table[(table["width"] == 128) & (table["method"] == "linearised")]
    for row in wide.to_dict("records"):
        error = np.hypot(row["controlled_coefficient_of_variation_standard_error"],
                         row["expected_coefficient_of_variation_error"])  # fmt: skip
        distance = row["controlled_coefficient_of_variation"] - row["expected_coefficient_of_variation"]
        assert abs(distance) < 4 * error + 0.02 * row["expected_coefficient_of_variation"]
        mean_error = row["controlled_mean_standard_error"]
        assert abs(row["controlled_mean"] - row["expected_mean"]) < 4 * mean_error + 0.02 * row["expected_mean"]
    ratio = wide["controlled_mean_standard_error"] / wide["mean_standard_error"]
    assert ratio[wide["value"] == "g = 1"].max() < 0.7


def test_wide_networks_stay_near_their_linearisation(table):
    trained = table[(table["method"] == "trained") & (table["value"] == "g = 1")].set_index(["width", "training_size"])
    flipped, correlation = trained["flipped_share"], trained["linearised_correlation"]
    assert flipped.loc[128, 4] < flipped.loc[32, 4]
    assert correlation.loc[128, 4] > 0.9
    assert correlation.loc[128, 8] > correlation.loc[32, 8]


def lazy_table(**columns):
    row = {"method": "trained", "width": 64, "training_size": 32, "flipped_share": 0.01}
    return pd.DataFrame([row | {"linearised_correlation": np.nan} | columns])


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({}, None),
        ({"flipped_share": 0.08}, "8% of the ReLUs at training points switched"),
        ({"flipped_share": 0.08, "linearised_correlation": 0.97}, None),
        ({"linearised_correlation": 0.6}, "1% of the ReLUs .* the correlation with the linearised loss is 0.60"),
        ({"flipped_share": np.nan, "linearised_correlation": 0.6}, "regime: the correlation"),
        ({"method": "linearised", "flipped_share": 0.5}, None),
    ],
)
def test_networks_that_left_the_lazy_regime_are_told_of(columns, told):
    found = list(beyond_lazy(lazy_table(**columns)))
    if told is None:
        assert not found
    else:
        (sentence,) = found
        assert sentence.startswith("width 64, N_D 32: networks left the lazy regime")
        assert re.search(told, sentence)


def test_the_correlation_is_over_members_with_the_same_weights():
    rows = [
        {"width": 8, "training_size": 4, "method": method, "member": member, "test_loss": loss}
        for method, losses in (("trained", (1.0, 2.0, 4.0)), ("linearised", (2.0, 3.0, 5.0)))
        for member, loss in enumerate(losses)
    ]
    table, key = pd.DataFrame(rows), {"width": 8, "training_size": 4, "method": "trained"}
    assert linearised_correlation(table, key) == pytest.approx(1)
    assert np.isnan(linearised_correlation(table, key | {"method": "linearised"}))
    assert np.isnan(linearised_correlation(table[table["method"] == "trained"], key))
