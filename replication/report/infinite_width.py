"""The report's tables on infinite width: sources of the test loss, theory, credible intervals, published numbers."""

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import plus_minus
from replication.schema import INFINITE_TEST_SET, SUBJECT
from replication.schema import INFINITE_WIDTH_METHODS as METHODS
from replication.settings.sections import Window

EPS = "coefficient_of_variation"


def sources_table(exact: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """At the largest N_D, converged, means over draws: what mu_L and sigma_L are made of, and the credible interval."""
    converged = exact[np.isinf(exact["training_time"])]
    largest = converged[converged["training_size"] == converged["training_size"].max()]
    rows = []
    for (task, dataset, method), draws in largest.groupby([*SUBJECT, "method"], sort=False):
        mean = draws.mean(numeric_only=True)
        relative = [f"{mean[end] / mean['mean']:.3f}" for end in ("loss_lower", "loss_upper")]
        rows.append(
            {
                "task": task,
                "dataset": dataset,
                "method": METHODS[method],
                "N_D": int(mean["training_size"]),
                "eps_L": _over(draws[EPS]),
                "eps_L, infinite test set": _over(draws[INFINITE_TEST_SET]),
                "share of scatter in mu_L": f"{mean['variance'] / mean['mean']:.0%}",
                "share of single points in sigma_L²": f"{mean['diagonal_term'] / mean['std'] ** 2:.0%}",
                "effective modes": f"{mean['effective_modes']:.0f}",
                f"{confidence:.0%} interval of L / mu_L": " to ".join(relative),
                "condition number": f"{draws['condition_number'].max():.1e}",
                "diag_reg": f"{draws['diag_reg'].max():g}",
            }
        )
    return pd.DataFrame(rows)


def theory_table(exact: pd.DataFrame, theory: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Exponents in the fit window as predicted from the spectrum and as computed, and the ratio of the curves."""
    rows = []
    computed = exact[np.isinf(exact["training_time"])]
    means = computed.groupby([*SUBJECT, "method", "training_size"], sort=False).mean(numeric_only=True)
    for (task, dataset, method), predicted in theory.groupby([*SUBJECT, "method"], sort=False):
        predicted = predicted.set_index("training_size")
        exactly = means.loc[(task, dataset, method)]
        sizes = [n for n in exactly.index if n in window and n in predicted.index]
        row = {"task": task, "dataset": dataset, "method": METHODS[method], "N_D": f"{sizes[0]} to {sizes[-1]}"}
        for column, symbol in (("mean", "mu_L"), ("std", "sigma_L")):
            for how, table in (("predicted", predicted), ("computed", exactly)):
                slope = np.polyfit(np.log(sizes), np.log(table.loc[sizes, column]), 1)[0]
                row[f"exponent of {symbol}, {how}"] = f"{-slope:.3f}"
        for column, symbol in (("mean", "mu_L"), (EPS, "eps_L")):
            ratio = exactly.loc[sizes, column] / predicted.loc[sizes, column]
            row[f"{symbol}, computed / predicted"] = f"{ratio.min():.2f} to {ratio.max():.2f}"
        rows.append(row)
    return pd.DataFrame(rows)


def coverage_table(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Share of trained members in the credible interval predicted at infinite width, for each width."""
    columns = {"coverage": "of L", "coverage_relative": "of L over its mean"}
    rows = comparisons[comparisons["comparison"].isin(columns)]
    texts = [plus_minus(*pair) for pair in zip(rows["estimate"], rows["standard_error"], strict=True)]
    wide = rows.assign(text=texts).pivot_table(
        index=[*SUBJECT, "width"], columns="comparison", values="text", aggfunc="first", sort=False
    )
    return wide[list(columns)].rename(columns=columns).reset_index()


def published_table(published: pd.DataFrame) -> pd.DataFrame:
    """Published numbers beside ours, with the verdict on their agreement."""
    rows = [
        {
            "data": row.data,
            "quantity": row.quantity,
            "N_D": "" if np.isnan(row.training_size) else f"{row.training_size:.0f}",
            "published": f"{row.published:g} ± {row.tolerance:g}",
            "recomputed": plus_minus(row.recomputed, row.standard_error),
            "agreement": row.verdict,
            "source": row.published_by,
            "remark": "" if pd.isna(row.remark) else row.remark,
        }
        for row in published.itertuples()
    ]
    return pd.DataFrame(rows)


def _over(draws: pd.Series) -> str:
    return plus_minus(draws.mean(), draws.std(ddof=1) / np.sqrt(len(draws)))
