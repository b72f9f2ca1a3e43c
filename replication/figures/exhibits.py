"""Which figure is drawn from which tables."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.figures.data_variations import data_variations
from replication.figures.dimension import dimension
from replication.figures.duality import duality
from replication.figures.error_sources import error_sources
from replication.figures.learning_curve_theory import learning_curve_theory
from replication.figures.learning_curves import learning_curves
from replication.figures.least_widths import least_widths
from replication.figures.local_exponents import local_exponents
from replication.figures.loss_law import loss_law
from replication.figures.plateau_dependence import plateau_dependence
from replication.figures.plateau_origin import plateau_origin
from replication.figures.regimes import regimes
from replication.figures.saving import Drawing
from replication.figures.training_variations import training_variations
from replication.figures.width_expansion import width_expansion
from replication.schema import LINEARISED
from replication.settings.network import MATCHED

__all__ = ["LAWS", "TABLES", "Drawing", "drawings"]

# the tables of laws that are drawn
LAWS = (
    "learning_curves", "scaling_laws", "test_set_plateaus", "least_widths", "training_variations", "training_plateaus",
    "regime_curves", "local_exponents", "regime_exponents", "regime_differences", "dimension", "duality",
)  # fmt: skip
# and of each task, by the name that `drawings` knows them by: folder and file
TABLES = {
    "exact": ("infinite_width", "learning_curves"),
    "theory": ("infinite_width", "theory"),
    "variations": ("infinite_width_variations", "network"),
    "expected": ("ensembles", "expected"),
    "expansion": ("ensembles", "width_expansion_theory"),
    "moments": ("ensembles", "width_expansion_moments"),
    "members": ("ensembles", "width_expansion"),
}


def drawings(
    laws: Mapping[str, pd.DataFrame],
    tables: Mapping[str, pd.DataFrame],
    confidence: float,
    exponent_share: float,
    energy_units: Mapping[str, float],
) -> dict[str, Drawing]:
    """Every figure of tables, by the name of its file.

    laws: the tables LAWS by name; tables: those of TABLES, each of all tasks. exact, theory: learning curves at
    infinite width, computed and predicted; variations: of networks of infinite width; expected: of trained variants at
    infinite width; expansion, moments, members: order 1/n, and ensembles beside it. confidence: of intervals;
    exponent_share: the relative difference of exponents that counts as none; energy_units: GeV that a target of one
    stands for, of tasks whose targets are energies.
    """
    of_regimes = tuple(laws[name] for name in ("regime_curves", "regime_exponents", "regime_differences"))
    exact, expansion, moments = tables["exact"], tables["expansion"], tables["moments"]
    curves, converged = laws["learning_curves"], exact[np.isinf(exact["training_time"])]
    trained = curves[curves["method"] != LINEARISED]
    scale = expansion["task"].map(exact.groupby("task")["output_scale"].first())
    own_scale = expansion[np.isclose(expansion["output_scale"], scale)]  # of the network that the curves are of
    found = {  # what takes longest first, so that processors end together
        "data_variations": Drawing(data_variations, of_regimes),
        "learning_curves": Drawing(learning_curves, (trained, laws["scaling_laws"], own_scale, energy_units)),
        "learning_curve_theory": Drawing(learning_curve_theory, (converged, tables["theory"])),
        "plateau_dependence": Drawing(plateau_dependence, (tables["variations"],)),
        "plateau_origin": Drawing(plateau_origin, (exact, laws["test_set_plateaus"])),
        "least_widths": Drawing(least_widths, (laws["least_widths"],)),
        "loss_law": Drawing(loss_law, (tables["members"], moments, expansion, MATCHED, confidence)),
        "training_variations": Drawing(
            training_variations, (laws["training_variations"], tables["expected"], laws["training_plateaus"])
        ),
        "regimes": Drawing(regimes, of_regimes[:2]),
        "local_exponents": Drawing(local_exponents, (laws["local_exponents"],)),
        "duality": Drawing(duality, (laws["duality"], exponent_share)),
        "dimension": Drawing(dimension, (laws["dimension"],)),
    }
    for task, rows in converged.groupby("task", sort=False):
        found[f"error_sources_{task}"] = Drawing(error_sources, (rows,))
    for task, rows in expansion.groupby("task", sort=False):
        found[f"width_expansion_{task}"] = Drawing(width_expansion, (rows, moments[moments["task"] == task]))
    return found
