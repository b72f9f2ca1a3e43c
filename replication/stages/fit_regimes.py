"""Stage: the four regimes of arXiv 2102.06701 by every route in one table of curves and one of exponents."""

import pandas as pd

from replication.experiments import data_variations as changed
from replication.experiments import regimes as fits
from replication.settings.analysis import Statistics
from replication.settings.regimes import Dimension, TrainedRegimes, TrainedVariations
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.command import run
from replication.stages.run_paths import RunPaths


def fit_regimes(
    paths: RunPaths,
    tasks: dict[str, TaskSettings],
    trained_regimes: TrainedRegimes,
    trained_variations: TrainedVariations,
    dimension: Dimension,
    statistics: Statistics,
) -> None:
    """Fit the exponents of trained networks, and set them beside those of random features and infinite width."""
    confidence, names = statistics.confidence, list(tasks)
    trained, students, variations = (files.read_table(paths.results(*path)) for path in TRAINED)
    simulated = {name: files.read_table(paths.results("random_features", f"{name}.csv")) for name in fits.TABLES}
    infinite = {
        "curves": files.read_tables(paths.results("regimes"), [f"infinite_width-{name}" for name in names]),
        "exponents": files.read_tables(paths.results("data_variations"), [f"{name}_exponents" for name in names]),
    }
    window = trained_variations.window
    networks = {
        "curves": [trained, changed.regime_table(variations, "trained"), fits.student_curves(students)],
        "exponents": [
            fits.trained_exponents(trained, trained_regimes, confidence),
            changed.exponents(variations, window, confidence, route="trained"),
            fits.student_exponents(students, dimension.trained.window, confidence),
        ],
    }
    for name, columns in fits.TABLES.items():
        table = pd.concat([simulated[name], *networks[name], infinite[name]], ignore_index=True)
        if name == "curves":  # those of changed data are in an exhibit of their own
            table = table[changed.is_baseline(table)]
        files.write_table(paths.results("regimes", f"{name}.csv"), table.reindex(columns=columns))
    infinitely_wide = files.read_table(paths.results("dimension", "exponents.csv"))
    every_student = pd.concat([infinitely_wide, networks["exponents"][-1]], ignore_index=True)
    files.write_table(paths.results("regimes", "dimension.csv"), every_student)
    exact = files.read_tables(paths.results("data_variations"), [f"{name}_differences" for name in names])
    differences = {"infinite_width": exact, "trained": changed.exponent_differences(variations, window, confidence)}
    routes = [table.assign(route=route) for route, table in differences.items()]
    files.write_table(paths.results("regimes", "differences.csv"), pd.concat(routes, ignore_index=True))


TRAINED = (("regimes", "trained.csv"), ("dimension", "trained.csv"), ("data_variations", "trained.csv"))

if __name__ == "__main__":
    run(fit_regimes)
