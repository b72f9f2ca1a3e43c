"""What programs read off tables: scaling laws, and averages over draws of the training set."""

import numpy as np
import pandas as pd

from replication.api.options import CONFIDENCE, check_table
from replication.errors import ReplicationError
from replication.experiments import exact_curves
from replication.experiments.table_laws import Resampling, laws_of_table
from replication.validation.numbers import check_count, check_share


def fit(
    table: pd.DataFrame,
    *,
    window: tuple[float, float] = (1, np.inf),
    confidence: float = CONFIDENCE,
    resamples: int = 500,
    seed: int = 0,
) -> pd.DataFrame:
    """Scaling laws of a table of `learning_curve` or `train_ensemble`, curve by curve, as arXiv 2503.05938 has them.

    mu_L and sigma_L = amplitude N^-exponent, fitted in logarithms; eps_L = value, with its slope d ln eps_L / d ln N,
    which is 0 for a plateau. A statistic that is 0 somewhere has no law. `drift` is by how much the local exponent
    grows across the `window` of training sizes, ends included. N has no unit; amplitudes are in units of the loss.

    Standard errors, said in `errors_from`, are jackknifed over the draws of the training set where there are several
    ("draws"); bootstrapped over members by `seed`, `resamples` times and at all sizes at once, where the table has a
    row for every member ("members": over initialisations, at this training set); or jackknifed over the sizes of a
    single curve ("sizes"), which is its scatter about the law. Intervals are Student's at `confidence`.

    Returns a row for each curve, statistic and parameter: estimate, lower, upper, standard_error, and of the fit
    chi_square, chi_square_dof, p_value. ReplicationError for what is no such table, and where no curve has two sizes.

    >>> import replication as rep
    >>> x, x_test = (np.random.default_rng(seed).normal(size=(64, 3)) for seed in (0, 1))
    >>> table = rep.learning_curve(rep.MLP(depth=1), x, x[:, 0], x_test, x_test[:, 0], draws=4)
    >>> laws = fit(table).query("method == 'bayes' and statistic == 'mean' and parameter == 'exponent'")
    >>> laws[["law", "smallest", "largest", "draws", "errors_from"]].values.tolist()
    [['power_law', 16.0, 64.0, 4, 'draws']]
    """
    try:
        smallest, largest = (float(end) for end in window)
    except (TypeError, ValueError):
        raise ReplicationError(f"the window {window!r:.60}", "give two sizes, as in (64, 512)") from None
    if not smallest < largest:
        raise ReplicationError(f"a window from {smallest:g} to {largest:g}", "give the smaller size first")
    resampling = Resampling(check_count("resamples", resamples, 2), check_count("seed", seed, 0))
    return laws_of_table(check_table(table), (smallest, largest), check_share("confidence", confidence), resampling)


def average_over_draws(table: pd.DataFrame, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Means over the draws of the training set, one row for each point of a curve, with Student-t intervals.

    For estimates q_1 ... q_k: mean q, and q -+ t_(k-1) s / sqrt(k), s their standard deviation. A single draw of an
    ensemble keeps its interval over members; at infinite width, where nothing but the draw scatters, it has none
    (NaN). Columns as of `learning_curve`, less `draw`; `draws` is k. ReplicationError for what is no table of moments.

    >>> import replication as rep
    >>> x, x_test = (np.random.default_rng(seed).normal(size=(16, 3)) for seed in (0, 1))
    >>> table = rep.learning_curve(rep.MLP(depth=1), x, x[:, 0], x_test, x_test[:, 0], training_sizes=8, draws=4)
    >>> len(table), average_over_draws(table)[["method", "training_size", "draws"]].values.tolist()
    (8, [['bayes', 8, 4], ['gradient_descent', 8, 4]])
    """
    if "member" in check_table(table):
        raise ReplicationError("a table of members", "give their moments, without return_members")
    return exact_curves.average_over_draws(table, check_share("confidence", confidence))
