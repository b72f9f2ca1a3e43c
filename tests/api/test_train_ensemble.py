"""Ensembles trained on arrays against plain gradient descent in NumPy, and what they promise beside it."""

import numpy as np
import pandas as pd
import pytest

import replication as rep
from replication.errors import ReplicationError
from replication.finite_width import ensemble as ensemble_module

X = np.random.default_rng(6).normal(size=(36, 4))
POINTS = X[:24].reshape(24, 2, 2), np.sin(X[:24, :2]), X[24:].reshape(12, 2, 2), np.sin(X[24:, :2])
COLUMNS = [
    "experiment", "task", "dataset", "varied", "value", "method", "width", "training_size", "draw", "training_time",
    "learning_rate", "member", "training_loss", "test_loss", "flipped_share", "reached", "device",
]  # fmt: skip


@pytest.fixture
def initial_weights(monkeypatch):
    """The initial weights that were drawn, in order."""
    drawn, draw = [], ensemble_module.initial_weights

    def recorded(*arguments):
        drawn.append(draw(*arguments))
        return drawn[-1]

    monkeypatch.setattr(ensemble_module, "initial_weights", recorded)
    return drawn


def relu_network(weights, x, weight_variance, bias_variance):
    """Activities of every layer, the last being the outputs, in NTK parametrisation."""
    activities = [x]
    for layer, (w, b) in enumerate(weights):
        h = np.maximum(activities[-1], 0) if layer else x
        activities.append(np.sqrt(weight_variance / len(w)) * h @ w + np.sqrt(bias_variance) * b)
    return activities


def gradient_descent(weights, x, y, rate, steps, weight_variance, bias_variance, momentum=0.0):
    """Backpropagation of 1/(2 n) sum (f - y)^2 and heavy-ball steps, in float64."""
    weights = [[w.astype(float), b.astype(float)] for w, b in weights]
    velocity = [[np.zeros_like(w), np.zeros_like(b)] for w, b in weights]
    for _ in range(steps):
        activities = relu_network(weights, x, weight_variance, bias_variance)
        delta = (activities[-1] - y) / len(x)
        for layer in reversed(range(len(weights))):
            w, _ = weights[layer]
            scale = np.sqrt(weight_variance / len(w))
            h = np.maximum(activities[layer], 0) if layer else x
            gradient = scale * h.T @ delta, np.sqrt(bias_variance) * delta.sum(axis=0)
            delta = scale * delta @ w.T * (activities[layer] > 0) if layer else None
            for i in range(2):
                velocity[layer][i] = momentum * velocity[layer][i] + gradient[i]
                weights[layer][i] = weights[layer][i] - rate * velocity[layer][i]
    return weights


def loss(weights, x, y, *variances):
    return np.sum((relu_network(weights, x, *variances)[-1] - y) ** 2) / (2 * len(x))


@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_against_plain_gradient_descent(initial_weights, momentum):
    """Every member's losses to the rounding of float32, and the learning rate of infinite width."""
    network, variances = rep.MLP(2, "relu", 1.7, 0.2), (1.7, 0.2)
    table = rep.train_ensemble(
        network, *POINTS, training_sizes=[20, 9], width=[24], members=3, steps=60, return_members=True,
        algorithm="momentum" if momentum else "gradient_descent", momentum=momentum,
    )  # fmt: skip
    assert list(table) == COLUMNS
    assert table["training_size"].tolist() == [20] * 3 + [9] * 3
    assert table["member"].tolist() == [0, 1, 2] * 2
    assert len(initial_weights) == 6
    x, y, x_test, y_test = (array.reshape(len(array), -1) for array in POINTS)
    exact = rep.learning_curve(network, *POINTS, training_sizes=[20, 9], steps=60)
    rates = exact.set_index(["training_time", "training_size"])["learning_rate"][60]
    for row in table.itertuples():
        size = row.training_size
        weights = ensemble_module.initial_weights_of(network, 24, 4, 2, 0, "data", row.member)
        assert row.learning_rate == pytest.approx(rates[size], rel=1e-9)
        trained = gradient_descent(weights, x[:size], y[:size], row.learning_rate, 60, *variances, momentum)
        assert row.training_loss == pytest.approx(loss(trained, x[:size], y[:size], *variances), rel=1e-4)
        assert row.test_loss == pytest.approx(loss(trained, x_test, y_test, *variances), rel=1e-4)
    assert table["test_loss"].nunique() == 6


def test_moments_are_those_of_the_members():
    options = {"training_sizes": 12, "width": 8, "members": 10, "steps": 20, "linearised": True, "seed": 5}
    members = rep.train_ensemble(rep.MLP(1), *POINTS, return_members=True, **options)
    table = rep.train_ensemble(rep.MLP(1), *POINTS, **options)
    assert table["method"].tolist() == ["trained", "linearised"]
    for row in table.to_dict("records"):
        losses = members.loc[members["method"] == row["method"], "test_loss"]
        assert row["mean"] == pytest.approx(losses.mean(), rel=1e-12)
        assert row["std"] == pytest.approx(losses.std(ddof=1), rel=1e-12)
        assert row["coefficient_of_variation"] == pytest.approx(row["std"] / row["mean"], rel=1e-12)
        assert row["mean_lower"] < row["mean"] < row["mean_upper"]
        assert (row["members"], row["width"], row["training_time"], row["draw"]) == (10, 8, 20, 0)
    again = rep.train_ensemble(rep.MLP(1), *POINTS, **options)
    pd.testing.assert_frame_equal(table, again)
    other = rep.train_ensemble(rep.MLP(1), *POINTS, **options | {"seed": 6})
    assert not np.isclose(other["mean"], table["mean"]).any()


def test_member_k_is_the_same_in_any_company():
    """Of more members, of other sizes beside them, and with a store that holds some of them already."""
    options = {"width": 8, "steps": 20, "return_members": True}
    few = rep.train_ensemble(rep.MLP(1), *POINTS, training_sizes=[6], members=2, **options)
    many = rep.train_ensemble(rep.MLP(1), *POINTS, training_sizes=[12, 6], members=5, **options)
    expected = many.query("training_size == 6 and member < 2")
    assert few["test_loss"].tolist() == expected["test_loss"].tolist()


def test_a_store_keeps_what_is_finished(tmp_path, initial_weights):
    options = {"training_sizes": [6], "width": 8, "steps": 20, "return_members": True, "store": tmp_path / "members"}
    few = rep.train_ensemble(rep.MLP(1), *POINTS, members=2, **options)
    assert len(initial_weights) == 2
    many = rep.train_ensemble(rep.MLP(1), *POINTS, members=5, **options)
    assert len(initial_weights) == 5
    pd.testing.assert_frame_equal(many[:2], few)
    pd.testing.assert_frame_equal(rep.train_ensemble(rep.MLP(1), *POINTS, members=5, **options), many)
    assert len(initial_weights) == 5
    in_memory = rep.train_ensemble(rep.MLP(1), *POINTS, members=5, **options | {"store": None})
    pd.testing.assert_frame_equal(in_memory, many)


def test_draws_are_those_of_the_learning_curve():
    """The learning rate of an ensemble is that of the same draw at infinite width."""
    options = {"training_sizes": [10], "draws": 2, "seed": 4, "steps": 20}
    table = rep.train_ensemble(rep.MLP(1), *POINTS, width=8, members=2, **options)
    exact = rep.learning_curve(rep.MLP(1), *POINTS, **options).query("training_time == 20")
    np.testing.assert_allclose(table["learning_rate"], exact["learning_rate"], rtol=1e-9)
    assert table["draw"].tolist() == [0, 1]
    assert table["mean"].nunique() == 2


def test_a_learning_rate_of_the_callers_own():
    options = {"training_sizes": [10], "width": 9, "members": 2, "steps": 3, "return_members": True}
    given = rep.train_ensemble(rep.MLP(1), *POINTS, learning_rate=0.01, **options)
    assert (given["learning_rate"] == 0.01).all()
    adam = rep.train_ensemble(rep.MLP(1), *POINTS, algorithm="adam", **options)
    assert adam["learning_rate"].tolist() == pytest.approx([0.05 / 3] * 2)


def train(network=None, **options):
    defaults = {"training_sizes": [6], "width": 8, "members": 2, "steps": 3}
    return rep.train_ensemble(network or rep.MLP(1), *POINTS, **defaults | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"training_sizes": [25]}, "25 of 24 training points"),
        ({"training_sizes": [6, 6]}, "6 more than once"),
        ({"width": 0}, "widths hold 0"),
        ({"width": [8, 8]}, "8 more than once"),
        ({"width": 10**8}, "ask for 100000000 of 10000000 neurons"),
        ({"members": 1}, "members = 1"),
        ({"members": 0, "return_members": True}, "members = 0"),
        ({"steps": 0}, "steps = 0"),
        ({"algorithm": "sgd"}, "no algorithm 'sgd': choose one of gradient_descent"),
        ({"parametrisation": "mean field"}, "no parametrisation 'mean field'"),
        ({"algorithm": "adam", "linearised": True}, "linearised networks with adam"),
        ({"algorithm": "adam", "training_loss_ratio": 0.1}, "steps by a ratio of losses, with adam"),
        ({"parametrisation": "mup", "training_loss_ratio": 0.1}, "with gradient_descent in mup"),
        ({"training_loss_ratio": 0.1, "learning_rate": 0.1}, "training_loss_ratio and learning_rate"),
        ({"training_loss_ratio": 2.0}, "training_loss_ratio = 2.0"),
        ({"algorithm": "convergence", "parametrisation": "standard"}, "linearised networks in standard"),
        ({"momentum": 1.0}, "momentum = 1.0"),
        ({"batch_size": 0}, "batch_size = 0"),
        ({"learning_rate": -1.0}, "learning_rate = -1.0"),
        ({"learning_rate": 1e6}, "training diverged"),
        ({"learning_rate_fraction": 2}, "learning_rate_fraction = 2"),
        ({"draws": 0}, "draws = 0"),
        ({"seed": 0.5}, "seed = 0.5"),
        ({"resamples": 0}, "resamples = 0"),
        ({"confidence": 68}, "confidence = 68"),
        ({"device": "tpu"}, "no device 'tpu'"),
        ({"device": "gpu:7"}, "device gpu:7 is not there"),
        ({"network": "mlp"}, "a network of type str"),
    ],
)
def test_what_cannot_be_trained_is_one_line(options, message):
    with pytest.raises(ReplicationError, match=message) as error:
        train(**options)
    assert error.value.remedy
    assert "\n" not in str(error.value)
    assert "params.yaml" not in str(error.value)


def test_steps_by_a_ratio_are_those_of_infinite_width():
    options = {"training_sizes": [8, 16], "steps": 900, "algorithm": "heavy_ball", "training_loss_ratio": 1e-3}
    network = rep.MLP(depth=1, bias_variance=0.2, output_scale="matched")
    table = train(network=network, **options, width=64, members=8)
    exact = rep.learning_curve(network, *POINTS, **options)
    exact = exact[np.isfinite(exact["training_time"])]
    pd.testing.assert_series_equal(table["training_time"], exact["training_time"], check_index=False, check_dtype=False)
    np.testing.assert_allclose(table["learning_rate"], exact["learning_rate"], rtol=1e-9)
    assert exact["reached"].all()
    assert exact["training_time"].is_monotonic_increasing
    assert table["reached"].between(0, 1).all()


def test_converged_members_are_linearised_in_closed_form():
    network = rep.MLP(depth=1, bias_variance=0.2, output_scale=0.6)
    converged = train(network=network, algorithm="convergence", training_sizes=[6], width=128, members=8)
    steps = train(
        network=network, algorithm="heavy_ball", training_sizes=[6], width=128, members=8, steps=4000, linearised=True
    )
    linearised = steps[steps["method"] == "linearised"]
    assert converged["method"].tolist() == ["linearised"]
    assert np.isinf(converged["training_time"]).all()
    np.testing.assert_allclose(converged["mean"], linearised["mean"], rtol=1e-3)
    np.testing.assert_allclose(converged["std"], linearised["std"], rtol=1e-2)


def test_networks_that_leave_the_lazy_regime_are_told_of():
    with pytest.warns(UserWarning, match=r"width 16, N_D 24: networks left the lazy regime: \d+% of the ReLUs"):
        train(training_sizes=[24], width=16, members=8, steps=400, learning_rate_fraction=0.1, linearised=True)
