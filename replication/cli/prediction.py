"""What `python -m replication predict` says of the user's own data."""

from typing import Literal

import numpy as np
import pandas as pd

from replication.api.laws import fit
from replication.cli.own_table import DataSet
from replication.errors import ReplicationError
from replication.scaling_laws.estimates import plus_minus
from replication.schema import BAYES, GRADIENT_DESCENT, INFINITE_TEST_SET
from replication.settings.network import MATCHED

EPS = "coefficient_of_variation"
INACCURATE = 1e-3  # relative errors that are said
SHOWN = {"mean": "mu_L", "std": "sigma_L", EPS: "eps_L", INFINITE_TEST_SET: "eps_L, infinite test set"}


def number_or_matched(text: str) -> float | Literal["matched"]:
    """An output scale as it is typed."""
    if text == MATCHED:
        return "matched"
    try:
        return float(text)
    except ValueError:
        raise ReplicationError(f"--output-scale {text}", f"give a number, or {MATCHED}") from None


def explanation(exact: pd.DataFrame, curves: pd.DataFrame, data: DataSet, confidence: float) -> str:
    """The curve of gradient descent as a table, and what eps_L at its largest size means, in words."""
    descent, bayes = _converged(curves, GRADIENT_DESCENT), _converged(curves, BAYES)
    last = descent.iloc[-1]
    test_points = len(data.points.x_test)
    lines = [
        *data.notes,
        f"Infinitely wide network, gradient descent to convergence; {data.words}; loss on {test_points} test points.",
        _readable(descent).to_string(index=False),
        "",
        _uncertainty(last, bayes, confidence),
        _sources(last),
    ]
    if len(descent) >= 3:
        lines.append(_trend(_converged(exact, GRADIENT_DESCENT), test_points))
    if last["diag_reg"] > 0:
        lines.append(f"The kernel was singular or nearly so: {last['diag_reg']:.0e} of its diagonal was added to it.")
    worst = _converged(exact, GRADIENT_DESCENT).set_index("training_size")["relative_error"].groupby(level=0).max()
    if len(inaccurate := worst[worst > INACCURATE]):
        sizes = ", ".join(map(str, inaccurate.index))
        lines.append(f"The kernel is so nearly singular at N_D = {sizes} that numbers may be off by {worst.max():.1%}.")
    return "\n".join(lines)


def at_width(finite: pd.DataFrame, width: int) -> str:
    """eps_L of networks of finite width beside that of infinite width on the same training sets, in words."""
    values = zip(finite[f"{EPS}_at_{width}"], finite[f"{EPS}_error_at_{width}"], strict=True)
    shown = pd.DataFrame(
        {
            "N_D": finite["training_size"],
            "eps_L, infinite width": finite[EPS].map("{:.4g}".format),
            f"eps_L, width {width}": [plus_minus(*pair) for pair in values],
            "within 25 % from width": finite["width_within_25_percent"].map("{:.0f}".format),
        }
    )
    lines = ["", f"Linearised networks of {width} neurons, converged, to order 1/n:", shown.to_string(index=False)]
    beyond = finite.loc[finite[f"beyond_expansion_at_{width}"], "training_size"]
    if len(beyond):
        sizes = ", ".join(map(str, beyond))
        reason = "N_D or |b| being above a quarter of the width: take more neurons"
        lines.append(f"At N_D = {sizes} the expansion has ended, {reason}.")
    return "\n".join(lines)


def _converged(table: pd.DataFrame, method: str) -> pd.DataFrame:
    return table[(table["method"] == method) & np.isinf(table["training_time"])]


def _readable(descent: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame({"N_D": descent["training_size"]})
    for column, heading in SHOWN.items():
        pairs = zip(descent[column], descent[f"{column}_standard_error"], strict=True)
        table[heading] = [plus_minus(*pair) for pair in pairs]
    return table


def _uncertainty(last: pd.Series, bayes: pd.DataFrame, confidence: float) -> str:
    """Networks that start from zero have no prior, and no Bayesian inference."""
    beside = f" Exact Bayesian inference gives {bayes.iloc[-1][EPS]:.4g}." if len(bayes) else ""
    interval = f"{confidence:.0%} credible interval of the loss: {last['loss_lower']:.4g} to {last['loss_upper']:.4g}."
    if np.isnan(last["loss_lower"]):
        interval = "The loss has so few degrees of freedom that its credible interval is not known."
    return (
        f"eps_L = {plus_minus(last[EPS], last[f'{EPS}_standard_error'])} at N_D = {last['training_size']}: training "
        f"again from another initialisation changes the test loss by {last[EPS]:.1%} of its mean, root mean square. "
        f"{interval}{beside}"
    )


def _sources(last: pd.Series) -> str:
    share = last["variance"] / last["mean"]
    return (
        f"Of the mean loss, {share:.0%} is the scatter over initialisations (an ensemble's mean would be free of it), "
        f"spread over {last['effective_modes']:.0f} independent modes; {1 - share:.0%} is the error of the mean "
        "network."
    )


def _trend(descent: pd.DataFrame, test_points: int) -> str:
    """Logarithmic slopes over the three largest sizes; empty where one is not known."""
    third = sorted(descent["training_size"].unique())[-3]
    laws = fit(descent, window=(third, np.inf))
    slopes = laws[laws["parameter"] == "slope"].set_index("statistic")
    if not {EPS, INFINITE_TEST_SET} <= set(slopes.index):
        return ""
    one_draw = descent["draw"].nunique() == 1
    texts = [
        f"{slope.estimate:.3f}" if one_draw else plus_minus(slope.estimate, slope.standard_error)
        for slope in (slopes.loc[EPS], slopes.loc[INFINITE_TEST_SET])
    ]
    return (
        f"Over the three largest N_D, d ln eps_L / d ln N_D = {texts[0]} with these {test_points} test points and "
        f"{texts[1]} with infinitely many; 0 is a plateau. The difference is the noise of a finite test set."
    )
