"""Stage: the figures of the profile, as PDF and PNG."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from replication.figures.data_variations import data_variations
from replication.figures.dimension import dimension
from replication.figures.duality import duality
from replication.figures.ladder import ladder
from replication.figures.learning_curve_theory import learning_curve_theory
from replication.figures.learning_curves import learning_curves
from replication.figures.plateau_dependence import plateau_dependence
from replication.figures.regimes import regimes
from replication.figures.saving import pdf_bytes, png_bytes
from replication.figures.training_variations import training_variations
from replication.figures.width_dependence import width_dependence
from replication.settings.analysis import Claims, ScalingLaws
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def draw_figures(
    paths: RunPaths,
    tasks: dict[str, TaskSettings],
    finite_width: FiniteWidth,
    scaling_laws: ScalingLaws,
    claims: Claims,
) -> None:
    """Draw learning curves, their theory, what the plateau of eps_L depends on, and how width matters."""
    curves, laws = (files.read_table(paths.results(name)) for name in ("learning_curves.csv", "scaling_laws.csv"))
    exact, theory, variations = (
        files.read_tables(paths.results(folder), list(tasks))
        for folder in ("infinite_width", "learning_curve_theory", "variations")
    )
    exact = exact[np.isinf(exact["training_time"])]
    trained = curves[curves["method"] != "linearised"]
    ratios, corrections, varied, plateaus = (
        files.read_table(paths.results(f"{name}.csv"))
        for name in ("width_ratios", "width_corrections", "training_variations", "training_plateaus")
    )
    expected = files.read_tables(paths.results("training_variations"), [f"{task}_expected" for task in tasks])
    sizes = scaling_laws.finite_width.inside(finite_width.training_sizes)
    figures = {
        "learning_curves": (learning_curves, trained, laws),
        "learning_curve_theory": (learning_curve_theory, exact, theory),
        "plateau_dependence": (plateau_dependence, variations),
        "width_dependence": (width_dependence, trained, claims.width_ratio),
        "ladder": (ladder, ratios, corrections, sizes),
        "training_variations": (training_variations, varied, expected, plateaus),
    }
    figures |= _of_regimes(paths, list(tasks))
    with ProcessPoolExecutor() as pool:  # a second or two each, nothing shared
        drawn = {name: pool.submit(_drawn, paths.provenance, *figure) for name, figure in figures.items()}
        for name, contents in drawn.items():
            for kind, content in zip(("png", "pdf"), contents.result(), strict=True):
                files.write(paths.exhibits(f"{name}.{kind}"), content)


def _of_regimes(paths: RunPaths, tasks: list[str]) -> dict[str, tuple]:
    """The figures of arXiv 2102.06701."""
    curves, exponents, dimensions, differences = (
        files.read_table(paths.results("regimes", f"{name}.csv"))
        for name in ("curves", "exponents", "dimension", "differences")
    )
    infinite = files.read_tables(paths.results("data_variations"), tasks).assign(route="infinite_width")
    trained = files.read_table(paths.results("data_variations", "trained.csv")).assign(route="trained")
    losses = pd.concat([infinite, trained], ignore_index=True)
    return {
        "regimes": (regimes, curves, exponents),
        "duality": (duality, files.read_table(paths.results("random_features", "duality.csv"))),
        "dimension": (dimension, dimensions),
        "data_variations": (data_variations, losses, exponents, differences),
    }


def _drawn(provenance: str, draw: Callable[..., Figure], *tables) -> tuple[bytes, bytes]:
    figure = draw(*tables)
    return png_bytes(figure, provenance), pdf_bytes(figure, provenance)


if __name__ == "__main__":
    run(draw_figures)
