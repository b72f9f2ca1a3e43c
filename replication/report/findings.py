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
    INFINITE_TEST_SET,
    LABELS,
    LINEARISED,
    NOISE,
    TRAINED,
    VARIANCE_LIMITED,
    is_baseline,
    subject_name,
)

Laws = Mapping[str, pd.DataFrame]
MANY_ERRORS = 2  # a slope further than so many standard errors from zero is called falling or rising


def of_ensembles(laws: Laws, confidence: float) -> list[str]:
    """Sentences on arXiv 2503.05938: infinite width task by task, then the trained ensembles."""
    return [
        *_infinite_width(laws["scaling_laws"]),
        _credible_intervals(laws["comparisons"]),
        _widths(laws["comparisons"]),
        _coverage(laws["comparisons"], confidence),
        _intercepts(laws["width_intercepts"]),
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


def _infinite_width(laws: pd.DataFrame) -> Iterator[str]:
    """Converged gradient descent, task by task."""
    converged = laws[np.isinf(laws["width"]) & np.isinf(laws["training_time"]) & (laws["method"] == GRADIENT_DESCENT)]
    of_pairs = (converged["statistic"] == INFINITE_TEST_SET) & (converged["parameter"] == "slope")
    slopes = converged[of_pairs].set_index("task")
    for row in exponent_table(converged).to_dict("records"):
        text = (
            f"{subject_name(row['task'], row['dataset'])}, converged at infinite width: exponent "
            f"{row['mean_exponent_text']} of mu_L and {row['std_exponent_text']} of sigma_L; in the plateau window "
            f"eps_L = {row['plateau_value_text']}, with logarithmic slope {row['plateau_slope_text']}"
        )
        if row["task"] in slopes.index:
            slope = slopes.loc[row["task"]]
            number = value_with_error(slope["estimate"], slope["standard_error"])
            text += f", and {number} if the test set were infinitely large"
        yield text


def _credible_intervals(comparisons: pd.DataFrame) -> str:
    by = comparisons.groupby("comparison")["estimate"]
    interval, bayes = (span(np.exp(by.get_group(name))) for name in ("interval_ratio", "bayes_ratio"))
    return (
        f"converged at infinite width, half the credible interval of the loss is {interval} times that of a Gaussian "
        f"of the same sigma_L, and eps_L of gradient descent {bayes} times that of Bayes (plateau window, all tasks)"
    )


def _widths(comparisons: pd.DataFrame) -> str:
    ratios = comparisons[comparisons["comparison"] == "width_ratio"]
    widest = ratios["width"] == ratios["width"].max()
    every, last = (span(np.exp(ratios.loc[rows, "estimate"]), "{:.1f}".format) for rows in (widest | True, widest))
    return (
        f"eps_L of trained networks, {span(ratios['width'], '{:g}'.format)} neurons a layer, is {every} times that of "
        f"infinite width after the same steps (means over the fit window, all widths and tasks), of the widest {last}"
    )


def _coverage(comparisons: pd.DataFrame, confidence: float) -> str:
    by = comparisons.groupby("comparison")["estimate"]
    absolute, relative = (span(by.get_group(name), _share) for name in ("coverage", "coverage_relative"))
    return (
        f"the {_share(confidence)} interval that infinite width predicts for the loss holds {absolute} of the losses "
        f"of trained networks, and {relative} where losses and interval are taken relative to their means"
    )


def _intercepts(intercepts: pd.DataFrame) -> str:
    means = intercepts[intercepts["statistic"] == "mean"]
    spans = [
        f"{span(np.exp(means.loc[means['method'] == method, 'intercept']))} times ({method})"
        for method in (TRAINED, LINEARISED)
        if (means["method"] == method).any()
    ]
    return f"extrapolated in 1/n, mu_L reaches {' and '.join(spans)} its value at infinite width"


def _variants(plateaus: pd.DataFrame) -> str:
    slopes = plateaus[(plateaus["parameter"] == "slope") & np.isfinite(plateaus["width"])]
    distance = slopes["estimate"] / slopes["standard_error"]
    falling, rising = int((distance < -MANY_ERRORS).sum()), int((distance > MANY_ERRORS).sum())
    return (
        f"of {len(slopes)} slopes of ln eps_L of networks trained, parametrised or built otherwise {falling} are "
        f"negative and {rising} positive by more than {MANY_ERRORS} standard errors, the other "
        f"{len(slopes) - falling - rising} are neither"
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
