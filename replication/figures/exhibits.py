"""Which figure is drawn from which tables."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from replication.figures.data_variations import data_variations
from replication.figures.dimension import dimension
from replication.figures.duality import duality
from replication.figures.error_sources import error_sources
from replication.figures.ladder import ladder
from replication.figures.learning_curve_theory import learning_curve_theory
from replication.figures.learning_curves import learning_curves
from replication.figures.plateau_dependence import plateau_dependence
from replication.figures.regimes import regimes
from replication.figures.saving import Drawing
from replication.figures.training_variations import training_variations
from replication.figures.width_dependence import width_dependence
from replication.figures.width_expansion import width_expansion
from replication.schema import LINEARISED

__all__ = ["LAWS", "TABLES", "Drawing", "drawings"]

# the tables of laws that are drawn
LAWS = (
    "learning_curves", "scaling_laws", "width_ratios", "width_corrections", "training_variations", "training_plateaus",
    "regime_curves", "regime_exponents", "regime_differences", "dimension", "duality",
)  # fmt: skip
# and of each task, folder and file, in the order of the parameters of `drawings`
TABLES = (
    ("infinite_width", "learning_curves"),
    ("infinite_width", "theory"),
    ("infinite_width_variations", "network"),
    ("ensembles", "expected"),
    ("ensembles", "width_expansion_theory"),
    ("ensembles", "width_expansion_moments"),
)


def drawings(
    laws: Mapping[str, pd.DataFrame],
    exact: pd.DataFrame,
    theory: pd.DataFrame,
    variations: pd.DataFrame,
    expected: pd.DataFrame,
    expansion: pd.DataFrame,
    converged_ensembles: pd.DataFrame,
    sizes: Sequence[int],
    width_ratio: float,
) -> dict[str, Drawing]:
    """Every figure of tables, by the name of its file.

    laws: the tables LAWS by name; exact, theory: learning curves at infinite width, computed and predicted; variations:
    of networks of infinite width; expected: of trained variants at infinite width; expansion: corrections of order 1/n;
    converged_ensembles: moments of ensembles beside them; sizes: training sizes in the fit window of finite width;
    width_ratio: the bound of claim A3.
    """
    curves, fits, ratios, corrections, varied, plateaus, *of_regimes, dimensions, dualities = (laws[n] for n in LAWS)
    converged, trained = exact[np.isinf(exact["training_time"])], curves[curves["method"] != LINEARISED]
    found = {  # what takes longest first, so that processors end together
        "data_variations": Drawing(data_variations, tuple(of_regimes)),
        "learning_curves": Drawing(learning_curves, (trained, fits)),
        "learning_curve_theory": Drawing(learning_curve_theory, (converged, theory)),
        "plateau_dependence": Drawing(plateau_dependence, (variations,)),
        "width_dependence": Drawing(width_dependence, (trained, width_ratio)),
        "ladder": Drawing(ladder, (ratios, corrections, sizes)),
        "training_variations": Drawing(training_variations, (varied, expected, plateaus)),
        "regimes": Drawing(regimes, tuple(of_regimes[:2])),
        "duality": Drawing(duality, (dualities,)),
        "dimension": Drawing(dimension, (dimensions,)),
    }
    for task, rows in converged.groupby("task", sort=False):
        found[f"error_sources_{task}"] = Drawing(error_sources, (rows,))
    for task, rows in expansion.groupby("task", sort=False):
        beside = converged_ensembles[converged_ensembles["task"] == task]
        found[f"width_expansion_{task}"] = Drawing(width_expansion, (rows, beside))
    return found
