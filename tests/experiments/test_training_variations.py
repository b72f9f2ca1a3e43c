"""Ways of training that differ in one property: which there are, what infinite width says of each, the stage."""

import numpy as np
import pytest

from replication.datasets import prepared
from replication.errors import ReplicationError
from replication.experiments.ensembles import Subject
from replication.experiments.training_variations import (
    expectations,
    expected_of_variations,
    training_variations,
    variants,
)
from replication.finite_width.ensemble import Data
from replication.infinite_width.closed_form import kernels
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.analysis import Statistics
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Execution, FiniteWidth, TrainingVariations
from replication.stages import files
from replication.stages.ensemble_plans import ensemble_table, plan_ensembles
from replication.stages.run_paths import RunPaths
from replication.stages.train_ensembles import train_ensembles
from tests.reference_network import ERF, training_of
from tests.trained_experiments import EXPANSION, toy_dataset

NETWORK, TRAINING = MLP(depth=2, **ERF), training_of(30)
ASKED = TrainingVariations(
    width=6,
    training_sizes=(4, 8, 16),
    members=8,
    steps=17,
    algorithm=("momentum", "adam"),
    parametrisation=("ntk", "standard", "mup"),
    activation=("relu",),
    depth=(1,),
)
TASK = TaskSettings(dataset="uci_digits", pool_size=60, test_size=9, learning_rate_fraction=0.2)
PATHS = RunPaths("toys", "digits")


def subject(network=NETWORK):
    return Subject(toy_dataset(), "digits", TASK, network, 3)


def toy_data(rng, points=8):
    x, test_x = rng.normal(size=(points, 5)), rng.normal(size=(4, 5))
    return Data(x, np.sin(x[:, :2]), test_x, np.sin(test_x[:, :2]))


def test_one_property_is_changed_at_a_time_and_the_own_value_comes_first():
    made = list(variants(subject(), TRAINING, ASKED))
    assert [(variant.varied, variant.value) for variant in made] == [
        ("algorithm", "gradient_descent"), ("algorithm", "momentum"), ("algorithm", "adam"),
        ("parametrisation", "ntk"), ("parametrisation", "standard"), ("parametrisation", "mup"),
        ("activation", "erf"), ("activation", "relu"),
        ("depth", "2"), ("depth", "1"),
    ]  # fmt: skip
    own = NETWORK.model_dump() | TRAINING.model_dump()
    for variant in made:
        now = variant.network.model_dump() | variant.training.model_dump()
        changed = {name for name in own if now[name] != own[name]}
        assert changed <= {variant.varied}
        assert str(now[variant.varied]) == variant.value


def test_infinite_width_after_steps_is_that_of_step_by_step_descent(rng):
    """f_k = f_0 - J..., walked one step at a time for mean and covariance, with and without momentum."""
    data, fraction = toy_data(rng), 0.2
    both = {variant.value: variant for variant in variants(subject(), TRAINING, ASKED) if variant.varied == "algorithm"}
    everything = kernels(NETWORK, np.vstack([data.x, data.test_x]))
    for name, momentum in (("gradient_descent", 0.0), ("momentum", TRAINING.momentum)):
        (found,) = expectations(both[name], 6, data, (8,), fraction)
        largest = 2 / np.linalg.eigvalsh(everything.ntk[:8, :8] / 8)[-1]
        assert found.training_time == TRAINING.steps
        assert found.learning_rate == pytest.approx(fraction * largest, rel=1e-5)  # six digits
        assert found.largest_learning_rate == pytest.approx(largest * (1 + momentum), rel=1e-5)
        # outputs at all 12 points as a linear map of the initial ones, plus what the targets add
        shape, step = everything.ntk[:, :8] * fraction * largest / 8, np.zeros((12, 12))
        matrix, offset, velocity, drift = np.eye(12), np.zeros((12, 2)), step, np.zeros((12, 2))
        for _ in range(TRAINING.steps):
            velocity = momentum * velocity - shape @ matrix[:8]
            drift = momentum * drift - shape @ (offset[:8] - data.y)
            matrix, offset = matrix + velocity, offset + drift
        covariance = (matrix @ everything.nngp @ matrix.T)[8:, 8:]
        expected = gaussian_moments(offset[8:], covariance, data.test_y)
        np.testing.assert_allclose(found[3:], expected, rtol=1e-7)


def test_what_has_no_theory_has_no_moments(rng):
    for variant in variants(subject(), TRAINING, ASKED):
        for found in expectations(variant, 6, toy_data(rng), (4, 8), 0.2):
            known = variant.value not in ("adam", "mup")
            assert np.isfinite(found[3:]).all() == known
            assert np.isnan(found.largest_learning_rate) == (variant.value == "adam")


def test_features_are_learnt_at_half_the_rate(rng):
    found = {
        variant.value: next(iter(expectations(variant, 6, toy_data(rng), (8,), 0.2)))
        for variant in variants(subject(), TRAINING, ASKED)
        if variant.varied == "parametrisation"
    }
    share = {value: one.learning_rate / one.largest_learning_rate for value, one in found.items()}
    assert share["mup"] == pytest.approx(share["ntk"] / 2, rel=1e-5)
    assert share["standard"] == pytest.approx(share["ntk"], rel=1e-5)


def test_variants_that_are_not_in_the_table_are_one_line():
    asked = subject(), TRAINING, ASKED
    expected = expected_of_variations(*asked)
    with pytest.raises(ReplicationError, match="no learning rate for algorithm momentum on 4 points"):
        training_variations(*asked, expected[expected["value"] != "momentum"])


def test_variants_stop_at_the_ratio_where_infinite_width_knows_it_and_after_the_declared_steps_elsewhere():
    converging = TRAINING.model_copy(update={"steps": 400, "training_loss_ratio": 0.5})
    table = expected_of_variations(subject(), converging, ASKED).set_index(["varied", "value", "training_size"])
    for value in ("adam", "mup"):
        varied = "algorithm" if value == "adam" else "parametrisation"
        assert (table.loc[varied, value]["training_time"] == ASKED.steps).all()
    known = table.loc["activation", "erf"]["training_time"]
    assert known.is_monotonic_increasing
    assert known.iloc[0] < known.iloc[-1] < 400
    runs = training_variations(subject(), converging, ASKED, table.reset_index())
    for run in runs:
        row = table.loc[run.labels.varied, run.labels.value, run.ensemble.training_size]
        assert run.ensemble.training.steps == row["training_time"]
        assert (run.ensemble.training.training_loss_ratio is None) == (run.labels.value in ("adam", "mup"))


def test_the_stage_trains_ensembles_and_every_variant_and_the_plan_reads_its_rates(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepared.write(toy_dataset(), PATHS.prepared)
    slow = TASK.model_copy(update={"learning_rate_fraction": 0.05})  # four neurons bear no more
    finite_width = FiniteWidth(widths=(4, 6), training_sizes=(4, 8), members=(8, 8))
    statistics = Statistics(confidence=0.68, resamples=100)
    execution = Execution(device="cpu")
    train_ensembles(PATHS, 3, slow, NETWORK, TRAINING, finite_width, ASKED, EXPANSION, statistics, execution)

    members = files.read_table(ensemble_table(PATHS, "members"))
    counts = members.groupby(["method", "width", "training_size"])["member"].count()
    assert len(counts) == 2 * 2 * 2
    assert (counts == 8).all()
    table = files.read_table(ensemble_table(PATHS, "training_variations"))
    assert list(table) == list(members)
    counts = table.groupby(["varied", "value"], sort=False)["member"].count()
    assert len(counts) == 10
    assert (counts == 8 * 3).all()
    same = [
        table[(table["varied"] == varied) & (table["value"] == value)]["test_loss"].to_numpy()
        for varied, value in (("algorithm", "gradient_descent"), ("parametrisation", "ntk"), ("depth", "2"))
    ]
    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(same[0], same[2])
    adam = table[table["value"] == "adam"]["test_loss"].to_numpy()
    assert not np.intersect1d(same[0], adam).size

    plans = plan_ensembles(PATHS, 3, slow, NETWORK, TRAINING, finite_width, ASKED, EXPANSION)
    for plan, written in zip(plans[::2], (members, table), strict=True):
        rates = written.groupby(["varied", "value", "method", "width", "training_size"], sort=False, dropna=False)
        np.testing.assert_array_equal(
            [run.ensemble.learning_rate for run in plan.runs()], rates["learning_rate"].first().to_numpy()
        )
