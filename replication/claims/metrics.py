"""The headline numbers of a run in one flat dictionary: what two runs are compared by."""

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from replication.scaling_laws.equivalence import DOES_NOT_HOLD, HOLDS, NOT_ESTABLISHED
from replication.schema import (
    CURVE,
    DATA_VARIATION,
    FOUR_OVER_D,
    GRADIENT_DESCENT,
    INFINITE_TEST_SET,
    PAIRED_DIFFERENCE,
    SIZE,
    STUDENTS,
    SYMBOLS,
    TRAINED,
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
        *_intercepts(laws["width_intercepts"]),
        *_exponents(laws["regime_exponents"], laws["dimension"]),
    ):
        numbers = {name: value, f"{name}.error": error}
        found |= {key: float(number) for key, number in numbers.items() if np.isfinite(number)}
    return found | _counts(verdicts)


def _curves(laws: pd.DataFrame) -> Iterator[Number]:
    """Converged at infinite width, and trained at every width."""
    converged = (laws["method"] == GRADIENT_DESCENT) & np.isinf(laws["training_time"])
    for (task, width), rows in laws[converged | (laws["method"] == TRAINED)].groupby(["task", "width"], sort=False):
        for name, kind in LAWS.items():
            chosen = rows[(rows[["statistic", "law", "parameter"]] == list(kind)).all(axis=1)]
            for row in chosen.itertuples():
                yield f"{task}.{_width(width)}.{name}", row.estimate, row.standard_error


def _comparisons(comparisons: pd.DataFrame) -> Iterator[Number]:
    for row in comparisons.itertuples():
        statistic = f".{row.statistic}" if row.comparison == "exponent_difference" else ""
        yield f"{row.task}.{_width(row.width)}.{row.comparison}{statistic}", row.estimate, row.standard_error


def _intercepts(intercepts: pd.DataFrame) -> Iterator[Number]:
    for row in intercepts[intercepts["method"] != PAIRED_DIFFERENCE].itertuples():
        symbol = SYMBOLS[row.statistic].removesuffix("_L")
        yield f"{row.task}.{row.method}.intercept.{symbol}", row.intercept, row.intercept_standard_error


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
        for outcome in (HOLDS, DOES_NOT_HOLD, NOT_ESTABLISHED)
    }


def _identifier(words: str) -> str:
    return re.sub(r"\W+", "_", words).strip("_")


def _width(width: float) -> str:
    return "infinite_width" if np.isinf(width) else f"width_{width:g}"
