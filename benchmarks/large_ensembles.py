"""Ensembles beyond what two cores train, on one GPU: N_D to 4,096 on either side of the width, and three hidden layers.

    python benchmarks/large_ensembles.py theory DATA         # what infinite width and its order 1/n say, on processors
    KERAS_BACKEND=jax python benchmarks/large_ensembles.py train DATA MEMBERS [--seconds 400]
    python benchmarks/large_ensembles.py summary MEMBERS     # reference/large_ensembles.csv
    python benchmarks/large_ensembles.py show                # its figure, and what docs/results.md says of it

DATA is the prepared MNIST of the profile `laptop` (data/prepared/laptop/digits.npz), whose training set, test points,
seeds and way of training these ensembles share; MEMBERS a table of members, to which `train` adds one ensemble after
the other, cheapest first, until the time is over. What is asked of them: docs/analysis_plan.md. Products are in TF32;
the groups with `float32` repeat ensembles in float32, to see what that does.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the package is not installed, it lies beside

import numpy as np
import pandas as pd

from replication import atomic
from replication.datasets import prepared
from replication.experiments import width_expansion
from replication.experiments.ensembles import Case, Subject, ensembles, training_times
from replication.experiments.networks import network_on
from replication.experiments.training import member_table
from replication.finite_width.member_store import MemberStore
from replication.finite_width.runs import Labels, Run
from replication.infinite_width.learning_curve import compute_kernels, learning_curve
from replication.loss_distribution.moments import statistics_over_members
from replication.report.findings import span
from replication.report.readme import between
from replication.schema import GRADIENT_DESCENT, INFINITE_TEST_SET, OUTPUT_SCALE, TRAINED
from replication.seeds import generator
from replication.settings.reading import profile_named, read_settings
from replication.settings.training import Execution, FiniteWidth

REFERENCE = ROOT / "reference"
THEORY, TIMES, SUMMARY = (REFERENCE / f"large_ensembles{kind}.csv" for kind in ("_theory", "_times", ""))
PROFILE, TASK = "laptop", "digits"
KEYS = ["group", "value", "width", "training_size"]
EPS, Z = "coefficient_of_variation", 1.645  # of a 90 % interval
BEGIN = "<!-- reference/large_ensembles.csv: python benchmarks/large_ensembles.py show -->"
END, DECIMALS = "<!-- end of ensembles -->", "{:.3f}".format
COLUMNS = ["experiment", *KEYS[1:]]  # the same in a table of members


class Group(NamedTuple):
    """Ensembles of networks of one depth at some output scales."""

    depth: int
    scales: tuple[float | str, ...]
    sizes: FiniteWidth
    float32: bool = False


GROUPS = {
    "one layer": Group(1, ("matched", 1.0), FiniteWidth(
        widths=(256, 1024, 4096), training_sizes=(256, 512, 1024, 2048, 4096), members=(400, 400, 300))),
    "three layers": Group(3, ("matched", 1.0), FiniteWidth(
        widths=(256, 1024, 4096), training_sizes=(16, 32, 64), members=(400, 400, 200))),
    "one layer, float32": Group(1, ("matched",), FiniteWidth(
        widths=(256, 1024), training_sizes=(256, 512), members=(400, 200)), float32=True),
}  # fmt: skip


def subject_of(data: Path, depth: int) -> Subject:
    """MNIST as the profile has it, and its network at this depth."""
    profile = profile_named(read_settings(ROOT / "params.yaml"), PROFILE)
    network = profile.network.model_copy(update={"depth": depth, "output_scale": 1.0})
    return Subject(prepared.read(data), TASK, profile.tasks[TASK], network, profile.seed)


def cases(subject: Subject, name: str, group: Group) -> list[Case]:
    """The network at every output scale."""
    networks = [subject.network.model_copy(update={"output_scale": scale}) for scale in group.scales]
    values = [scale if isinstance(scale, str) else f"g = {scale:g}" for scale in group.scales]
    return [
        Case(Labels(name, TASK, subject.task.dataset, OUTPUT_SCALE, value), network_on(subject.dataset, network))
        for value, network in zip(values, networks, strict=True)
    ]


def theory(options: argparse.Namespace) -> None:
    """Steps and rates of training; mu_L and eps_L of infinite width and, of one layer, of order 1/n."""
    training = profile_named(read_settings(ROOT / "params.yaml"), PROFILE).training
    times, rows = [], []
    for name, group in GROUPS.items():
        subject, sizes = subject_of(options.data, group.depth), group.sizes.training_sizes
        data, of_scales = subject.data(sizes), cases(subject, name, group)
        times.append(training_times(subject, of_scales, training, sizes))
        for case in of_scales:
            kernels = compute_kernels(case.network, "closed_form", data.x, data.y, data.test_x)
            curve = pd.DataFrame(learning_curve(kernels, data.test_y, sizes))
            curve = curve[curve["method"] == GRADIENT_DESCENT].assign(group=name, value=case.labels.value)
            curve["output_scale"] = case.network.output_scale
            rows.append(curve[["group", "value", "output_scale", "training_size", "mean", "coefficient_of_variation",
                               INFINITE_TEST_SET]])  # fmt: skip
            print(name, case.labels.value, flush=True)
    found = pd.concat(rows, ignore_index=True)
    one = GROUPS["one layer"]
    reached = [size for size in one.sizes.training_sizes if size <= max(one.sizes.widths) // 4]  # by the expansion
    settings = profile_named(read_settings(ROOT / "params.yaml"), PROFILE).width_expansion
    expanded = width_expansion.expansion(
        subject_of(options.data, 1), settings.model_copy(update={"output_scales": one.scales}),
        one.sizes.model_copy(update={"training_sizes": tuple(reached)}),
    )  # fmt: skip
    print("order 1/n", flush=True)
    expanded = expanded.drop(columns=[*set(Labels._fields) - {"value"}, "method", "width", "output_scale"])
    expanded = expanded.drop(columns=["mean", "coefficient_of_variation", INFINITE_TEST_SET], errors="ignore")
    expanded.insert(0, "group", "one layer")
    found.merge(expanded, on=["group", "value", "training_size"], how="left").to_csv(THEORY, index=False)
    pd.concat(times, ignore_index=True).to_csv(TIMES, index=False)


def train(options: argparse.Namespace) -> None:
    """Every ensemble that MEMBERS lacks, cheapest first, as long as there is time."""
    start = time.monotonic()
    training = profile_named(read_settings(ROOT / "params.yaml"), PROFILE).training
    times, planned = pd.read_csv(TIMES), []
    for name, group in GROUPS.items():
        subject = subject_of(options.data, group.depth)
        runs = ensembles(subject, cases(subject, name, group), training, group.sizes, times)
        planned += [(run, group) for run in runs if run.ensemble.method == TRAINED]
    planned.sort(key=lambda pair: cost(pair[0]))
    tables = [pd.read_csv(options.members)] if options.members.exists() else []
    there = set().union(*(table[COLUMNS].itertuples(index=False, name=None) for table in tables))
    for run, group in planned:
        if key_of(run) in there or time.monotonic() - start > options.seconds:
            continue
        began, execution = time.monotonic(), Execution(device="gpu", tensor_float_32=not group.float32)
        with tempfile.TemporaryDirectory() as folder:
            tables.append(member_table([run], MemberStore(Path(folder), execution.tensor_float_32), execution))
        atomic.write(options.members, pd.concat(tables).to_csv(index=False).encode())
        took = time.monotonic() - began
        print(
            f"{took:7.1f} s  {cost(run) / took / 1e12:6.1f} TFLOP/s  {key_of(run)}, {run.members} members", flush=True
        )


def key_of(run: Run) -> tuple:
    """KEYS."""
    return run.labels.experiment, run.labels.value, run.ensemble.width, run.ensemble.training_size


def cost(run: Run) -> float:
    """Operations of the products of all steps and members, as in benchmarks/finite_width.py."""
    one, points = run.ensemble, run.ensemble.training_size
    inner = (one.network.depth - 1) * one.width**2 + 10 * one.width
    return run.members * one.training.steps * points * (6 * inner + 4 * min(784, points) * one.width)


def summary(options: argparse.Namespace) -> None:
    """A row for every ensemble: mu_L, sigma_L and eps_L with their errors, beside what is expected of them.

    float32_difference: root mean square of what TF32 changes a member's loss by, over sigma_L.
    """
    known, rows = pd.read_csv(THEORY).set_index(["group", "value", "training_size"]), []
    profile = profile_named(read_settings(ROOT / "params.yaml"), PROFILE)
    how = profile.statistics.confidence, profile.statistics.resamples
    ensembles_of = dict(list(pd.read_csv(options.members).groupby(COLUMNS)))
    for (group, value, width, size), members in ensembles_of.items():
        losses, rng = members["test_loss"].to_numpy(), generator(profile.seed, "bootstrap", group, value, width, size)
        row = dict(zip(KEYS, (group, value, width, size), strict=True)) | {"members": len(members)}
        row |= {"steps": members["training_time"].iloc[0], "device": members["device"].iloc[0]}
        row |= {name: members[name].astype(float).mean() for name in ("training_loss", "flipped_share")}
        row |= statistics_over_members(losses, *how, rng)
        limit = known.loc[(group, value, size)]
        row |= {f"infinite_{name}": limit[name] for name in ("mean", EPS)}
        row |= {f"expected_{name}": limit[f"{name}_at_{width}"] for name in ("mean", EPS)}
        if GROUPS[group].float32:
            twins = ensembles_of[group.removesuffix(", float32"), value, width, size]["test_loss"].to_numpy()
            row["float32_difference"] = np.sqrt(np.mean((twins[: len(losses)] - losses) ** 2)) / losses.std(ddof=1)
        rows.append(row | {"beyond_expansion": limit[f"beyond_expansion_at_{width}"]})
    pd.DataFrame(rows).sort_values(KEYS).to_csv(SUMMARY, index=False, float_format="%.6g")
    print(f"{len(rows)} ensembles in {SUMMARY.relative_to(ROOT)}")


def findings(table: pd.DataFrame) -> str:
    """What the ensembles say, in Markdown: sentences, and eps_L over infinite width with its 90 % interval."""
    table = table.assign(ratio=table[EPS] / table[f"infinite_{EPS}"], order=table[EPS] / table[f"expected_{EPS}"])
    table["half"] = Z * table["ratio"] * table[f"{EPS}_standard_error"] / table[EPS]
    one, three = (table[table["group"] == name] for name in ("one layer", "three layers"))
    wide, narrow = one[one["width"] >= 4 * one["training_size"]], one[one["width"] <= one["training_size"]]
    within = one[one["beyond_expansion"].astype(str) == "False"]
    flat = one[(one["width"] == 256) & (one["value"] == "matched") & (one["training_size"] >= 1024)]
    slope, error = slope_of(flat["training_size"], flat[EPS], flat[f"{EPS}_standard_error"])
    limit, _ = slope_of(flat["training_size"], flat[f"infinite_{EPS}"], flat[f"infinite_{EPS}"])
    deep = three[(three["width"] == 1024) & (three["value"] == "matched")]
    mean = np.log(deep["ratio"]).mean()
    half = Z * np.sqrt(((deep["half"] / Z / deep["ratio"]) ** 2).sum()) / len(deep)
    tf32 = table["float32_difference"].dropna()
    lines = [
        f"- *Where infinite width serves*: ε_L over its infinite-width value is {span(wide['ratio'])} for n ≥ 4 N_D "
        f"({len(wide)} ensembles) and {span(narrow['ratio'])} for n ≤ N_D ({len(narrow)}). Within the reach of "
        f"order 1/n ε_L is {span(within['order'])} times what it says ({len(within)}).",
        f"- *A plateau of trained networks*: at n = 256 and matched outputs ε_L is {span(flat[EPS], DECIMALS)} for "
        f"N_D = 1,024 to {flat['training_size'].max():,}: d ln ε_L / d ln N_D = {slope:.2f} ({slope - Z * error:.2f} "
        f"to {slope + Z * error:.2f}), where that of infinite width is {limit:.2f}. There n < N_D: ε_L no longer "
        f"falls, and is {span(flat['ratio'])} times what infinite width says.",
        f"- *Three layers*: mean of ln ε_L over that of infinite width at n = 1,024, matched, N_D = 16 to 64: "
        f"{mean:.2f} ({mean - half:.2f} to {mean + half:.2f}); N_D/n counts for more than with one layer.",
        f"- *TF32* changes the loss of a member by {span(tf32, DECIMALS)} of σ_L.",
    ]
    table["cell"] = [f"{r:.2f} ± {h:.2f}" for r, h in zip(table["ratio"], table["half"], strict=True)]
    shown = table[table["group"] != "one layer, float32"]
    grid = shown.pivot_table(index=KEYS[:3], columns="training_size", values="cell", aggfunc="first").fillna("")
    grid = grid.reset_index().rename(columns={"group": "network", "value": "outputs", "width": "n"})
    grid.columns = [name if isinstance(name, str) else f"N_D = {name:,}" for name in grid.columns]
    return "\n".join([*lines, "", grid.to_markdown(index=False)])


def slope_of(sizes: pd.Series, values: pd.Series, errors: pd.Series) -> tuple[float, float]:
    """d ln value / d ln size by weighted least squares, and its standard error."""
    weights = values / errors
    (slope, _), covariance = np.polyfit(np.log(sizes), np.log(values), 1, w=weights, cov="unscaled")
    return float(slope), float(np.sqrt(covariance[0, 0]))


def show(options: argparse.Namespace) -> None:
    """The figure, and the lines of docs/results.md."""
    from replication.figures.saving import png_bytes

    table, page = pd.read_csv(SUMMARY), ROOT / "docs" / "results.md"
    path = ROOT / "paper_figures" / "reference" / "large_ensembles.png"
    atomic.write(path, png_bytes(figure(table, pd.read_csv(THEORY)), "reference/large_ensembles.csv"))
    text = between(page.read_text(encoding="utf-8"), BEGIN, END, findings(table))
    atomic.write(page, text.encode())
    print(path.relative_to(ROOT), "and", page.relative_to(ROOT))


def figure(table: pd.DataFrame, limits: pd.DataFrame):
    """eps_L against N_D: infinite width, order 1/n where it reaches, and trained ensembles, for both output scales."""
    import matplotlib.pyplot as plt
    import seaborn as sns

    from replication.figures.style import readable_log_axis, styled

    @styled
    def draw():
        figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
        one = limits["group"] == "one layer"
        widths = GROUPS["one layer"].sizes.widths
        for panel, value in zip(panels, ("matched", "g = 1"), strict=True):
            limit = limits[one & (limits["value"] == value)]
            rows = table[(table["group"] == "one layer") & (table["value"] == value)]
            panel.plot(limit["training_size"], limit[EPS], color="black", label="infinite width")
            for width, colour in zip(widths, sns.color_palette("colorblind"), strict=False):
                expected = limit[limit[f"beyond_expansion_at_{width}"].astype(str) == "False"]
                panel.plot(expected["training_size"], expected[f"{EPS}_at_{width}"], color=colour, linestyle="--")
                here = rows[rows["width"] == width].sort_values("training_size")
                for beyond, face in ((False, colour), (True, "white")):
                    there = here[(here["training_size"] > width) == beyond]
                    label = f"n = {width:,}" if not beyond else None
                    panel.errorbar(there["training_size"], there[EPS], there[f"{EPS}_standard_error"], color=colour,
                                   markerfacecolor=face, marker="o", linestyle="", label=label)  # fmt: skip
            outputs = "matched to the targets" if value == "matched" else value
            panel.set(xscale="log", yscale="log", xlabel="training-set size $N_D$", title=f"MNIST, outputs {outputs}")
            panel.set_xticks(GROUPS["one layer"].sizes.training_sizes, [f"{n:,}" for n in limit["training_size"]])
            panel.minorticks_off()
            readable_log_axis(panel.yaxis)
        panels[0].set_ylabel(r"$\epsilon_L$, 1,000 test points")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        return figure

    return draw()


def main() -> None:
    """One of the four parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(required=True)
    for part in (theory, train, summary, show):
        one = parts.add_parser(part.__name__, help=part.__doc__)
        one.set_defaults(part=part)
        if part in (theory, train):
            one.add_argument("data", type=Path)
        if part in (train, summary):
            one.add_argument("members", type=Path)
        if part is train:
            one.add_argument("--seconds", type=float, default=np.inf)
    options = parser.parse_args()
    options.part(options)


if __name__ == "__main__":
    main()
