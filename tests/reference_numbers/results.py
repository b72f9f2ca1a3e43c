"""Results of a profile in small tables: curves at infinite width, members of ensembles, their laws, verdicts."""

import json

import numpy as np
import pandas as pd

SIZES, WIDTHS, MEMBERS = (16, 32, 64, 128, 256), (32, 64, 128, 256), 12


def tables(seed=0, rounding=0.0):
    """By file. seed: of the networks; rounding: relative, of each loss on another processor."""
    members = _members(np.random.default_rng(seed))
    members["test_loss"] *= 1 + rounding * np.random.default_rng(99).standard_normal(len(members))
    verdicts = pd.DataFrame(
        {"paper": "arXiv:2503.05938", "claim": ["A1", "A2"], "statement": ["a law", "a plateau"], "task": "digits"}
        | {"verdict": ["holds", "not established"], "evidence": ["0.31 [0.30, 0.32]", "0.1 [0, 0.2]"]}
    )
    found = {
        "infinite_width/digits/learning_curves.csv": _exact(),
        "claims/verdicts.csv": verdicts,
    }
    return found | derived(members) | {"published_numbers/published_numbers.csv": _published()}


def derived(members):
    """The table of members and the laws that follow from it."""
    moments = _moments(members)
    laws = {"laws/learning_curves.csv": moments, "laws/scaling_laws.csv": _laws(moments)}
    return {"ensembles/digits/members.csv": members} | laws


def write(folder, found):
    """The tables below results/quick of the folder, and the headline numbers."""
    for name, table in found.items():
        path = folder / "results/quick" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False, float_format="%.12g")
    estimates = found["laws/scaling_laws.csv"]
    headline = {}
    for row in estimates.itertuples():
        headline |= {
            f"width_{row.width}.exponent": row.estimate,
            f"width_{row.width}.exponent.error": row.standard_error,
        }
    (folder / "results/quick/metrics.json").write_text(json.dumps(headline))


def _exact():
    rows = [
        {"task": "digits", "method": "bayes", "width": np.inf, "training_size": size, "draw": draw}
        | {"mean": 3 * size**-0.4 * (1 + draw / 50), "std": 0.3 * size**-0.7, "squared_bias": 0.4 * size**-0.4}
        | {"condition_number": 1e9 * np.random.default_rng().random(), "diag_reg": 0.0}
        for size in SIZES
        for draw in (0, 1)
    ]
    return pd.DataFrame(rows)


def _members(rng):
    rows = [
        {"task": "digits", "method": "trained", "width": width, "training_size": size, "member": member}
        | {"training_loss": 1e-3 * rng.random(), "test_loss": 3 * size**-0.4 * (1 + 0.1 * rng.standard_normal())}
        | {"device": "cpu"}
        for width in WIDTHS
        for size in SIZES
        for member in range(MEMBERS)
    ]
    return pd.DataFrame(rows)


def _moments(members):
    losses = members.groupby(["task", "method", "width", "training_size"])["test_loss"]
    found = losses.agg(["mean", "std"])
    found["mean_standard_error"] = found["std"] / MEMBERS**0.5
    found["std_standard_error"] = found["std"] / (2 * (MEMBERS - 1)) ** 0.5
    for end, sign in (("lower", -1), ("upper", 1)):
        found[f"mean_{end}"] = found["mean"] + 2 * sign * found["mean_standard_error"]
    return found.reset_index()


def _laws(moments):
    rows = []
    for width, rows_of in moments.groupby("width"):
        slope, _ = np.polyfit(np.log(rows_of["training_size"]), np.log(rows_of["mean"]), 1)
        error = 0.1 / MEMBERS**0.5 / np.std(np.log(SIZES)) / len(SIZES) ** 0.5
        rows.append({"method": "trained", "width": width, "estimate": -slope, "standard_error": error})
    return pd.DataFrame(rows)


def _published():
    row = {"task": "digits", "data": "mnist", "quantity": "NNGP test accuracy", "training_size": [1000, 10000]}
    numbers = {"published": [0.93, 0.98], "tolerance": 0.01, "recomputed": [0.935, 0.975], "standard_error": 0.002}
    return pd.DataFrame(row | numbers | {"published_by": "Lee et al.", "verdict": "holds"})
