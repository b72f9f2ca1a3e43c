"""Random features in the four regimes: curves of one draw, and the tables of curves, exponents and the duality."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from replication.random_features import simulation
from replication.scaling_laws.exponents import curves, exponent_row, mean_curve
from replication.scaling_laws.fits import Estimate, fit_draws, power_law
from replication.settings.random_features import Curves
from replication.settings.sections import Window
from replication.theory import random_features as theory

# regime: the variable, and what is known of its exponent
VARIABLES = {
    "variance_data": "training_size",
    "variance_width": "features",
    "resolution_data": "training_size",
    "resolution_width": "features",
}
VARIANCE_LIMITED = {"variance_data": "1 / D", "variance_width": "1 / P"}
COLUMNS = ["route", "regime", "series", "variable", "size", "loss", "standard_error", "theory", "draws", "pool"]
ROUTE = {"route": "random_features"}


class Sample(NamedTuple):
    """One draw of a series: Phi (N, S), eigenvalues of C (M,), and how points are chosen.

    choose(number, stream, again) gives R (number, N); `again`: a point may come a second time.
    """

    features: simulation.Matrix
    eigenvalues: np.ndarray
    choose: Callable[[int, np.random.Generator, bool], simulation.Matrix]


def gaussian(eigenvalues: np.ndarray) -> Sample:
    """Gaussian features with this covariance spectrum (S,), and endlessly many different points."""

    def choose(number, stream, again):
        return stream.standard_normal((number, len(eigenvalues)))

    return Sample(simulation.population(eigenvalues), eigenvalues, choose)


def of_pool(features: np.ndarray, eigenvalues: np.ndarray) -> Sample:
    """Features (N, S) of a pool that stands for all inputs: the loss is that on all of the pool."""

    def choose(number, stream, again):
        return simulation.selection(stream.choice(len(features), number, replace=again), len(features))

    return Sample(features, eigenvalues, choose)


def simulated(sample: Sample, sizes: Curves, stream: Callable[[str], np.random.Generator]) -> Iterator[dict]:
    """Rows of regime, variable, size, loss and theory of one draw; `stream(name)` opens a random stream.

    Features are projected by Gaussian Q: coordinates in a random rotation, but for their lengths and small overlaps.
    theory: `theory.loss` for the sample's own spectrum, which takes the features for Gaussian.
    """
    features, eigenvalues, choose = sample
    dimension, small, many, most = features.shape[1], sizes.small, sizes.large_sizes, sizes.sizes[-1]
    best = [theory.best_fit_loss(eigenvalues, size, dimension) for size in sizes.sizes]
    limit = theory.best_fit_loss(eigenvalues, small, dimension)
    # by the duality the theory knows no difference between data and features
    excess = [theory.loss(eigenvalues, eigenvalues / dimension, size, small) - limit for size in many]

    def projection(number, name):
        return stream(name).standard_normal((number, dimension))

    def rows(regime, at, losses, expected):
        for size, loss, exact in zip(at, losses, expected, strict=True):
            yield {"regime": regime, "variable": VARIABLES[regime], "size": size, "loss": loss, "theory": exact}

    fixed, growing = projection(small, "few features"), choose(many[-1], stream("many points"), True)
    yield from rows("variance_data", many, simulation.excess_losses(features, growing, fixed, many), excess)

    fixed, growing = choose(small, stream("few points"), False), projection(many[-1], "many features")
    yield from rows("variance_width", many, simulation.excess_losses(features.T, growing, fixed, many), excess)

    for regime, matrix, growing in (
        ("resolution_data", simulation.covariance(features.T), choose(most, stream("points"), False)),
        ("resolution_width", simulation.covariance(features), projection(most, "features")),
    ):
        yield from rows(regime, sizes.sizes, simulation.projected_loss(matrix, growing, sizes.sizes), best)


def curve_table(losses: pd.DataFrame) -> pd.DataFrame:
    """Means over draws of rows with series, pool and draw added, in the form that all routes share."""
    keys = ["series", "pool", "regime", "variable"]
    return mean_curve(losses, keys, "size").assign(**ROUTE)[COLUMNS]


def exponents(losses: pd.DataFrame, sizes: Curves, spectra: dict[str, Estimate], confidence: float) -> pd.DataFrame:
    """Exponent of every curve in its window, beside what is expected: 1, or alpha_K of the series from `spectra`.

    Resolution-limited ones come a second time beside the exponent of the theory in the same window.
    """
    rows = []
    for (series, regime), curve in losses.groupby(["series", "regime"], sort=False):
        variance = regime in VARIANCE_LIMITED
        window = sizes.large_window if variance else sizes.window
        x, y = curves(curve, window, "size")
        prediction = Estimate(1.0, 0.0) if variance else spectra[series]
        origin = VARIANCE_LIMITED.get(regime, "alpha_K of the spectrum")
        label = ROUTE | {"regime": regime, "series": series, "variable": VARIABLES[regime]}
        rows.append(label | exponent_row(x, y, confidence, prediction, origin))
        if not variance:
            exact = _of_theory(curve, window)
            rows.append(label | exponent_row(x, y, confidence, exact, "theory, finite size"))
    return pd.DataFrame(rows)


def duality(losses: pd.DataFrame, sizes: Curves, spectra: dict[str, Estimate], confidence: float) -> pd.DataFrame:
    """A row for each series: series, pool, draws, and alpha_K, alpha_D, alpha_P, alpha_theory, each with its columns
    _standard_error, _lower and _upper.

    alpha_theory is the exponent of the theory in the window of alpha_D and alpha_P: alpha_K as so few see the spectrum.
    """
    rows = []
    for (series, pool), table in losses.groupby(["series", "pool"], sort=False):
        row = {"series": series, "pool": pool, "draws": table["draw"].nunique()}
        estimates = {"alpha_K": spectra[series]}
        for name, regime in (("alpha_D", "resolution_data"), ("alpha_P", "resolution_width")):
            fit = fit_draws(power_law, *curves(table[table["regime"] == regime], sizes.window, "size"))
            estimates[name] = fit.parameters["exponent"]
        estimates["alpha_theory"] = _of_theory(table[table["regime"] == "resolution_width"], sizes.window)
        for name, estimate in estimates.items():
            lower, upper = estimate.interval(confidence)
            row |= {name: estimate.value, f"{name}_standard_error": estimate.error}
            row |= {f"{name}_lower": lower, f"{name}_upper": upper}
        rows.append(row)
    return pd.DataFrame(rows)


def _of_theory(curve: pd.DataFrame, window: Window) -> Estimate:
    """Exponent of the theory, whose draws may all be the same."""
    x, y = curves(curve, window, "size", "theory")
    slopes = np.polyfit(np.log(x), np.log(y).T, 1)[0]
    return Estimate(-slopes.mean(), slopes.std(ddof=1) / np.sqrt(len(slopes)), len(slopes) - 1)
