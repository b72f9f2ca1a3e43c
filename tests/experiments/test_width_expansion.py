"""Networks of one hidden layer at order 1/n: the plan, and the moments of members beside what was expected."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from replication.errors import ReplicationError
from replication.experiments.controls import controls
from replication.experiments.ensembles import Subject, case_of, ensembles, training_times
from replication.experiments.lazy_regime import beyond_lazy, linearised_correlation
from replication.experiments.networks import network_on, rounded
from replication.experiments.training import member_table
from replication.experiments.width_expansion import cases, expansion, moments
from replication.finite_width.converged import Members, losses_of
from replication.finite_width.ensemble import initial_weights_of
from replication.finite_width.member_store import MemberStore
from replication.infinite_width.closed_form import kernels
from replication.network import forward, stacked
from replication.perturbation.control_variates import control
from replication.perturbation.corrections import finite_width_correction
from replication.perturbation.limit import Inputs, Limit
from replication.settings.analysis import Statistics
from replication.settings.network import MLP
from replication.settings.training import Execution, FiniteWidth, Training, WidthExpansion
from tests.trained_experiments import SEED, TASK, toy_dataset

SETTINGS = WidthExpansion(output_scales=(1.0, "matched"), precision=0.05, neurons=4000)
SIZES, RATIO = (4, 8), 1e-3
ENSEMBLES = FiniteWidth(widths=(32, 128), training_sizes=SIZES, members=(60, 40))
CONVERGING = Training(steps=600, algorithm="heavy_ball", training_loss_ratio=RATIO)
HEAVY = TASK.model_copy(update={"learning_rate_fraction": 0.5})
SUBJECT = Subject(toy_dataset(), "digits", HEAVY, MLP(depth=2, bias_variance=0.2), SEED)


def network_at(scale):
    return network_on(SUBJECT.dataset, SUBJECT.network.model_copy(update={"depth": 1, "output_scale": scale}))


@pytest.fixture(scope="module")
def theory():
    return expansion(SUBJECT, SETTINGS, ENSEMBLES)


@pytest.fixture(scope="module")
def times():
    return training_times(SUBJECT, cases(SUBJECT, SETTINGS), CONVERGING, SIZES)


@pytest.fixture(scope="module")
def members(times, tmp_path_factory):
    runs = ensembles(SUBJECT, cases(SUBJECT, SETTINGS), CONVERGING, ENSEMBLES, times)
    return member_table(runs, MemberStore(tmp_path_factory.mktemp("store")), Execution(device="cpu"))


@pytest.fixture(scope="module")
def table(theory, members):
    return moments(SUBJECT, ENSEMBLES, theory, members, Statistics(confidence=0.68, resamples=400))


def test_the_theory_is_that_of_every_scale_by_itself(theory):
    """Within the errors of either Monte Carlo; what needs none is the same."""
    data = SUBJECT.data(SIZES)
    for value, rows in theory.groupby("value"):
        network = network_at("matched" if value == "matched" else 1.0)
        assert network.depth == 1
        alone = finite_width_correction(network, *data, (4, 8), widths=(32, 128), precision=0.05, rng=1)
        np.testing.assert_allclose(rows["output_scale"], network.output_scale, rtol=1e-14)
        for name in ("mean", "coefficient_of_variation"):
            np.testing.assert_allclose(rows[name], alone[name], rtol=1e-12)
        for name in ("b", "c"):
            error = np.hypot(rows[f"{name}_error"].to_numpy(), alone[f"{name}_error"].to_numpy())
            assert (np.abs(rows[name].to_numpy() - alone[name].to_numpy()) < 5 * error).all()


def test_trained_members_reach_the_ratio_that_infinite_width_reaches(times, theory, members):
    both = times.merge(theory, on=["value", "training_size"])
    assert (both["training_loss"] <= RATIO * both["mean"]).all()
    assert (times["training_time"] < CONVERGING.steps).all()
    trained = members[(members["method"] == "trained") & (members["width"] == 128)]
    assert trained["reached"].astype(bool).eq(trained["training_loss"] <= 1e-3 * trained["test_loss"]).all()
    assert (trained["training_loss"] < 0.02 * trained["test_loss"]).all()
    assert members.loc[members["method"] == "linearised", "training_loss"].eq(0).all()
    assert np.isinf(members.loc[members["method"] == "linearised", "training_time"]).all()


def test_steps_are_those_of_descent_walked_step_by_step(times):
    """The mean training loss at infinite width by a float64 iteration of the heavy ball on the kernel itself."""
    data = SUBJECT.data(SIZES)
    for value in (1.0, "matched"):
        network = network_at(value)
        both = kernels(network, data.x)
        rows = times[times["value"] == (value if value == "matched" else "g = 1")].set_index("training_size")
        for size in SIZES:
            ntk, nngp, y = both.ntk[:size, :size], both.nngp[:size, :size], data.y[:size]
            eta = 0.5 * 2 * size / np.linalg.eigvalsh(ntk)[-1]
            assert rows.loc[size, "learning_rate"] == pytest.approx(eta, rel=1e-5)
            before = now = np.eye(size)  # what is left of the residuals
            for step in range(int(rows.loc[size, "training_time"])):
                before, now = now, now + step / (step + 6) * (now - before) - eta / size * ntk @ now
            left = (np.sum((now @ y) ** 2) + y.shape[1] * np.trace(now @ nngp @ now.T)) / (2 * size)
            assert rows.loc[size, "training_loss"] == pytest.approx(left, rel=1e-6)


def keys(runs):
    store = MemberStore(Path("nowhere"))
    return [store.key(run.ensemble, run.data().first(run.ensemble.training_size)) for run in runs]


def test_learning_curves_and_the_expansion_share_their_members():
    subject = SUBJECT._replace(network=SUBJECT.network.model_copy(update={"depth": 1, "output_scale": "matched"}))
    own, others = [case_of(subject)], cases(subject, SETTINGS)
    times = training_times(subject, [*own, *others], CONVERGING, SIZES)
    curve, expansions = (ensembles(subject, some, CONVERGING, ENSEMBLES, times) for some in (own, others))
    matched = [run for run in expansions if run.labels.value == "matched"]
    assert keys(curve) == keys(matched)
    assert not set(keys(curve)) & set(keys(run for run in expansions if run.labels.value != "matched"))
    assert {run.labels.experiment for run in curve} == {"learning_curve"}


def test_linearised_members_end_where_they_are_told_to(times):
    few = ENSEMBLES.model_copy(update={"largest_linearised": 4})
    runs = ensembles(SUBJECT, cases(SUBJECT, SETTINGS), CONVERGING, few, times)
    sizes = {method: {r.ensemble.training_size for r in runs if r.ensemble.method == method}
             for method in ("trained", "linearised")}  # fmt: skip
    assert sizes == {"trained": {4, 8}, "linearised": {4}}
    assert {run.members for run in runs if run.ensemble.width == 32} == {60}


def test_members_do_not_depend_on_the_last_bits_of_a_rate():
    rate = 0.123456789
    assert rounded(rate) == 0.123457 == rounded(np.nextafter(rate, 1))
    assert np.isnan(rounded(np.nan))


def test_a_task_may_have_output_scales_of_its_own():
    own = SUBJECT._replace(task=HEAVY.model_copy(update={"output_scales": (0.3,)}))
    assert [case.labels.value for case in cases(own, SETTINGS)] == ["g = 0.3"]
    assert [case.network.output_scale for case in cases(own, SETTINGS)] == [0.3]


def test_times_that_lack_a_size_are_one_line(times):
    with pytest.raises(ReplicationError, match="no training time on 8 points"):
        ensembles(SUBJECT, cases(SUBJECT, SETTINGS), CONVERGING, ENSEMBLES, times[times["training_size"] == 4])


def test_linearised_members_are_those_of_the_same_weights(theory, members):
    data = SUBJECT.data(SIZES)
    scale = theory.loc[theory["value"] == "matched", "output_scale"].iloc[0]
    weights = [initial_weights_of(network_at(1.0), 32, 7, 3, SEED, "digits", k) for k in range(60)]
    drawn = Members(network_at(1.0), [(w.astype(float), b.astype(float)) for w, b in stacked(weights)])
    expected = losses_of(drawn, *data, [4, 8]).losses.at(scale)
    rows = members[(members["method"] == "linearised") & (members["width"] == 32) & (members["value"] == "matched")]
    for size, losses in zip((4, 8), expected, strict=True):
        np.testing.assert_allclose(rows.loc[rows["training_size"] == size, "test_loss"], losses, rtol=1e-9)


def test_controls_are_those_of_each_member(theory):
    network, data = network_at(1.0), SUBJECT.data(SIZES)
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
