"""The report's tables on infinite width: sources of the test loss, theory, credible intervals, published numbers."""

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import plus_minus
from replication.scaling_laws.tables import groups
from replication.schema import GRADIENT_DESCENT, INFINITE_TEST_SET, SUBJECT
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


def plateaus_by_test_size_table(plateaus: pd.DataFrame) -> pd.DataFrame:
    """Slope of ln eps_L by task, output scale and number of test points, and up to how many of them it is a plateau."""
    rows = []
    for label, group in groups(plateaus, [*SUBJECT, "value"]):
        row = {name: label[name] for name in SUBJECT} | {"outputs": label["value"]}
        for one in group.to_dict("records"):
            points = "infinitely many" if np.isinf(one["test_size"]) else f"{one['test_size']:,.0f}"
            row[f"slope, {points} test points"] = plus_minus(one["estimate"], one["standard_error"])
        first = group.iloc[0]
        row["kappa"] = f"{first['kappa']:.3g}"
        row["a plateau up to"] = "none" if np.isnan(first["holds_up_to"]) else f"{first['holds_up_to']:,.0f} points"
        rows.append(row)
    return pd.DataFrame(rows).fillna("")


def skills_table(curves: pd.DataFrame) -> pd.DataFrame:
    """The loss of predicting the mean of the targets, and the skill 1 - mu_L / that along each curve."""
    converged = curves[np.isinf(curves["width"]) & np.isinf(curves["training_time"])]
    rows = []
    for label, curve in groups(converged[converged["method"] == GRADIENT_DESCENT], SUBJECT):
        curve = curve.sort_values("training_size")
        row = label | {"predicting the mean": f"{curve['loss_of_mean'].iloc[0]:.3f}"}
        for name, place in (("fewest", 0), ("some", len(curve) // 2), ("most", -1)):
            one = curve.iloc[place]
            row[f"skill with {name} points"] = f"{one['skill']:.2f} (N_D = {one['training_size']:,})"
        rows.append(row)
    return pd.DataFrame(rows)


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
