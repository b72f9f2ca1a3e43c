"""Learning curves of arrays against explicit inverses, and what arrays may look like."""

import itertools

import numpy as np
import pandas as pd
import pytest

import replication as rep
from replication.errors import ReplicationError

SIZES = [24, 6, 15]
SCHEMA = ["experiment", "task", "dataset", "method", "width", "training_size", "draw", "training_time", "members"]


@pytest.fixture
def points(rng):
    """x, y, x_test, y_test: 30 and 11 images of 2 x 3 pixels, two smooth targets."""
    x, x_test = rng.normal(size=(30, 2, 3)), rng.normal(size=(11, 2, 3))
    return x, np.cos(x[:, :, 0]), x_test, np.cos(x_test[:, :, 0])


def erf_kernels(x1, x2, depth, weight, bias):
    """K and Theta by the layer recursion of erf, as Williams 1997 and Jacot et al. 2018 have it, entry by entry."""

    def moments(k, q1, q2):
        norm = np.sqrt((1 + 2 * q1) * (1 + 2 * q2))
        return 2 / np.pi * np.arcsin(2 * k / norm), 4 / np.pi / np.sqrt((1 + 2 * q1) * (1 + 2 * q2) - 4 * k**2)

    def start(a, b):
        return bias + weight * np.sum(a * b) / len(a)

    nngp, ntk = np.empty((len(x1), len(x2))), np.empty((len(x1), len(x2)))
    for (i, a), (j, b) in itertools.product(enumerate(x1), enumerate(x2)):
        k, q1, q2 = start(a, b), start(a, a), start(b, b)
        theta = k
        for _ in range(depth):
            product, slope = moments(k, q1, q2)
            k = bias + weight * product
            theta = k + weight * slope * theta
            q1, q2 = (bias + weight * moments(q, q, q)[0] for q in (q1, q2))
        nngp[i, j], ntk[i, j] = k, theta
    return nngp, ntk


def moments_of_loss(mean, covariance, y):
    """mu_L and sigma_L by sums over test points, their pairs and outputs."""
    (tests, outputs), delta = y.shape, mean - y
    mu = (np.sum(delta**2) + outputs * np.trace(covariance)) / (2 * tests)
    square = 2 * outputs * np.sum(covariance**2) + 4 * sum(d @ covariance @ d for d in delta.T)
    return mu, np.sqrt(square) / (2 * tests)


def expected_moments(x, y, x_test, y_test, size, steps, depth, weight, bias):
    """mu_L, sigma_L of Bayes, of gradient descent converged and after some steps, all by explicit inverses."""
    x, x_test = x.reshape(len(x), -1)[:size], x_test.reshape(len(x_test), -1)
    y = y[:size]
    k, theta = erf_kernels(x, x, depth, weight, bias)
    k_cross, theta_cross = erf_kernels(x_test, x, depth, weight, bias)
    k_test, _ = erf_kernels(x_test, x_test, depth, weight, bias)
    rate = 0.5 * 2 / np.max(np.linalg.eigvalsh(theta / size))
    left = np.linalg.matrix_power(np.eye(size) - rate * theta / size, steps)
    solved = theta_cross @ np.linalg.inv(theta)
    transfers = {"inf": solved, "steps": solved @ (np.eye(size) - left)}
    inverse = np.linalg.inv(k)
    made = {"bayes": moments_of_loss(k_cross @ inverse @ y, k_test - k_cross @ inverse @ k_cross.T, y_test)}
    for name, t in transfers.items():
        covariance = k_test + t @ k @ t.T - t @ k_cross.T - k_cross @ t.T
        made[name] = moments_of_loss(t @ y, covariance, y_test)
    return made, rate


@pytest.mark.parametrize(("depth", "weight", "bias"), [(1, 1.4, 0.3), (2, 2.2, 0.1)])
def test_against_explicit_inverses(points, depth, weight, bias):
    """The first n points are the training set of size n; sizes in any order, rows in theirs."""
    network = rep.MLP(depth, "erf", weight, bias)
    table = rep.learning_curve(network, *points, training_sizes=SIZES, steps=40)
    assert list(table.columns[: len(SCHEMA)]) == SCHEMA
    assert table["training_size"].tolist() == SIZES * 3
    assert table["method"].tolist() == ["bayes"] * 3 + ["gradient_descent"] * 6
    assert table["training_time"].tolist() == [np.inf] * 6 + [40] * 3
    assert set(table["draw"]) == {0}
    assert np.isinf(table["width"]).all()
    for size in SIZES:
        expected, rate = expected_moments(*points, size, 40, depth, weight, bias)
        rows = table[table["training_size"] == size].set_index("method")
        found = dict(zip(("bayes", "inf", "steps"), rows[["mean", "std"]].to_numpy(), strict=True))
        for name, moments in expected.items():
            np.testing.assert_allclose(found[name], moments, rtol=1e-6)
        assert rows["learning_rate"].iloc[-1] == pytest.approx(rate, rel=1e-9)
    ratio = table["coefficient_of_variation"] - table["std"] / table["mean"]
    assert np.abs(ratio).max() < 1e-14
    for end in ("_lower", "_upper"):
        pd.testing.assert_series_equal(table[f"mean{end}"], table["mean"], check_names=False)
    assert (table["mean_standard_error"] == 0).all()


@pytest.mark.parametrize("sizes", [(30,), 7, np.array([30, 1]), range(3, 6), None])
def test_sizes_of_every_kind(points, sizes):
    table = rep.learning_curve(rep.MLP(1), *points, training_sizes=sizes)
    expected = [16] if sizes is None else np.atleast_1d(sizes).tolist()
    assert table["training_size"].tolist() == expected * 2


def test_pandas_objects_and_lists_give_what_arrays_give(points):
    x, y, x_test, y_test = (array.reshape(len(array), -1) for array in points)
    plain = rep.learning_curve(rep.MLP(), x, y[:, 0], x_test, y_test[:, 0], training_sizes=[9])
    names = list("abcdef")
    frames = (pd.DataFrame(x, columns=names), pd.Series(y[:, 0]), pd.DataFrame(x_test, columns=names))
    of_pandas = rep.learning_curve(rep.MLP(), *frames, pd.DataFrame({"y": y_test[:, 0]}), training_sizes=[9])
    of_lists = rep.learning_curve(
        rep.MLP(), x.tolist(), y[:, 0].tolist(), x_test.tolist(), y_test[:, :1].tolist(), training_sizes=[9]
    )
    pd.testing.assert_frame_equal(plain, of_pandas)
    pd.testing.assert_frame_equal(plain, of_lists)


@pytest.mark.parametrize("kind", [np.int64, np.uint8, "Int64"])
def test_integer_labels_are_one_hot_of_the_classes_of_training_and_test(points, kind):
    """Class 9 is known from the test set alone: three outputs, each label less a third."""
    x, _, x_test, _ = points
    labels, test_labels = np.array([4, 2] * 15), np.array([9, *[4, 2] * 5])
    given = [pd.Series(some, dtype=kind) if kind == "Int64" else some.astype(kind) for some in (labels, test_labels)]
    table = rep.learning_curve(rep.MLP(), x, given[0], x_test, given[1], training_sizes=[12])
    one_hot = [np.equal.outer(some, [2, 4, 9]) - 1 / 3 for some in (labels, test_labels)]
    expected = rep.learning_curve(rep.MLP(), x, one_hot[0], x_test, one_hot[1], training_sizes=[12])
    pd.testing.assert_frame_equal(table, expected)
    whole = rep.learning_curve(rep.MLP(), x, labels * 1.0, x_test, test_labels * 1.0, training_sizes=[12])
    assert (whole["mean"] > table["mean"]).all()  # floats are regression


def test_nothing_is_scaled(points):
    """Targets twice as large have four times the squared bias; inputs are not standardised either."""
    x, y, x_test, y_test = points
    one, two = (rep.learning_curve(rep.MLP(), x, k * y, x_test, k * y_test, training_sizes=[12]) for k in (1, 2))
    np.testing.assert_allclose(two["squared_bias"], 4 * one["squared_bias"], rtol=1e-9)
    np.testing.assert_allclose(two["variance"], one["variance"], rtol=1e-12)
    shifted = rep.learning_curve(rep.MLP(), x + 3, y, x_test + 3, y_test, training_sizes=[12])
    assert not np.allclose(shifted["mean"], one["mean"], rtol=0.05)


def test_draws_are_seeded_permutations(points):
    """Every draw is what its permutation gives as it stands; other seeds, other draws."""
    options = {"training_sizes": [8, 5], "draws": 3}
    table, again, other = (rep.learning_curve(rep.MLP(), *points, seed=seed, **options) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(table, again)
    assert not np.isclose(table["mean"], other["mean"]).any()
    assert table.groupby("draw")["mean"].first().nunique() == 3
    x, y, x_test, y_test = points
    from replication.datasets.training_sets import training_order

    order = training_order(30, 8, 1, "own data", 2)
    alone = rep.learning_curve(rep.MLP(), x[order], y[order], x_test, y_test, training_sizes=[8, 5])
    drawn = table[table["draw"] == 2].reset_index(drop=True)
    np.testing.assert_allclose(drawn["std"], alone["std"], rtol=1e-9)


def test_engines_agree(points):
    pytest.importorskip("neural_tangents")
    one, two = (
        rep.learning_curve(rep.MLP(1), *points, training_sizes=[9], engine=engine)
        for engine in ("closed_form", "neural_tangents")
    )
    np.testing.assert_allclose(one["mean"], two["mean"], rtol=1e-9)


def test_a_singular_kernel_is_regularised_and_says_so(points):
    x, y, x_test, y_test = points
    twice = np.concatenate([x[:10], x[:10]])
    table = rep.learning_curve(rep.MLP(), twice, np.concatenate([y[:10]] * 2), x_test, y_test, training_sizes=[20])
    assert (table["diag_reg"] == 1e-10).all()
    with pytest.raises(ReplicationError, match="set singular_diag_reg"):
        rep.learning_curve(
            rep.MLP(), twice, np.concatenate([y[:10]] * 2), x_test, y_test, training_sizes=20, singular_diag_reg=0
        )


X, Y = np.random.default_rng(3).normal(size=(12, 4)), np.arange(12.0)
FRAME = pd.DataFrame(X, columns=list("abcd"))


def curve(x=X, y=Y, x_test=X, y_test=Y, network=None, **options):
    return rep.learning_curve(network or rep.MLP(), x, y, x_test, y_test, **{"training_sizes": [4]} | options)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: curve(x=X[:, 0]), r"x of shape \(12,\): give it the shape \(N, d\) or \(N, ...\); .* x\[:, None\]"),
        (lambda: curve(y=Y[:-1]), r"y of shape \(11, 1\), but N = 12 in x"),
        (lambda: curve(y=Y.reshape(2, 2, 3)), "y of shape"),
        (lambda: curve(y=np.float64(3)), "y of shape"),
        (lambda: curve(x_test=X[:, :2]), "x_test of shape .* but d = 4 in x"),
        (lambda: curve(y_test=np.c_[Y, Y]), "y_test of shape .* but C = 1 in y"),
        (lambda: curve(x_test=X[:3]), "y_test of shape .* but N_T = 3 in x_test"),
        (lambda: curve(x=np.where(X > 1, np.nan, X)), "of x are NaN or infinite, the first at"),
        (lambda: curve(y_test=np.where(Y > 10, np.inf, Y)), "1 of y_test are NaN"),
        (lambda: curve(x=X.astype(str)), "x holds <U32, not numbers"),
        (lambda: curve(x=X + 0j), "x holds complex128"),
        (lambda: curve(x=[[1.0], [1.0, 2.0]]), "x is no array of numbers"),
        (lambda: curve(x=FRAME.assign(a="text")), "x is no array of numbers"),
        (lambda: curve(x=FRAME.assign(a=pd.array([None] * 12, "Float64"))), "12 of x are NaN"),
        (lambda: curve(y=pd.Series(list("ab") * 6)), "y is no array of numbers"),
        (lambda: curve(y=pd.Series(list("ab") * 6, dtype="category")), "y is categorical: .* y.cat.codes"),
        (lambda: curve(y=np.array(list("ab") * 6)), "y holds <U1"),
        (lambda: curve(x=FRAME, y=pd.Series(Y, index=range(1, 13))), "x and y have different indices"),
        (lambda: curve(x=FRAME, x_test=FRAME[list("bacd")]), "x and x_test have different columns"),
        (lambda: curve(x=np.ma.masked_greater(X, 1)), "x holds masked values"),
        (lambda: curve(y=Y.astype(int)), "y of type int64 and y_test of type float64"),
        (lambda: curve(y=np.ones(12, int), y_test=np.ones(12, int)), "the targets hold one class, 1"),
        (lambda: curve(x=X * 1e200), "too large to square"),
        (lambda: curve(training_sizes=[4, 13]), "training_sizes ask for 13 of 12 training points"),
        (lambda: curve(training_sizes=[4, 4]), "hold 4 more than once"),
        (lambda: curve(training_sizes=[]), "training_sizes of shape"),
        (lambda: curve(training_sizes=[0]), "hold 0"),
        (lambda: curve(training_sizes="64"), "whole numbers"),
        (lambda: curve(training_sizes=[2.5]), "whole numbers"),
        (lambda: curve(steps=0), "steps = 0"),
        (lambda: curve(steps=5, learning_rate_fraction=1.0), "learning_rate_fraction = 1.0"),
        (lambda: curve(draws=0), "draws = 0"),
        (lambda: curve(draws=2.0), "draws = 2.0"),
        (lambda: curve(seed=-1), "seed = -1"),
        (lambda: curve(confidence=1), "confidence = 1"),
        (lambda: curve(engine="jax"), "no engine 'jax'"),
        (lambda: curve(diag_reg=-1), "diag_reg = -1"),
        (lambda: curve(network={"depth": 3}), "a network of type dict"),
        (lambda: rep.MLP(depth=0), "depth = 0"),
        (lambda: rep.MLP(depth=2.5), "depth = 2.5"),
        (lambda: rep.MLP(activation="tanh"), "activation = 'tanh': input should be 'relu' or 'erf'"),
        (lambda: rep.MLP(weight_variance=-1.0), "weight_variance = -1.0"),
        (lambda: rep.MLP(bias_variance=np.nan), "bias_variance = nan"),
    ],
)
def test_what_cannot_be_predicted_is_one_line(wrong, message):
    with pytest.raises(ReplicationError, match=message) as error:
        wrong()
    assert error.value.remedy
    assert "\n" not in str(error.value)


def test_networks_take_numbers_of_numpy_too():
    assert rep.MLP(np.int64(2), "erf", np.float32(1.5), 0) == rep.MLP(2, "erf", 1.5)
    assert rep.MLP() == rep.MLP(3, "relu", 2.0, 0.0)


# kernels on disk


@pytest.mark.parametrize("centred", [False, True])
def test_kernels_on_disk_give_the_same_table(points, tmp_path, centred):
    network, options = rep.MLP(1, centred=centred), {"training_sizes": [20, 9], "draws": 2, "steps": 40}
    expected = rep.learning_curve(network, *points, **options)
    for _ in range(2):  # the second time from what lies there
        table = rep.learning_curve(network, *points, **options, folder=tmp_path / "kernels")
        assert list(table) == list(expected)
        unknown = ["condition_number", "relative_error", "training_loss"]
        for name in expected.columns.drop(unknown):
            if expected[name].dtype.kind == "f":
                np.testing.assert_allclose(table[name], expected[name], rtol=1e-8, atol=1e-12, err_msg=name)
            else:
                assert (table[name] == expected[name]).all(), name
        converged = np.isinf(table["training_time"])
        assert (table.loc[converged, "training_loss"].dropna() == 0).all()
        assert table.loc[~converged, unknown].isna().all(axis=None)
    assert len(list((tmp_path / "kernels").iterdir())) == (4 if centred else 6)  # kinds times draws


@pytest.mark.parametrize(
    "option", [{"engine": "neural_tangents"}, {"linear_algebra": "jax"}, {"steps": 9, "training_loss_ratio": 0.1}]
)
def test_what_does_not_go_with_kernels_on_disk(points, tmp_path, option):
    with pytest.raises(ReplicationError, match="or the folder"):
        rep.learning_curve(rep.MLP(1), *points, training_sizes=[9], folder=tmp_path / "kernels", **option)
    (tmp_path / "file").write_text("")
    with pytest.raises(ReplicationError, match="permit writing there"):
        rep.learning_curve(rep.MLP(1), *points, training_sizes=[9], folder=tmp_path / "file")
    assert {path.name for path in tmp_path.iterdir()} == {"file"}
