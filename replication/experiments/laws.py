"""Every law that is fitted, from the tables of infinite width, of members and of random features."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from replication import seeds
from replication.scaling_laws import crossovers, data_variations, loss_tables, plateaus, trained_regimes
from replication.scaling_laws import member_bootstrap as bootstrap
from replication.scaling_laws import width_corrections as widths
from replication.scaling_laws.comparisons import compare
from replication.scaling_laws.curve_fits import fit_curves
from replication.scaling_laws.exponents import NUMBERS, mean_curve
from replication.scaling_laws.students import student_exponents
from replication.schema import CURVE, FINITE, GRADIENT_DESCENT, POINT
from replication.settings.analysis import Claims, ScalingLaws, Statistics
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training, TrainingVariations

Tables = Mapping[str, pd.DataFrame]


def laws_of_ensembles(
    tables: Tables,
    seed: int,
    training: Training,
    finite_width: FiniteWidth,
    statistics: Statistics,
    windows: ScalingLaws,
    claims: Claims,
) -> dict[str, pd.DataFrame]:
    """Of arXiv 2503.05938: moments of the test loss, their laws in N_D and in 1 / n, and comparisons of both widths.

    tables: `exact`, the learning curves at infinite width, draw by draw, and `members`, the losses of trained and
    linearised members, of all tasks. Gives, by name: test_loss, learning_curves, scaling_laws, comparisons,
    width_ratios, width_corrections, width_intercepts, width_crossovers.
    """
    exact, members = _with_declared_steps(tables["exact"], training), _with_declared_steps(tables["members"], training)
    confidence, resamples = statistics.confidence, statistics.resamples
    differences = bootstrap.paired_differences(members)
    correlations = bootstrap.member_correlations(members, bootstrap.ENSEMBLES, resamples, seed)
    correlations |= bootstrap.difference_correlations(differences, resamples, seed)
    losses = loss_tables.losses_of_training_sets(exact, members, statistics, seed)
    ratios = pd.concat([widths.width_ratios(losses), widths.difference_ratios(differences, losses)], ignore_index=True)
    sizes = windows.finite_width.inside(finite_width.training_sizes)
    rng = seeds.generator(seed, "crossover of the dependence on width")
    return {
        "test_loss": losses,
        "learning_curves": loss_tables.learning_curves(exact, losses, statistics),
        "scaling_laws": fit_curves(losses, correlations, windows, confidence),
        "comparisons": compare(losses, members, correlations, training.steps, confidence, windows),
        "width_ratios": ratios,
        "width_corrections": widths.fit_corrections(ratios, confidence),
        "width_intercepts": widths.mean_intercepts(ratios, correlations, sizes, confidence),
        "width_crossovers": crossovers.crossovers(ratios, correlations, claims.width_departure, confidence, rng),
    }


def laws_of_variants(
    tables: Tables,
    seed: int,
    tasks: Mapping[str, TaskSettings],
    training: Training,
    variations: TrainingVariations,
    statistics: Statistics,
) -> dict[str, pd.DataFrame]:
    """Of networks trained, parametrised or built otherwise: the tables training_variations and training_plateaus.

    tables: `variants`, losses of the members of every variant; `expected`, what infinite width says of each; `exact` as
    for `laws_of_ensembles`.
    """
    members, exact = tables["variants"], _with_declared_steps(tables["exact"], training)
    infinite = exact[(exact["method"] == GRADIENT_DESCENT) & (exact["training_time"] == training.steps)]
    correlations = bootstrap.member_correlations(members, bootstrap.VARIANTS, statistics.resamples, seed)
    curves = plateaus.moments_of_variants(members, statistics, seed)
    fitted = plateaus.plateaus(curves, tables["expected"], infinite, correlations, statistics.confidence)
    sizes = variations.training_sizes
    slopes = [
        plateaus.slope_at_infinite_width(infinite, name, task.dataset, sizes, statistics.confidence)
        for name, task in tasks.items()
    ]
    table = pd.concat([fitted, pd.DataFrame(slopes)], ignore_index=True)
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
    Gives, by name: regime_curves, regime_exponents, regime_differences, dimension, duality.
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
    return {
        "regime_curves": pd.concat([tables["features"], trained, *over_draws], ignore_index=True),
        "regime_exponents": pd.concat(exponents, ignore_index=True)[[*CURVE, *NUMBERS]],
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
