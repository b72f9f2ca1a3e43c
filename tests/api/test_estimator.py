"""`InfiniteWidthEnsemble`: scikit-learn's own checks, and numbers by another route than its own."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import replication as rep
from replication.infinite_width.learning_curve import compute_kernels
from tests.api.test_package import in_a_new_process

EXPECTED_FAILURES: dict[str, str] = {}  # name of a check of scikit-learn's -> why it does not apply
NOT_RUN = {"check_array_api_input": "scikit-learn runs it only where SCIPY_ARRAY_API is set"}
NETWORKS = [{"depth": 1}, {"depth": 3, "bias_variance": 0.5, "activation": "erf"}, {"output_scale": 0.3}]


def data(seed=0, points=40, outputs=None):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(points, 3))
    return x, np.sin(x[:, 0]) if outputs is None else np.sin(x @ rng.normal(size=(3, outputs)))


def by_inverse(parameters, x, y, x_test):
    """Mean and covariance from the formula as it is written, with an explicit inverse."""
    kernels = compute_kernels(rep.MLP(**parameters), "closed_form", x, y.reshape(len(x), -1), x_test)
    transfer = kernels.cross.ntk.T @ np.linalg.inv(kernels.training.ntk)
    mixed = transfer @ kernels.cross.nngp
    covariance = kernels.test_nngp + transfer @ kernels.training.nngp @ transfer.T - mixed - mixed.T
    return transfer @ kernels.y, covariance


@pytest.mark.parametrize("parameters", [{}, *NETWORKS])
def test_it_passes_the_checks_of_scikit_learn(parameters):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is skipped, which is looked at here
        results = check_estimator(
            rep.InfiniteWidthEnsemble(**parameters), on_fail=None, expected_failed_checks=EXPECTED_FAILURES
        )
    statuses = {result["check_name"]: result["status"] for result in results}
    assert len(statuses) > 40
    assert {name for name, status in statuses.items() if status != "passed"} == {*NOT_RUN, *EXPECTED_FAILURES}


@pytest.mark.parametrize("parameters", NETWORKS)
@pytest.mark.parametrize("outputs", [None, 1, 2])
def test_mean_and_std_are_those_of_the_formula(parameters, outputs, monkeypatch):
    monkeypatch.setattr("replication.api.estimator.POINTS_AT_A_TIME", 7)  # the last block is smaller
    (x, y), (x_test, _) = data(outputs=outputs), data(seed=1, points=17)
    mean, std = rep.InfiniteWidthEnsemble(**parameters).fit(x, y).predict(x_test, return_std=True)
    expected, covariance = by_inverse(parameters, x, y, x_test)
    assert mean.shape == std.shape == (17, *y.shape[1:])
    np.testing.assert_allclose(mean.reshape(17, -1), expected, rtol=1e-8, atol=1e-10)
    scatter = np.sqrt(np.diag(covariance))[:, None]
    np.testing.assert_allclose(std.reshape(17, -1), np.broadcast_to(scatter, expected.shape), rtol=1e-6)


def test_the_law_of_the_loss_is_that_of_sampled_outputs():
    (x, y), (x_test, y_test) = data(outputs=2), data(outputs=2, points=8)
    x_test = x_test + 0.3
    law = rep.InfiniteWidthEnsemble(depth=2).fit(x, y).loss_distribution(x_test, y_test, confidence=0.9)
    mean, covariance = by_inverse({"depth": 2}, x, y, x_test)
    noise = np.random.default_rng(2).normal(size=(100_000, 2, 8)) @ np.linalg.cholesky(covariance).T
    losses = np.sum((mean.T + noise - y_test.T) ** 2, axis=(1, 2)) / (2 * 8)
    assert law["mean"] == pytest.approx(losses.mean(), rel=0.01)
    assert law["std"] == pytest.approx(losses.std(), rel=0.02)
    assert law["coefficient_of_variation"] == pytest.approx(law["std"] / law["mean"])
    assert law["mean"] == pytest.approx(law["squared_bias"] + law["variance"])
    ends = law[["loss_lower", "loss_median", "loss_upper"]].to_numpy()
    np.testing.assert_allclose(ends, np.quantile(losses, [0.05, 0.5, 0.95]), rtol=0.02)


def test_the_law_of_the_loss_is_that_of_the_learning_curve():
    (x, y), (x_test, y_test) = data(), data(seed=1)
    law = rep.InfiniteWidthEnsemble(output_scale="matched").fit(x, y).loss_distribution(x_test, y_test)
    curve = rep.learning_curve(rep.MLP(output_scale="matched"), x, y, x_test, y_test, training_sizes=[40])
    row = curve[curve["method"] == "gradient_descent"].iloc[0]
    for name in law.index:
        assert law[name] == pytest.approx(row[name], rel=1e-10), name


def test_training_points_are_met_without_scatter():
    x, y = data()
    mean, std = rep.InfiniteWidthEnsemble().fit(x, y).predict(x, return_std=True)
    np.testing.assert_allclose(mean, y, atol=1e-8)
    assert np.all(std < 1e-5)


def test_pandas_in_pandas_out():
    (x, y), (x_test, _) = data(outputs=2), data(seed=1, points=5)
    frame = pd.DataFrame(x, columns=list("abc"))
    test = pd.DataFrame(x_test, columns=list("abc"), index=[7, 5, 3, 2, 1])
    plain = rep.InfiniteWidthEnsemble().fit(x, y).predict(x_test, return_std=True)
    named = rep.InfiniteWidthEnsemble().fit(frame, pd.DataFrame(y, columns=["u", "v"]))
    for array, table in zip(plain, named.predict(test, return_std=True), strict=True):
        pd.testing.assert_frame_equal(table, pd.DataFrame(array, index=test.index, columns=["u", "v"]))
    one = rep.InfiniteWidthEnsemble().fit(frame, pd.Series(y[:, 0], name="u")).predict(test)
    pd.testing.assert_series_equal(one, pd.Series(plain[0][:, 0], index=test.index, name="u"))
    with pytest.raises(ValueError, match="feature names"):
        named.predict(test[["b", "a", "c"]])


def test_it_takes_part_in_pipelines_searches_and_cross_validation():
    x, y = data()
    pipeline = make_pipeline(StandardScaler(), rep.InfiniteWidthEnsemble())
    search = GridSearchCV(pipeline, {"infinitewidthensemble__depth": [1, 2]}, cv=3).fit(x, y)
    assert search.best_score_ > 0.5
    assert cross_val_predict(clone(pipeline), x, pd.Series(y), cv=3).shape == y.shape


def test_integers_are_numbers_and_repeated_points_are_regularised():
    x, _ = data()
    twice, y = np.concatenate([x, x]), np.arange(40) % 3
    ensemble = rep.InfiniteWidthEnsemble().fit(twice, np.concatenate([y, y]))
    assert ensemble.diag_reg_ == 1e-10
    np.testing.assert_allclose(ensemble.predict(x), y, atol=1e-5)
    with pytest.raises(rep.ReplicationError, match="not positive definite"):
        rep.InfiniteWidthEnsemble(singular_diag_reg=0.0).fit(twice, np.concatenate([y, y]))


@pytest.mark.parametrize("parameters", [{"depth": 0}, {"activation": "tanh"}, {"diag_reg": -1.0}])
def test_parameters_out_of_range_are_one_line(parameters):
    with pytest.raises(rep.ReplicationError, match=next(iter(parameters))):
        rep.InfiniteWidthEnsemble(**parameters).fit(*data())


def test_what_does_not_fit_is_told():
    (x, y), (_, two) = data(), data(outputs=2)
    with pytest.raises(NotFittedError):
        rep.InfiniteWidthEnsemble().loss_distribution(x, y)
    with pytest.raises(ValueError, match="y has 2 outputs"):
        rep.InfiniteWidthEnsemble().fit(x, y).loss_distribution(x, two)


def test_scikit_learn_is_imported_only_for_it():
    code = "import sys, replication as rep; rep.MLP(); rep.learning_curve; print('sklearn' in sys.modules)"
    assert in_a_new_process(code).strip() == "False"
