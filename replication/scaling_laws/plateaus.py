"""Whether eps_L stops depending on N_D, and at which value, for networks that are trained or built otherwise."""

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import STATISTICS, statistics_over_members
from replication.scaling_laws import fits as laws
from replication.seeds import generator
from replication.settings.analysis import Statistics

VARIANT = ["task", "dataset", "varied", "value", "width"]


def moments(members: pd.DataFrame, statistics: Statistics, seed: int) -> pd.DataFrame:
    """mu_L, sigma_L and eps_L of every variant and training size, in the columns of every table of test losses."""
    rows = []
    for key, group in members.groupby([*VARIANT, "training_size", "training_time"], sort=False):
        label = dict(zip([*VARIANT, "training_size", "training_time"], key, strict=True))
        # the same for every variant: one that stands under several properties has one interval
        stream = generator(seed, "bootstrap", *(str(label[name]) for name in ("task", "width", "training_size")))
        label |= {"members": len(group), "training_loss": group["training_loss"].mean()}
        losses, how = group["test_loss"].to_numpy(), (statistics.confidence, statistics.resamples)
        rows.append(label | statistics_over_members(losses, *how, stream))
    return pd.DataFrame(rows)


def plateaus(curves: pd.DataFrame, expected: pd.DataFrame, infinite: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """The plateau of eps_L of every variant: value and slope d ln eps_L / d ln N_D, each a row.

    curves: `moments`; expected: eps_L at infinite width where it is known; infinite: rows of the profile's own network
    after the same steps, for every draw of the training set, whose scatter tells what the one draw of the members adds
    to the errors (`scaling_laws.fit_single_draw`). `expected` is that of infinite width, averaged as the value is.
    """
    eps, rows = STATISTICS[2], []
    for key, curve in curves.groupby(VARIANT, sort=False):
        curve = curve.sort_values("training_size")
        label = dict(zip(VARIANT, key, strict=True))
        sizes = curve["training_size"].to_numpy()
        drawn = infinite[(infinite["task"] == label["task"]) & infinite["training_size"].isin(sizes)]
        reference = drawn.pivot(index="draw", columns="training_size", values=eps)[sizes].to_numpy()
        error = (curve[f"{eps}_standard_error"] / curve[eps]).to_numpy()
        fitted = laws.fit_single_draw(laws.plateau, sizes.astype(float), curve[eps].to_numpy(), error, reference)
        ends = {"smallest": sizes[0], "largest": sizes[-1], "points": len(sizes), "expected": np.nan}
        known = expected.merge(pd.DataFrame([label]).drop(columns="width"))
        if known[eps].notna().all():
            ends["expected"] = float(np.exp(np.log(known[eps]).mean()))
        table = laws.table(fitted, confidence).query("parameter != 'drift'")
        rows.append(table.assign(**label, **ends))
    table = pd.concat(rows, ignore_index=True)
    leading = [*VARIANT, "smallest", "largest", "points", "expected", "parameter"]
    return table[leading + [name for name in table if name not in leading]]


def at_infinite_width(infinite: pd.DataFrame, task: str, dataset: str, sizes: tuple[int, ...]) -> dict:
    """Another row: slope of the profile's own network at infinite width, after the same steps, at these sizes."""
    own = infinite[(infinite["task"] == task) & infinite["training_size"].isin(sizes)]
    values = own.pivot(index="draw", columns="training_size", values=STATISTICS[2])
    fitted = laws.fit_draws(laws.plateau, values.columns.to_numpy(float), values.to_numpy())
    slope = fitted.parameters["slope"]
    label = {"task": task, "dataset": dataset, "varied": "width", "value": "infinite", "width": np.inf}
    numbers = {"estimate": slope.value, "standard_error": slope.error, "degrees_of_freedom": slope.dof}
    return label | {"parameter": "slope"} | numbers
