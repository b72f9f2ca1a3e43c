"""Whatever arrays come: a right number or one line, no traceback of another kind, no warning."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import replication as rep

TESTS = 6
NETWORK = rep.MLP(depth=1, activation="relu", weight_variance=1.7, bias_variance=0.2)


def arc_cosine(x, z):
    """K and Theta of one hidden layer of ReLUs by Cho and Saul's angles, entry by entry."""
    c_w, c_b, d = NETWORK.weight_variance, NETWORK.bias_variance, x.shape[1]
    k = c_b + c_w * x @ z.T / d
    size = np.sqrt(np.outer(c_b + c_w * (x**2).sum(1) / d, c_b + c_w * (z**2).sum(1) / d))
    angle = np.arccos(np.clip(k / size, -1, 1))
    second = c_b + c_w * size * (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    return second, second + c_w * (np.pi - angle) / (2 * np.pi) * k


def expected_mean(x, y, x_test, y_test):
    """mu_L of gradient descent, half the squared error of the mean, and half the variance that is left."""
    (k, theta), (k_test, theta_test), (k_own, _) = arc_cosine(x, x), arc_cosine(x_test, x), arc_cosine(x_test, x_test)
    transfer = np.linalg.solve(theta, theta_test.T).T
    variance = np.diag(k_own - transfer @ k_test.T - k_test @ transfer.T + transfer @ k @ transfer.T)
    return (np.mean(np.sum((transfer @ y - y_test) ** 2, axis=1)) + y.shape[1] * variance.mean()) / 2


def well_apart(x):
    """No two points on one line with the origin of inputs and bias: there the angle itself is lost in float64."""
    q = NETWORK.bias_variance + NETWORK.weight_variance * x @ x.T / x.shape[1]
    cosine = q / np.sqrt(np.outer(q.diagonal(), q.diagonal()))
    return np.abs(cosine - np.eye(len(x))).max() < 1 - 1e-6


@st.composite
def tables(draw):
    """Points of many types, orders, scales, with everything that data have: repetitions, constants, lines, gaps."""
    points, features = draw(st.integers(TESTS + 4, 24)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.normal(size=(points, features)) * 10.0 ** draw(st.integers(-300, 300)) + draw(st.sampled_from([0, 0, 1e5]))
    y = rng.normal(size=points)
    for change in draw(st.sets(st.sampled_from(["constant", "twice", "line", "gap", "huge", "zero"]), max_size=2)):
        if change == "constant":
            x[:, 0] = x[0, 0]
        elif change == "twice":
            x[1] = x[0]
        elif change == "line":
            x = np.outer(rng.normal(size=points), x[0])
        elif change == "gap":
            x[draw(st.integers(0, points - 1)), 0] = np.nan
        elif change == "huge":
            y = y * 1e200
        else:
            x[2] = 0
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = x.astype(draw(st.sampled_from([np.float64, np.float64, np.float32, np.float16, np.int64, bool])))
    if draw(st.booleans()):
        x = np.asfortranarray(x)
    if draw(st.booleans()):
        x = np.repeat(x, 2, axis=0)[::2]
    return x, y


@settings(max_examples=150, deadline=None, derandomize=True)
@given(tables(), st.sampled_from(["feature", "global", "none"]), st.booleans())
def test_a_right_number_or_one_line(table, scaling, labelled):
    x, y = table
    y = (y > 0).astype(int) if labelled else y
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            data = rep.standardise(x[TESTS:], y[TESTS:], x[:TESTS], y[:TESTS], inputs=scaling)
            sizes = [2, len(data.x)]
            found = rep.learning_curve(NETWORK, *data, training_sizes=sizes)
        except rep.ReplicationError as error:
            refusal = str(error)
        else:
            refusal = ""
    if refusal:
        assert "\n" not in refusal
        return
    found = found[found["method"] == "gradient_descent"].set_index("training_size")
    assert np.isfinite(found[["mean", "std"]].to_numpy()).all()
    interval = found[["loss_lower", "loss_median", "loss_upper"]].dropna().to_numpy()
    assert np.isfinite(interval).all()
    assert (np.diff(interval, axis=1) >= 0).all()
    for size in sizes:
        row = found.loc[size]
        if (
            row["relative_error"] < 1e-9
            and row["diag_reg"] == 0
            and well_apart(np.vstack([data.x[:size], data.x_test]))
        ):
            mean = expected_mean(data.x[:size], data.y[:size], data.x_test, data.y_test)
            assert row["mean"] == pytest.approx(mean, rel=1e-5)
