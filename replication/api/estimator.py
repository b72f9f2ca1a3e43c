"""Infinitely wide networks as an estimator of scikit-learn, for pipelines, cross-validation and searches."""

from typing import Any, Literal

import numpy as np
import pandas as pd

from replication.api.network import MLP
from replication.api.options import CONFIDENCE
from replication.errors import optional_parts
from replication.infinite_width.closed_form import diagonal
from replication.infinite_width.factorisation import factorise
from replication.infinite_width.kernel_matrices import KernelMatrices
from replication.infinite_width.kernels import evaluate_kernels
from replication.infinite_width.learning_curve import row_of
from replication.infinite_width.linear_algebra import SciPy
from replication.infinite_width.output_scale import matched
from replication.infinite_width.predictions import gradient_descent_to_convergence
from replication.schema import GRADIENT_DESCENT
from replication.settings.sections import Activation
from replication.validation.numbers import check_not_negative, check_share

with optional_parts():
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils.validation import check_is_fitted, validate_data

ENGINE = "closed_form"
POINTS_AT_A_TIME = 1024  # whose kernels with the training points are held at once
SHOWN = (
    "mean", "std", "coefficient_of_variation", "loss_lower", "loss_median", "loss_upper", "squared_bias", "variance",
)  # fmt: skip


class InfiniteWidthEnsemble(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """An ensemble of infinitely many, infinitely wide networks, each trained by gradient descent to convergence.

    Over initialisations the outputs at x are Gaussian (Lee et al. 2019, arXiv 1902.06720), with K the NNGP kernel,
    Theta the NTK, X and Y the training set and T = Theta(x, X) Theta^-1:
      mean T Y,  variance K(x, x) + T K T' - 2 T K(X, x), the same for every output.

    The network is that of `MLP`, of which `depth`, `activation`, `weight_variance`, `bias_variance` and `output_scale`
    (a number or "matched") are taken; `diag_reg` times the mean of the diagonal is added to Theta before it is
    inverted, `singular_diag_reg` instead where it is singular. Nothing is scaled: put a StandardScaler before it.
    Targets are numbers, (N,) or (N, C); integers are no class labels here. What scikit-learn checks it reports as a
    ValueError, as all its estimators do; singular kernels and parameters out of range are a ReplicationError.

    After `fit`: network_ (with a number as output scale), condition_number_, diag_reg_ (what was added to the diagonal,
    relative to its mean), n_features_in_, and feature_names_in_ where columns have names. Needs scikit-learn.

    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> ensemble = InfiniteWidthEnsemble(depth=1).fit(x[:32], np.sin(x[:32, 0]))
    >>> mean, std = ensemble.predict(x[32:35], return_std=True)
    >>> mean.round(2).tolist(), std.round(2).tolist()
    ([0.13, -1.1, -0.11], [0.11, 0.07, 0.07])
    >>> ensemble.loss_distribution(x[32:], np.sin(x[32:, 0]))[["mean", "std"]].round(3).to_dict()
    {'mean': 0.039, 'std': 0.011}
    """

    def __init__(
        self,
        depth: int = 3,
        activation: Activation = "relu",
        weight_variance: float = 2.0,
        bias_variance: float = 0.0,
        output_scale: float | Literal["matched"] = 1.0,
        diag_reg: float = 0.0,
        singular_diag_reg: float = 1e-10,
    ) -> None:
        self.depth = depth
        self.activation = activation
        self.weight_variance = weight_variance
        self.bias_variance = bias_variance
        self.output_scale = output_scale
        self.diag_reg = diag_reg
        self.singular_diag_reg = singular_diag_reg

    def fit(self, X: Any, y: Any) -> "InfiniteWidthEnsemble":
        """Factorise the NTK of inputs X (N, d) and solve for targets y (N,) or (N, C)."""
        network = MLP(self.depth, self.activation, self.weight_variance, self.bias_variance, self.output_scale)
        diag_reg = check_not_negative("diag_reg", self.diag_reg)
        singular_diag_reg = check_not_negative("singular_diag_reg", self.singular_diag_reg)
        self._columns = _columns_of(y)
        x, targets = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        self._one_output = targets.ndim == 1
        self._x, self._y = x, targets.reshape(len(x), -1).astype(np.float64)
        self.network_ = matched(network, self._x, self._y)
        self._training = evaluate_kernels(self.network_, ENGINE, x)
        factor = factorise(self._training.ntk, [len(x)], diag_reg, singular_diag_reg)
        self._lower, (self.condition_number_,), self.diag_reg_ = factor
        self._coefficients = self._inverse_times(self._y)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """The mean of the outputs at X (N_T, d), and with `return_std` their standard deviation over initialisations.

        Of the shape of the targets of `fit`; where these were of pandas, with their names and the index of X.
        """
        x = self._inputs(X)
        parts = [
            self._mean_and_std(x[i : i + POINTS_AT_A_TIME], return_std) for i in range(0, len(x), POINTS_AT_A_TIME)
        ]
        mean, std = (np.concatenate(some) for some in zip(*parts, strict=True))
        return (self._dressed(mean, X), self._dressed(std, X)) if return_std else self._dressed(mean, X)

    def loss_distribution(self, X: Any, y: Any, confidence: float = CONFIDENCE) -> pd.Series:
        """The law of the test loss L = |f(X) - y|^2 / (2 N_T) of one network, over initialisations.

        X (N_T, d), y (N_T,) or (N_T, C). Returns mean mu_L, std sigma_L, coefficient_of_variation eps_L, median and
        ends of the central interval that holds a loss with probability `confidence` (loss_lower, loss_median,
        loss_upper), and the parts squared_bias and variance of mu_L.
        """
        confidence = check_share("confidence", confidence)
        check_is_fitted(self)
        x, targets = validate_data(self, X, y, reset=False, multi_output=True, y_numeric=True, dtype=np.float64)
        targets = targets.reshape(len(x), -1).astype(np.float64)
        if targets.shape[1] != self._y.shape[1]:
            raise ValueError(f"y has {targets.shape[1]} outputs, but the ensemble was fitted to {self._y.shape[1]}")
        cross, among = evaluate_kernels(self.network_, ENGINE, self._x, x), evaluate_kernels(self.network_, ENGINE, x)
        kernels = KernelMatrices(self._training, cross, among.nngp, self._y)
        (prediction,) = gradient_descent_to_convergence(kernels, [len(self._x)], self.diag_reg_)
        row = row_of(GRADIENT_DESCENT, len(self._x), prediction, np.inf, targets, confidence)
        return pd.Series({name: row[name] for name in SHOWN}, name="test_loss", dtype=np.float64)

    def _inputs(self, given: Any) -> np.ndarray:
        check_is_fitted(self)
        return validate_data(self, given, reset=False, dtype=np.float64)

    def _inverse_times(self, b: np.ndarray) -> np.ndarray:
        algebra = SciPy()
        return algebra.solve(self._lower, algebra.solve(self._lower, b), transposed=True)

    def _mean_and_std(self, x: np.ndarray, with_std: bool) -> tuple[np.ndarray, np.ndarray]:
        cross = evaluate_kernels(self.network_, ENGINE, self._x, x)
        mean = cross.ntk.T @ self._coefficients
        if not with_std:
            return mean, mean
        transfer = self._inverse_times(cross.ntk)
        prior = diagonal(self.network_, x).nngp
        variance = prior + np.sum(transfer * (self._training.nngp @ transfer - 2 * cross.nngp), axis=0)
        std = np.sqrt(np.maximum(variance, 0.0))  # at a training point nothing is left but rounding
        return mean, np.repeat(std[:, None], mean.shape[1], axis=1)

    def _dressed(self, values: np.ndarray, given: Any) -> Any:
        """As the targets of `fit` were: an array, a Series or a DataFrame."""
        values = values[:, 0] if self._one_output else values
        if self._columns is None:
            return values
        index = given.index if isinstance(given, pd.DataFrame) else None
        if isinstance(self._columns, pd.Index):
            return pd.DataFrame(values.reshape(len(values), -1), index=index, columns=self._columns)
        return pd.Series(values, index=index, name=self._columns[0])


def _columns_of(y: Any) -> pd.Index | tuple[Any] | None:
    """The names of a DataFrame, the one name of a Series in a tuple, or None for anything else."""
    if isinstance(y, pd.DataFrame):
        return y.columns
    return (y.name,) if isinstance(y, pd.Series) else None
