"""Shows what reference/width_expansion.csv holds: eps_L of trained networks against 1/n, with the prediction.

python benchmarks/reference_figure.py    # writes paper_figures/reference/width_expansion.png, and README.md's lines
"""

import textwrap
from pathlib import Path

import pandas as pd
from scipy import special

from replication.figures.saving import png_bytes
from replication.figures.width_expansion import width_expansion
from replication.report.findings import span
from replication.report.readme import between
from replication.schema import EXPANSION_REACH

ROOT = Path(__file__).parents[1]
EPS = "coefficient_of_variation"
CONFIDENCE = 0.68
BEGIN, END = "<!-- reference/width_expansion.csv: python benchmarks/reference_figure.py -->", "<!-- end -->"


def tables(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Theory and moments of one case, in the columns of the pipeline's tables."""
    z = special.ndtri((1 + CONFIDENCE) / 2)
    names = {"case": "task", "infinite_eps": EPS, "infinite_mean": "mean"}
    theory = rows.drop(columns=["mean"]).rename(columns=names).drop_duplicates(["value", "training_size"])
    theory = theory.assign(**{f"{EPS}_at_{width}": 0.0 for width in rows["width"].unique()})  # names the widths
    columns = {}
    for stem, name in (("", "plain_eps"), ("controlled_", "eps")):
        error = rows[f"{name}_error"]
        columns |= {f"{stem}{EPS}": rows[name], f"{stem}{EPS}_standard_error": error}
        columns |= {f"{stem}{EPS}_lower": rows[name] - z * error, f"{stem}{EPS}_upper": rows[name] + z * error}
    return theory, rows[["value", "method", "width", "training_size"]].assign(**columns)


def abstract(table: pd.DataFrame) -> str:
    """What the README says of it, in Markdown."""
    trained = table[table["method"] == "trained"]
    within = trained[["training_size", "b"]].abs().max(axis=1) <= EXPANSION_REACH * trained["width"]
    members, widths, sizes = (trained[name] for name in ("members", "width", "training_size"))
    over, limit = trained["eps"] / trained["expected_eps"], trained["eps"] / trained["infinite_eps"]
    wide = trained["width"] >= 16 * trained["training_size"]
    text = (
        f"In {len(trained)} ensembles of {members.min()} to {members.max():,} networks with one hidden layer (MNIST "
        f"and CIFAR-10, n = {widths.min()} to {widths.max():,}, N_D = {sizes.min()} to {sizes.max()}, trained "
        f"to convergence on one H100) ε_L is {span(over[within])} times what infinite width and its order 1/n say, "
        f"without a fit, where N_D/n and |b|/n are below a quarter ({within.sum()} ensembles), and "
        f"{span(over[~within])} times beyond. Infinite width itself is {span(1 / limit[wide])} times the ε_L of "
        f"networks with n ≥ 16 N_D, and {span(1 / limit[~wide])} times that of narrower ones."
    )
    return "\n".join(textwrap.wrap(text, 120, break_long_words=False, break_on_hyphens=False))


def main() -> None:
    """Of MNIST the figure, of all the sentences."""
    table = pd.read_csv(ROOT / "reference" / "width_expansion.csv")
    folder = ROOT / "paper_figures" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    rows = table[table["case"] == "digits"]
    path = folder / "width_expansion.png"
    path.write_bytes(png_bytes(width_expansion(*tables(rows)), "reference/width_expansion.csv"))
    readme = ROOT / "README.md"
    readme.write_text(between(readme.read_text(encoding="utf-8"), BEGIN, END, abstract(table)), encoding="utf-8")
    print(path.relative_to(ROOT), "and README.md")


if __name__ == "__main__":
    main()
