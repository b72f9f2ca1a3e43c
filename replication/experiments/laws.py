"""Every law that is fitted, from the tables of infinite width, of members and of random features."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication.scaling_laws import (
    data_variations,
    loss_tables,
    plateau_origin,
    plateaus,
    trained_regimes,
    width_expansion,
)
from replication.scaling_laws import member_bootstrap as bootstrap
from replication.scaling_laws.comparisons import compare
from replication.scaling_laws.curve_fits import fit_curves
from replication.scaling_laws.exponents import NUMBERS, mean_curve
from replication.scaling_laws.local_exponents import local_exponents, with_theory_drift
from replication.scaling_laws.students import student_exponents
from replication.schema import CURVE, FINITE, POINT
from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.network import MLP
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.training import Training

Tables = Mapping[str, pd.DataFrame]


def laws_of_ensembles(
    tables: Tables, seed: int, training: Training, statistics: Statistics, windows: ScalingLaws, claims: Claims
) -> dict[str, pd.DataFrame]:
    """Of arXiv 2503.05938: moments of the test loss, their laws in N_D, and finite beside infinite width.

    tables, of all tasks: `exact`, the learning curves at infinite width, draw by draw; `members`, the losses of trained
    and linearised members; `expansion_members`, `expansion_moments` and `expansion_theory`, of networks at every output
    scale. Gives, by name: test_loss, learning_curves, scaling_laws, comparisons, test_set_plateaus, width_comparisons,
    least_widths.
    """
    exact, members = _with_declared_steps(tables["exact"], training), _with_declared_steps(tables["members"], training)
    theory, moments = tables["expansion_theory"], tables["expansion_moments"]
    losses = loss_tables.losses_of_training_sets(exact, members, statistics, seed)
    scales = {
        task: dict(zip(rows["value"], rows["output_scale"], strict=True)) for task, rows in theory.groupby("task")
    }
    return {
        "test_loss": losses,
        "learning_curves": loss_tables.learning_curves(exact, losses, statistics),
        "scaling_laws": fit_curves(losses, windows, statistics.confidence),
        "comparisons": compare(losses, statistics.confidence, windows),
        "test_set_plateaus": plateau_origin.plateaus_by_test_size(
            exact, scales, windows.plateau, statistics.confidence, claims.plateau_slope
        ),
        "width_comparisons": width_expansion.width_comparisons(
            tables["expansion_members"], moments, theory, windows, statistics, seed
        ),
        "least_widths": width_expansion.least_widths(moments, theory, claims.width_ratio),
    }


def laws_of_variants(
    tables: Tables, seed: int, network: MLP, training: Training, statistics: Statistics
) -> dict[str, pd.DataFrame]:
    """Of networks trained, parametrised or built otherwise: the tables training_variations and training_plateaus.

    tables: `variants`, losses of the members of every variant; `expected`, what infinite width says of each.
    """
    members = tables["variants"]
    correlations = bootstrap.member_correlations(members, bootstrap.VARIANTS, statistics.resamples, seed)
    curves = plateaus.moments_of_variants(members, statistics, seed)
    table = plateaus.plateaus(curves, tables["expected"], correlations, statistics.confidence)
    own = {
        name: getattr(training if name in Training.model_fields else network, name) for name in table["varied"].unique()
    }
    table["unvaried"] = table["value"].astype(str) == table["varied"].map(own).astype(str)
    return {"training_variations": curves, "training_plateaus": table}


def laws_of_regimes(
    tables: Tables,
    regimes: TrainedRegimes,
    variations: TrainedVariations,
    dimension: Dimension,
    statistics: Statistics,
) -> dict[str, pd.DataFrame]:
    """Of arXiv 2102.06701: the exponents of trained networks beside those of random features and infinite width.

    tables: `regime_members`, losses of the members of every trained experiment; `data`, `data_exponents` and
    `data_differences`, of converged networks on the data of all tasks and on data changed; `features`,
    `features_exponents` and `duality`, of random features; `students`, the exponents of infinitely wide students.
    Gives, by name: regime_curves, local_exponents, regime_exponents, regime_differences, dimension, duality.
    """
    confidence, members = statistics.confidence, tables["regime_members"]
    changed, students = trained_regimes.on_changed_data(members), trained_regimes.of_students(members)
    trained = trained_regimes.trained_curves(members, regimes.population, confidence)
    of_students = student_exponents(students, dimension.trained.window, confidence)
    over_draws = [mean_curve(losses, POINT, confidence) for losses in (changed, students, tables["data"])]
    exponents = [
        tables["features_exponents"],
        trained_regimes.trained_exponents(trained, regimes, confidence),
        data_variations.exponents(changed, variations.window, confidence),
        of_students,
        tables["data_exponents"],
    ]
    moved = data_variations.exponent_differences(changed, variations.window, confidence)
    curves = pd.concat([tables["features"], trained, *over_draws], ignore_index=True)
    fitted = pd.concat(exponents, ignore_index=True)[[*CURVE, *NUMBERS]]
    return {
        "regime_curves": curves,
        "local_exponents": local_exponents(curves, confidence),
        "regime_exponents": with_theory_drift(fitted, curves),
        "regime_differences": pd.concat([tables["data_differences"], moved], ignore_index=True),
        "dimension": pd.concat([tables["students"], of_students], ignore_index=True),
        "duality": tables["duality"],
    }


def _with_declared_steps(table: pd.DataFrame, training: Training) -> pd.DataFrame:
    """One training time for a whole curve: where a ratio of losses gives each N_D its own steps, the most there may be.

    Members linearised to convergence stand beside those that were trained by the same rule.
    """
    stopped = np.isfinite(table["training_time"]) | table["method"].isin(FINITE)
    return table.assign(training_time=table["training_time"].mask(stopped, float(training.steps)))
