"""What `python -m replication predict` computes and says of the user's own data."""

from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from replication.datasets import own_data
from replication.datasets.training_sets import training_order
from replication.errors import ReplicationError
from replication.figures.learning_curves import learning_curves
from replication.figures.saving import pdf_bytes, png_bytes
from replication.infinite_width.learning_curve import GradientDescent, Regularisation, compute_kernels, learning_curve
from replication.loss_distribution.moments import INFINITE_TEST_SET, statistics_over_draws
from replication.report.tables import plus_minus
from replication.scaling_laws import fits as scaling_laws
from replication.settings.network import MLP

EPS = "coefficient_of_variation"
SHOWN = {"mean": "mu_L", "std": "sigma_L", EPS: "eps_L", INFINITE_TEST_SET: "eps_L, infinite test set"}
KEYS = ["task", "dataset", "method", "width", "training_size", "training_time"]


def split_sizes(path: Path, points: int, test_points: int, asked: str) -> tuple[int, list[int]]:
    """Number of test points, and the training sizes."""
    test_points = test_points or min(points // 5, 1000)
    pool = points - test_points
    if test_points < 2 or pool < 4:
        raise ReplicationError(
            f"{path}: {points} points leave {pool} beside {test_points} test points", "give more points"
        )
    if not asked:
        powers = [2**i for i in range(1, 13) if 2**i <= pool / 2]  # draws of more than half the pool hardly differ
        return test_points, [size for size in powers if size >= 16] or powers[-1:]
    try:
        sizes = sorted({int(size) for size in asked.split(",")})
    except ValueError:
        raise ReplicationError(f"--training-sizes {asked!r} are no numbers", "write them as 64,128,256") from None
    if sizes[0] < 1:
        raise ReplicationError(f"--training-sizes {asked!r} hold {sizes[0]}", "give sizes of at least 1")
    if sizes[-1] > pool:
        problem = (
            f"{path}: a training set of {sizes[-1]} out of {points} points, of which {test_points} are test points"
        )
        raise ReplicationError(problem, f"ask for at most {pool}, or lower --test-points")
    return test_points, sizes


def predict_draws(
    name: str,
    spec: MLP,
    engine: str,
    points: own_data.Split,
    sizes: list[int],
    draws: int,
    seed: int,
    regularisation: Regularisation,
    confidence: float,
    descending: GradientDescent | None,
) -> pd.DataFrame:
    """Learning curves of several draws of the training set, one below the other, with a progress bar."""
    rows = []
    total = draws * ((3 if descending else 2) * len(sizes) + 1)
    with tqdm(total=total, desc=f"infinite width, {name}", disable=None) as progress:
        for draw in range(draws):
            chosen = training_order(len(points.x), sizes[-1], seed, "own data", draw)
            problem = compute_kernels(spec, engine, points.x[chosen], points.y[chosen], points.test_x)
            progress.update()
            for row in learning_curve(problem, points.test_y, sizes, regularisation, confidence, descending):
                rows.append({"task": name, "dataset": "own data", "width": np.inf, "draw": draw, **row})
                progress.update()
    return pd.DataFrame(rows)


def curves(exact: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """One row for each curve and size, with intervals over draws."""
    rows = []
    for key, group in exact.groupby(KEYS, sort=False):
        means = ["squared_bias", "variance", "effective_modes", "loss_lower", "loss_median", "loss_upper"]
        worst = {"condition_number": group["condition_number"].max(), "diag_reg": group["diag_reg"].max()}
        row = dict(zip(KEYS, key, strict=True)) | statistics_over_draws(group, confidence)
        rows.append(row | group[means].mean().to_dict() | worst)
    return pd.DataFrame(rows)


def exhibits(name: str, exact: pd.DataFrame, curves: pd.DataFrame) -> dict[str, str | bytes]:
    """Files for the user, by name: the curves, what they average, and the figure."""
    no_laws = pd.DataFrame(columns=["task", "method", "width", "training_time", "statistic", "law", "parameter"])
    figure = learning_curves(curves, no_laws.astype({"width": float, "training_time": float}))
    table = {"index": False, "float_format": "%.12g", "lineterminator": "\n"}
    return {
        f"{name}_learning_curve.csv": curves.to_csv(**table),
        f"{name}_draws.csv": exact.to_csv(**table),
        f"{name}_learning_curve.png": png_bytes(figure, "replication predict"),
        f"{name}_learning_curve.pdf": pdf_bytes(figure, "replication predict"),
    }


def explanation(
    exact: pd.DataFrame, curves: pd.DataFrame, own: own_data.OwnData, test_points: int, confidence: float
) -> str:
    """The curve of gradient descent as a table, and what eps_L at its largest size means, in words."""
    descent = curves[(curves["method"] == "gradient_descent") & (curves["training_time"] == np.inf)]
    table = pd.DataFrame({"N_D": descent["training_size"]})
    for column, heading in SHOWN.items():
        pairs = zip(descent[column], descent[f"{column}_standard_error"], strict=True)
        table[heading] = [plus_minus(*pair) for pair in pairs]
    last = descent.iloc[-1]
    bayes = curves[curves["method"] == "bayes"].iloc[-1]
    share = last["variance"] / last["mean"]
    kind = f"{own.classes} classes" if own.classes else f"{own.targets.shape[1]} target(s), standardised"
    lines = [
        f"Infinitely wide network, gradient descent to convergence; {own.inputs.shape[1]} features, {kind}; "
        f"loss on {test_points} test points.",
        table.to_string(index=False),
        "",
        f"eps_L = {plus_minus(last[EPS], last[f'{EPS}_standard_error'])} at N_D = {last['training_size']}: training "
        f"again from another initialisation changes the test loss by {last[EPS]:.1%} of its mean, root mean square. "
        f"{confidence:.0%} credible interval of the loss: {last['loss_lower']:.4g} to {last['loss_upper']:.4g}. "
        f"Exact Bayesian inference gives {bayes[EPS]:.4g}.",
        f"Of the mean loss, {share:.0%} is the scatter over initialisations (an ensemble's mean would be free of it), "
        f"spread over {last['effective_modes']:.0f} independent modes; {1 - share:.0%} is the error of the mean "
        "network.",
    ]
    if len(descent) >= 3:
        lines += [_trend(exact, test_points)]
    if last["diag_reg"] > 0:
        lines += [f"The kernel was singular or nearly so: {last['diag_reg']:.0e} of its diagonal was added to it."]
    return "\n".join(lines)


def _trend(exact: pd.DataFrame, test_points: int) -> str:
    slopes = []
    converged = exact[(exact["method"] == "gradient_descent") & (exact["training_time"] == np.inf)]
    for column in (EPS, INFINITE_TEST_SET):
        draws = converged.pivot(index="draw", columns="training_size", values=column).iloc[:, -3:]
        if (draws <= 0).any(axis=None):
            return ""
        sizes = draws.columns.to_numpy(float)
        if len(draws) == 1:
            slopes.append(f"{np.polyfit(np.log(sizes), np.log(draws.iloc[0]), 1)[0]:.3f}")
            continue
        fit = scaling_laws.fit_draws(scaling_laws.plateau, sizes, draws.to_numpy())
        slopes.append(plus_minus(*fit.parameters["slope"][:2]))
    return (
        f"Over the three largest N_D, d ln eps_L / d ln N_D = {slopes[0]} with these {test_points} test points and "
        f"{slopes[1]} with infinitely many; 0 is a plateau. The difference is the noise of a finite test set."
    )
