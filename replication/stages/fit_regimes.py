"""Stage: the four regimes of arXiv 2102.06701 by every route in one table of curves and one of exponents."""

import pandas as pd

from replication.regimes import routes as fits
from replication.regimes.data_variations import LABELS, NONE
from replication.regimes.settings import Dimension, TrainedRegimes
from replication.settings import Statistics, Task
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place


def fit_regimes(
    place: Place,
    tasks: dict[str, Task],
    trained_regimes: TrainedRegimes,
    dimension: Dimension,
    statistics: Statistics,
) -> None:
    """Fit the exponents of trained networks, and set them beside those of random features and infinite width."""
    confidence, names = statistics.confidence, list(tasks)
    trained, students = (files.read_table(place.results(*path)) for path in (TRAINED, STUDENTS))
    simulated = {name: files.read_table(place.results("random_features", f"{name}.csv")) for name in fits.TABLES}
    infinite = {
        "curves": files.read_tables(place.results("regimes"), [f"infinite_width-{name}" for name in names]),
        "exponents": files.read_tables(place.results("data_variations"), [f"{name}_exponents" for name in names]),
    }
    plain = (infinite["curves"]["varied"] == NONE) & (infinite["curves"]["target"] == LABELS)
    infinite["curves"] = infinite["curves"][plain]  # the others are in exhibits of their own
    networks = {
        "curves": [trained, fits.student_curves(students)],
        "exponents": [
            fits.trained_exponents(trained, trained_regimes, confidence),
            fits.student_exponents(students, dimension.trained.window, confidence),
        ],
    }
    for name, columns in fits.TABLES.items():
        table = pd.concat([simulated[name], *networks[name], infinite[name]], ignore_index=True)
        files.write_table(place.results("regimes", f"{name}.csv"), table.reindex(columns=columns))
    infinitely_wide = files.read_table(place.results("dimension", "exponents.csv"))
    every_student = pd.concat([infinitely_wide, networks["exponents"][1]], ignore_index=True)
    files.write_table(place.results("regimes", "dimension.csv"), every_student)


TRAINED, STUDENTS = ("regimes", "trained.csv"), ("dimension", "trained.csv")

if __name__ == "__main__":
    run(fit_regimes)
