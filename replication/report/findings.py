"""What was found, in sentences whose every number comes from a table of laws."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from replication.report.tables import exponent_table
from replication.scaling_laws.estimates import value_with_error
from replication.schema import (
    APPROACHES,
    CLASSES,
    DATA_VARIATION,
    FOUR_OVER_D,
    GRADIENT_DESCENT,
    LABELS,
    NOISE,
    STD_INFINITE_TEST_SET,
    VARIANCE_LIMITED,
    is_baseline,
    subject_name,
)

Laws = Mapping[str, pd.DataFrame]
SHARP = 0.1  # standard error up to which a ratio is told


def of_ensembles(laws: Laws, confidence: float) -> list[str]:
    """Sentences on arXiv 2503.05938: infinite width, the test set, finite width, and other ways to train."""
    widths = laws["width_comparisons"]
    return [
        *_power_laws(laws["scaling_laws"]),
        _plateau(laws["test_set_plateaus"]),
        _credible_intervals(laws["comparisons"]),
        _order(widths),
        _least_widths(laws["least_widths"]),
        _share_inside(widths, confidence),
        _approach(widths),
        _variants(laws["training_plateaus"]),
    ]


def of_regimes(laws: Laws) -> list[str]:
    """Sentences on arXiv 2102.06701."""
    exponents = laws["regime_exponents"]
    return [
        _variance_limited(exponents),
        _duality(laws["duality"]),
        _students(laws["dimension"]),
        *_changed_data(exponents, laws["regime_differences"]),
    ]


def span(values: pd.Series | np.ndarray, form: Callable[[float], str] = "{:.2f}".format) -> str:
    """`1.70 to 2.40`, or one number where both ends read alike."""
    low, high = form(float(np.min(values))), form(float(np.max(values)))
    return low if low == high else f"{low} to {high}"


def _percent(share: float) -> str:
    return f"{100 * share:+.0f} %" if round(100 * share) else "0 %"


def _share(share: float) -> str:
    return f"{100 * share:.0f} %"


def _power_laws(laws: pd.DataFrame) -> Iterator[str]:
    """Converged gradient descent, task by task."""
    converged = laws[laws["method"] == GRADIENT_DESCENT]
    for row in exponent_table(converged).to_dict("records"):
        of_task = converged[converged["task"] == row["task"]]
        chosen = (of_task["statistic"] == STD_INFINITE_TEST_SET) & (of_task["law"] == "power_law")
        infinite = of_task[chosen].set_index("parameter")
        exponent, drift = (
            value_with_error(*infinite.loc[name, ["estimate", "standard_error"]])
            for name in ("exponent", "relative_drift")
        )
        yield (
            f"{subject_name(row['task'], row['dataset'])}, converged at infinite width, N_D = "
            f"{infinite['smallest'].iloc[0]:.0f} to {infinite['largest'].iloc[0]:.0f}: mu_L falls with exponent "
            f"{row['mean_exponent_text']}, sigma_L with {exponent} on an infinitely large test set, where the local "
            f"exponent drifts by {drift} of itself, and with {row['std_exponent_text']} on the given one"
        )


def _plateau(plateaus: pd.DataFrame) -> str:
    infinite = np.isinf(plateaus["test_size"])
    given = plateaus[plateaus["given"].astype(bool)]
    up_to = plateaus["holds_up_to"].fillna(0)
    never = "" if up_to.all() else " (0: with none)"
    return (
        f"eps_L is flat only as far as the test set makes it: d ln eps_L / d ln N_D is "
        f"{span(given['estimate'])} with {span(given['test_size'], '{:,.0f}'.format)} test points and "
        f"{span(plateaus.loc[infinite, 'estimate'])} with infinitely many (all tasks and output scales); it stays "
        f"within the bound with at most {span(up_to, '{:,.0f}'.format)} test points{never}"
    )


def _credible_intervals(comparisons: pd.DataFrame) -> str:
    by = comparisons.groupby("comparison")["estimate"]
    interval, bayes = (span(np.exp(by.get_group(name))) for name in ("interval_ratio", "bayes_ratio"))
    return (
        f"half the credible interval of the loss at infinite width is {interval} times that of a Gaussian of the same "
        f"sigma_L, and eps_L of gradient descent {bayes} times that of Bayes (plateau window, all tasks)"
    )


def _order(widths: pd.DataFrame) -> str:
    of = {name: np.exp(rows["estimate"]) for name, rows in widths.groupby("quantity")}
    text = (
        f"eps_L of trained networks is {span(of['ratio_predicted'])} times what infinite width and order 1/n say of "
        f"them (means over N_D within the expansion; all tasks, output scales and widths), and {span(of['ratio'])} "
        f"times infinite width itself where the width suffices"
    )
    return text + (f", {span(of['ratio_too_narrow'])} where it does not" if "ratio_too_narrow" in of else "")


def _least_widths(table: pd.DataFrame) -> str:
    least = np.maximum(table["predicted"], table["reach"]) / table["training_size"]
    return (
        f"infinite width serves within the declared ratio from n = {span(least, '{:.1f}'.format)} N_D on (all tasks, "
        f"output scales and N_D)"
    )


def _share_inside(widths: pd.DataFrame, confidence: float) -> str:
    shares = widths.loc[widths["quantity"] == "share", "estimate"]
    return (
        f"the {_share(confidence)} interval that infinite width and order 1/n predict holds {span(shares, _share)} of "
        f"the losses of trained networks"
    )


def _approach(widths: pd.DataFrame) -> str:
    rows = widths[widths["quantity"] == "slope_of_mean"]
    sharp = rows[rows["standard_error"] < SHARP]
    if sharp.empty:
        return "how mu_L approaches infinite width is not measured sharply enough to compare it with b/n"
    return (
        f"mu_L approaches infinite width with {span(1 + sharp['estimate'])} times the b that is computed there, where "
        f"that ratio is known to {SHARP:g} or better"
    )


def _variants(plateaus: pd.DataFrame) -> str:
    slopes = plateaus[plateaus["parameter"] == "slope"]
    own, others = (slopes[slopes["unvaried"].astype(bool) == flag] for flag in (True, False))
    return (
        f"d ln eps_L / d ln N_D of networks trained, parametrised or built otherwise is {span(others['estimate'])}, "
        f"that of the unvaried ones {span(own['estimate'])}"
    )


def _variance_limited(exponents: pd.DataFrame) -> str:
    rows = exponents[exponents["experiment"].isin(VARIANCE_LIMITED)]
    spans = [
        f"{span(found['exponent'])} ({APPROACHES[method]})" for method, found in rows.groupby("method", sort=False)
    ]
    return f"variance-limited exponents, one in theory, are {' and '.join(spans)}"


def _duality(duality: pd.DataFrame) -> str:
    data, features = duality["alpha_D"], duality["alpha_P"]
    spectrum, theory = (
        span(pd.concat([data / duality[name], features / duality[name]]) - 1, _percent)
        for name in ("alpha_K", "alpha_theory")
    )
    between = span(data / features - 1, _percent)
    return (
        f"of random features the exponent in data differs from that in features by {between}, both from that of the "
        f"spectrum by {spectrum}, and from the theory at the same sizes by {theory}"
    )


def _students(dimension: pd.DataFrame) -> str:
    rows = dimension[dimension["origin"] == FOUR_OVER_D]
    spans = [
        f"{span(found['exponent'] * found['value'] / 4)} ({APPROACHES[method]})"
        for method, found in rows.groupby("method", sort=False)
    ]
    dimensions = span(rows["value"], "{:g}".format)
    return f"alpha_D of students over 4/d, d = {dimensions}, is {' and '.join(spans)}"


def _changed_data(exponents: pd.DataFrame, differences: pd.DataFrame) -> Iterator[str]:
    """By merged classes and by the strongest noise, for each method and task."""
    unvaried = exponents[(exponents["experiment"] == DATA_VARIATION) & is_baseline(exponents)]
    of_labels = differences[differences["target"] == LABELS]
    for (method, task, dataset), rows in of_labels.groupby(["method", "task", "dataset"], sort=False):
        same = unvaried[(unvaried["method"] == method) & (unvaried["task"] == task)]
        changes = rows["difference"] / same["exponent"].iloc[0]
        merged, noisy = (rows["varied"] == varied for varied in (CLASSES, NOISE))
        level = rows.loc[noisy, "value"].max()
        causes = {
            "merging classes": changes[merged],
            f"noise of standard deviation {level:g}": changes[noisy & (rows["value"] == level)],
        }
        parts = [f"by {span(found, _percent)} by {cause}" for cause, found in causes.items() if len(found)]
        if parts:
            yield f"alpha_D of {subject_name(task, dataset)}, {APPROACHES[method]}, changes {' and '.join(parts)}"
