"""The headline numbers of a run in one flat dictionary: what two runs are compared by."""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from replication.scaling_laws.equivalence import VERDICTS
from replication.schema import (
    CURVE,
    DATA_VARIATION,
    FOUR_OVER_D,
    GRADIENT_DESCENT,
    INFINITE_TEST_SET,
    SIZE,
    STD_INFINITE_TEST_SET,
    STUDENTS,
    curve_name,
    is_baseline,
    regime_of,
)

# statistic, law and parameter of the headline numbers of every learning curve, by their name
LAWS = {
    "mean.exponent": ("mean", "power_law", "exponent"),
    "std.exponent": ("std", "power_law", "exponent"),
    "eps.plateau": ("coefficient_of_variation", "plateau", "value"),
    "eps.slope": ("coefficient_of_variation", "plateau", "slope"),
    "std_infinite_test_set.exponent": (STD_INFINITE_TEST_SET, "power_law", "exponent"),
    "std_infinite_test_set.relative_drift": (STD_INFINITE_TEST_SET, "power_law", "relative_drift"),
    "eps_infinite_test_set.slope": (INFINITE_TEST_SET, "plateau", "slope"),
}
Number = tuple[str, float, float]  # name, value, standard error


def metrics(laws: Mapping[str, pd.DataFrame], verdicts: pd.DataFrame) -> dict[str, float]:
    """Exponents, plateaus, slopes, ratios and coverage as `<name>` and `<name>.error`, and the number of each verdict.

    laws: the tables of fitted laws by name. Names begin with the task or the method, as in
    `digits.infinite_width.mean.exponent`; what is not finite is left out, as JSON knows no such number.
    """
    found: dict[str, float] = {}
    for name, value, error in (
        *_curves(laws["scaling_laws"]),
        *_comparisons(laws["comparisons"]),
        *_test_sets(laws["test_set_plateaus"]),
        *_widths(laws["width_comparisons"]),
        *_least_widths(laws["least_widths"]),
        *_exponents(laws["regime_exponents"], laws["dimension"]),
    ):
        numbers = {name: value, f"{name}.error": error}
        found |= {key: float(number) for key, number in numbers.items() if np.isfinite(number)}
    return found | _counts(verdicts)


def _curves(laws: pd.DataFrame) -> Iterator[Number]:
    """Converged at infinite width."""
    for task, rows in laws[laws["method"] == GRADIENT_DESCENT].groupby("task", sort=False):
        for name, kind in LAWS.items():
            chosen = rows[(rows[["statistic", "law", "parameter"]] == list(kind)).all(axis=1)]
            for row in chosen.itertuples():
                yield f"{task}.infinite_width.{name}", row.estimate, row.standard_error


def _comparisons(comparisons: pd.DataFrame) -> Iterator[Number]:
    for row in comparisons.itertuples():
        statistic = f".{row.statistic}" if row.comparison == "exponent_difference" else ""
        yield f"{row.task}.infinite_width.{row.comparison}{statistic}", row.estimate, row.standard_error


def _test_sets(plateaus: pd.DataFrame) -> Iterator[Number]:
    """Slope of ln eps_L by output scale and number of test points, kappa, and up to how many points it is a plateau."""
    for row in plateaus.itertuples():
        name = f"{row.task}.infinite_width.{_identifier(row.value)}"
        points = "infinitely_many" if np.isinf(row.test_size) else f"{row.test_size:.0f}"
        yield f"{name}.eps.slope.{points}_test_points", row.estimate, row.standard_error
        yield f"{name}.kappa", row.kappa, np.nan
        yield f"{name}.plateau_up_to_test_points", row.holds_up_to, np.nan


def _widths(comparisons: pd.DataFrame) -> Iterator[Number]:
    """Of trained ensembles, by output scale and width."""
    for row in comparisons.itertuples():
        width = "all_widths" if np.isnan(row.width) else f"width_{row.width:.0f}"
        statistic = f".{row.statistic}" if row.quantity == "exponent_difference" else ""
        name = f"{row.task}.{_identifier(row.value)}.{width}.{row.quantity}{statistic}"
        yield name, row.estimate, row.standard_error


def _least_widths(widths: pd.DataFrame) -> Iterator[Number]:
    """b, c, and the least width, by output scale and training size."""
    for row in widths.itertuples():
        name = f"{row.task}.{_identifier(row.value)}.{row.training_size}_points"
        yield f"{name}.b", row.b, np.nan
        yield f"{name}.c", row.c, row.c_error
        yield f"{name}.c.measured", row.measured_c, row.measured_c_error
        yield f"{name}.least_width", max(row.predicted, row.reach), row.predicted_error


def _exponents(exponents: pd.DataFrame, dimension: pd.DataFrame) -> Iterator[Number]:
    """Of every regime and method on data as they are, and of students in every dimension."""
    changed = (exponents["experiment"] == DATA_VARIATION) & ~is_baseline(exponents)
    chosen = exponents[exponents["variable"].isin(SIZE.values()) & ~changed & (exponents["task"] != STUDENTS)]
    students = dimension[dimension["origin"] == FOUR_OVER_D]
    # the same curve stands again beside every other prediction
    for row in pd.concat([chosen.drop_duplicates(CURVE), students]).to_dict("records"):
        name = f"{row['method']}.{regime_of(row['experiment'])}.{_identifier(curve_name(row))}"
        yield name, row["exponent"], row["exponent_standard_error"]


def _counts(verdicts: pd.DataFrame) -> dict[str, int]:
    return {
        f"verdicts.{_identifier(paper)}.{_identifier(outcome)}": int((rows["verdict"] == outcome).sum())
        for paper, rows in verdicts.groupby("paper")
        for outcome in VERDICTS
    }


def _identifier(words: str) -> str:
    return re.sub(r"\W+", "_", words).strip("_")
