"""Finite width at order 1/n: what infinite width says of networks with one hidden layer, and ensembles that test it."""

import numpy as np
import pandas as pd

from replication.experiments.controls import Controls, controls
from replication.experiments.ensembles import DRAW, Case, Subject
from replication.experiments.lazy_regime import linearised_correlation
from replication.experiments.networks import network_on
from replication.finite_width.runs import Labels
from replication.loss_distribution.moments import statistics_over_members
from replication.perturbation.control_variates import controlled_bootstrap
from replication.perturbation.corrections import corrections_at_scales
from replication.scaling_laws.tables import groups
from replication.schema import GRADIENT_DESCENT, OUTPUT_SCALE, WIDTH_EXPANSION
from replication.seeds import generator
from replication.settings.analysis import Statistics
from replication.settings.network import MLP
from replication.settings.training import FiniteWidth, WidthExpansion


def cases(subject: Subject, settings: WidthExpansion) -> list[Case]:
    """The networks of one hidden layer, whatever the depth of the subject's, at every output scale."""
    scales = subject.task.output_scales or settings.output_scales
    return [Case(_labels(subject, scale), _network_at(subject, scale)) for scale in scales]


def expansion(subject: Subject, settings: WidthExpansion, finite_width: FiniteWidth) -> pd.DataFrame:
    """A row for every output scale and training size: the columns of `finite_width_correction`."""
    data, of_scales = subject.data(finite_width.training_sizes), cases(subject, settings)
    networks = [case.network for case in of_scales]
    found = corrections_at_scales(
        networks[0].unscaled, [float(network.output_scale) for network in networks], *data, finite_width.training_sizes,
        finite_width.widths, settings.precision, generator(subject.seed, "neurons", subject.task_name),
        settings.neurons,
    )  # fmt: skip
    limit = {"method": GRADIENT_DESCENT, "width": np.inf}
    return pd.DataFrame([
        case.labels._asdict() | limit | row
        for place, case in enumerate(of_scales) for row in found.iloc[place :: len(of_scales)].to_dict("records")
    ])  # fmt: skip


def moments(
    subject: Subject,
    finite_width: FiniteWidth,
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
    data = subject.data(finite_width.training_sizes)
    scales = dict(zip(expected["value"], expected["output_scale"], strict=True))
    counts = dict(zip(finite_width.widths, finite_width.members, strict=True))
    found = controls(
        _network_at(subject, 1.0), data, finite_width.training_sizes, counts, list(scales.values()), subject.seed,
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


def _network_at(subject: Subject, scale: float | str) -> MLP:
    return network_on(subject.dataset, subject.network.model_copy(update={"depth": 1, "output_scale": scale}))


def _labels(subject: Subject, scale: float | str) -> Labels:
    value = scale if isinstance(scale, str) else f"g = {scale:g}"
    return Labels(WIDTH_EXPANSION, subject.task_name, subject.task.dataset, OUTPUT_SCALE, value, DRAW)


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
