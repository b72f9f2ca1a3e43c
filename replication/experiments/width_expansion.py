"""Finite width at order 1/n: what infinite width says of networks with one hidden layer, and ensembles that test it."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from replication.datasets.dataset import Dataset
from replication.experiments.controls import Controls, controls
from replication.experiments.ensembles import DRAW, nested_data
from replication.experiments.lazy_regime import linearised_correlation
from replication.experiments.networks import network_on
from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.runs import Labels, Run, Shared
from replication.infinite_width.learning_curve import compute_kernels
from replication.infinite_width.predictions import gradient_descent
from replication.infinite_width.training_time import GradientDescent
from replication.loss_distribution.moments import statistics_over_members
from replication.perturbation.control_variates import controlled_bootstrap
from replication.perturbation.corrections import corrections_at_scales
from replication.scaling_laws.tables import groups
from replication.schema import FINITE, GRADIENT_DESCENT, OUTPUT_SCALE, TRAINED, WIDTH_EXPANSION
from replication.seeds import generator
from replication.settings.analysis import Statistics
from replication.settings.network import MLP
from replication.settings.tasks import TaskSettings
from replication.settings.training import Training, WidthExpansion

LEARNING_RATE_FRACTION = 0.5  # eta = N_D / lambda_max(Theta): the heavy ball's, which narrow networks bear, too
CONVERGENCE = Training(steps=1, algorithm="convergence")


class Subject(NamedTuple):
    """A task of a profile, its data, and the network: one hidden layer, whatever the depth of the profile's."""

    dataset: Dataset
    task_name: str
    task: TaskSettings
    network: MLP
    seed: int

    def data(self, settings: WidthExpansion) -> Data:
        """Training points of the largest size, and the test set."""
        return nested_data(self.dataset, self.task_name, settings.training_sizes[-1], self.seed)

    def network_at(self, scale: float | str) -> MLP:
        """With this output scale."""
        return network_on(self.dataset, self.network.model_copy(update={"depth": 1, "output_scale": scale}))


def expansion(subject: Subject, settings: WidthExpansion) -> pd.DataFrame:
    """A row for every output scale and training size: the columns of `finite_width_correction`, and how to train.

    learning_rate and training_time (steps) are those of the heavy ball, training_loss the mean that infinite width has
    after them, and reached whether it came down to `training_loss_ratio` of the converged test loss.
    """
    data, rows = subject.data(settings), []
    networks = [subject.network_at(scale) for scale in settings.output_scales]
    found = corrections_at_scales(
        networks[0].unscaled, [float(network.output_scale) for network in networks], *data, settings.training_sizes,
        settings.widths, settings.precision, generator(subject.seed, "neurons", subject.task_name), settings.neurons,
    )  # fmt: skip
    for place, (scale, network) in enumerate(zip(settings.output_scales, networks, strict=True)):
        corrections = found.iloc[place :: len(networks)].to_dict("records")
        label = _labels(subject, scale)._asdict() | {"method": GRADIENT_DESCENT, "width": np.inf}
        times = _training_times(network, data, settings)
        rows += [label | row | time for row, time in zip(corrections, times, strict=True)]
    return pd.DataFrame(rows)


def ensembles(subject: Subject, settings: WidthExpansion, expected: pd.DataFrame) -> list[Run]:
    """Trained members of every output scale, width and size, and the same linearised and converged in closed form.

    expected: the table of `expansion`, which has learning rates and steps.
    """
    data, runs = Shared(partial(subject.data, settings)), []
    for scale in settings.output_scales:
        network, label = subject.network_at(scale), _labels(subject, scale)
        times = expected[expected["value"] == label.value].set_index("training_size")
        for method in FINITE:
            for width, members in zip(settings.widths, settings.members, strict=True):
                for size in settings.training_sizes:
                    training, rate = CONVERGENCE, np.nan
                    if method == TRAINED:
                        update = {"steps": int(times.loc[size, "training_time"])}
                        training, rate = settings.training.model_copy(update=update), times.loc[size, "learning_rate"]
                    ensemble = Ensemble(
                        method, subject.seed, subject.task_name, network, training, width, size, float(rate),
                        float(rate) / LEARNING_RATE_FRACTION,
                    )  # fmt: skip
                    runs.append(Run(ensemble, members, data, label))
    return runs


def moments(
    subject: Subject,
    settings: WidthExpansion,
    expected: pd.DataFrame,
    members: pd.DataFrame,
    statistics: Statistics,
) -> pd.DataFrame:
    """A row for every ensemble: mu_L, sigma_L, eps_L, plain and by control variates, beside what was `expected`.

    controlled_* columns are those of `controlled_bootstrap`; expected_mean and expected_coefficient_of_variation of the
    expansion at this width, with the error of the latter, infinite_coefficient_of_variation
    that of infinite width; flipped_share and reached are means over members, and
    linearised_correlation that of trained members with the same linearised.
    """
    data = subject.data(settings)
    scales = dict(zip(expected["value"], expected["output_scale"], strict=True))
    counts = dict(zip(settings.widths, settings.members, strict=True))
    found = controls(
        subject.network_at(1.0), data, settings.training_sizes, counts, list(scales.values()), subject.seed,
        subject.task_name,
    )  # fmt: skip
    controls_of = {(one.width, one.training_size, one.output_scale): one for one in found}
    rows = []
    for key, ensemble in groups(members, [*Labels._fields, "method", "width", "training_size", "training_time"]):
        rng = generator(subject.seed, "bootstrap", *map(str, key.values()))
        own = controls_of[key["width"], key["training_size"], scales[key["value"]]]
        row = key | {"members": len(ensemble), "output_scale": own.output_scale}
        row |= _estimates(ensemble["test_loss"].to_numpy(), own, statistics, rng)
        row |= {name: ensemble[name].astype(float).mean() for name in ("training_loss", "flipped_share", "reached")}
        rows.append(row | _expected(expected, key) | {"linearised_correlation": linearised_correlation(members, key)})
    return pd.DataFrame(rows)


def _labels(subject: Subject, scale: float | str) -> Labels:
    value = scale if isinstance(scale, str) else f"g = {scale:g}"
    return Labels(WIDTH_EXPANSION, subject.task_name, subject.task.dataset, OUTPUT_SCALE, value, DRAW)


def _training_times(network: MLP, data: Data, settings: WidthExpansion) -> Iterator[dict[str, Any]]:
    kernels = compute_kernels(network, "closed_form", data.x, data.y, data.test_x)
    descent = GradientDescent.of(settings.training, LEARNING_RATE_FRACTION)
    descent = descent.timed(kernels, data.test_y, settings.training_sizes)
    for size in settings.training_sizes:
        steps = descent.steps_at(size)
        made = gradient_descent(kernels, size, LEARNING_RATE_FRACTION, steps, descent.momenta)
        yield {"training_time": steps, "learning_rate": made.learning_rate, "training_loss": made.training_loss}


def _estimates(losses: np.ndarray, own: Controls, statistics: Statistics, rng: np.random.Generator) -> dict[str, float]:
    how = statistics.confidence, statistics.resamples
    row = statistics_over_members(losses, *how, rng)
    for entry in controlled_bootstrap(losses, own.values, own.known, *how, rng).itertuples():
        ends = {"": entry.estimate, "_lower": entry.lower, "_upper": entry.upper}
        ends |= {"_standard_error": entry.standard_error}
        row |= {f"controlled_{entry.statistic}{end}": value for end, value in ends.items()}
    return row


def _expected(expected: pd.DataFrame, key: dict) -> dict[str, float]:
    same = (expected["value"] == key["value"]) & (expected["training_size"] == key["training_size"])
    (row,) = expected[same].to_dict("records")
    names = "mean", "coefficient_of_variation", "coefficient_of_variation_error"
    found = {f"expected_{name}": row[f"{name}_at_{key['width']}"] for name in names}
    found["infinite_coefficient_of_variation"] = row["coefficient_of_variation"]
    return found | {"beyond_expansion": row[f"beyond_expansion_at_{key['width']}"]}
