"""Stage: the plateau of eps_L of networks that are trained, parametrised or built otherwise."""

import numpy as np
import pandas as pd

from replication import training_plateaus as fits
from replication.settings import Statistics, Task, Training, TrainingVariations
from replication.stages import files
from replication.stages.command import run
from replication.stages.places import Place


def fit_training_variations(
    place: Place,
    seed: int,
    tasks: dict[str, Task],
    training: Training,
    training_variations: TrainingVariations,
    statistics: Statistics,
) -> None:
    """Ask of every variant whether its eps_L stops depending on N_D, and at which value."""
    names = list(tasks)
    members = files.read_tables(place.results("training_variations"), names)
    expected = files.read_tables(place.results("training_variations"), [f"{name}_expected" for name in names])
    exact = files.read_tables(place.results("infinite_width"), names)
    infinite = exact[(exact["method"] == "gradient_descent") & (exact["training_time"] == training.steps)]
    curves = fits.moments(members, statistics, seed)
    plateaus = fits.plateaus(curves, expected, infinite, statistics.confidence)
    rows = []
    for name, task in tasks.items():
        slope = fits.slope_at_infinite_width(infinite, name, training_variations.training_sizes)
        rows.append({"task": name, "source": task.source, "varied": "width", "value": "infinite"})
        rows[-1] |= {
            "width": np.inf,
            "parameter": "slope",
            "estimate": slope.value,
            "standard_error": slope.error,
            "degrees_of_freedom": slope.dof,
        }
    files.write_table(place.results("training_variations.csv"), curves)
    files.write_table(place.results("training_plateaus.csv"), pd.concat([plateaus, pd.DataFrame(rows)]))


if __name__ == "__main__":
    run(fit_training_variations)
