"""The one schema of all tables: what experiments, methods and columns are called, and in which words readers see them.

A table names what its rows are of in the columns KEYS, with VARIATION (and `target`) where something is varied; its
numbers stand in columns such as `mean`, each estimate beside `mean_lower`, `mean_upper` and `mean_standard_error`.
`width` is inf at infinite width; random features have `training_size` inf where data are unlimited, and P as `width`.
Nothing is imported here, so that what depends on names does not depend on what computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import pandas as pd

# experiment: what was done
LEARNING_CURVE = "learning_curve"
NETWORK_VARIATION = "network_variation"
TRAINING_VARIATION = "training_variation"
WIDTH_EXPANSION = "width_expansion"
DATA_VARIATION = "data_variation"
TEACHER_STUDENT = "teacher_student"
VARIANCE_LIMITED_DATA = "variance_limited_data"
VARIANCE_LIMITED_WIDTH = "variance_limited_width"
RESOLUTION_LIMITED_DATA = "resolution_limited_data"
RESOLUTION_LIMITED_WIDTH = "resolution_limited_width"

# method: what gave the loss, at infinite width, as a member of an ensemble, or as a linear model
GRADIENT_DESCENT, BAYES = "gradient_descent", "bayes"
TRAINED: Final = "trained"
LINEARISED: Final = "linearised"
RANDOM_FEATURES = "random_features"
FINITE: tuple[Literal["trained", "linearised"], ...] = (TRAINED, LINEARISED)

# what rows are of
SUBJECT = ["task", "dataset"]
VARIATION = ["varied", "value"]
CASE = [*SUBJECT, *VARIATION, "target"]
RUN = ["training_size", "draw", "training_time"]
KEYS = ["experiment", *SUBJECT, "method", "width", *RUN]
CURVE = ["experiment", *CASE, "method"]  # of the curves of arXiv 2102.06701
POINT = [*CURVE, "width", "training_size", "training_time"]  # of such a curve, over draws

# varied and target
BASELINE = "none"  # nothing is varied
CLASSES, NOISE, SIDE, DIMENSION, EXPONENT = "classes", "noise", "side", "dimension", "exponent"
OUTPUT_SCALE = "output_scale"
EXPANSION_REACH = 0.25  # N_D / n and |b| / n up to which the expansion in 1 / n holds (docs/perturbation.md)
LABELS, TEACHER = "labels", "teacher"  # targets of the data set, and of a random function of the network's kernel
POWER_LAW, GAUSSIAN = "power_law", "gaussian_features"  # task and data set of random features without data
STUDENTS, HYPERCUBE = "students", "hypercube"  # task and data set of students of random teachers

# statistics of the test loss over initialisations
STATISTICS = ("mean", "std", "coefficient_of_variation")
INFINITE_TEST_SET = "coefficient_of_variation_infinite_test_set"
STD_INFINITE_TEST_SET = "std_infinite_test_set"
SYMBOLS = {"mean": "mu_L", "std": "sigma_L", "coefficient_of_variation": "eps_L", INFINITE_TEST_SET: "eps_L"}
SYMBOLS |= {STD_INFINITE_TEST_SET: "sigma_L"}

# the four regimes of arXiv 2102.06701 as a reader sees them, and the column in which each has its law
REGIMES = {
    VARIANCE_LIMITED_DATA: "variance-limited, data",
    VARIANCE_LIMITED_WIDTH: "variance-limited, width",
    RESOLUTION_LIMITED_DATA: "resolution-limited, data",
    RESOLUTION_LIMITED_WIDTH: "resolution-limited, width",
}
SIZE = {regime: "width" if regime.endswith("width") else "training_size" for regime in REGIMES}
# what the theory says of the exponent where it says a number
VARIANCE_LIMITED = {VARIANCE_LIMITED_DATA: "1 / D", VARIANCE_LIMITED_WIDTH: "1 / width"}
RANK = "rank"  # in which spectra have their law
# origin: where the prediction of an exponent comes from
ALPHA_K, FOUR_OVER_D, THREE_OVER_D = "alpha_K of the spectrum", "4/d", "3/d, ReLU kernel"

# methods as a reader sees them: in tables of arXiv 2503.05938, and in those of 2102.06701
INFINITE_WIDTH_METHODS = {GRADIENT_DESCENT: "gradient descent", BAYES: "Bayes"}
APPROACHES = {RANDOM_FEATURES: "random features", TRAINED: "trained networks", GRADIENT_DESCENT: "infinite width"}

UNCERTAINTY, EXPLAINING = "arXiv:2503.05938", "arXiv:2102.06701"  # the papers


def regime_of(experiment: str) -> str:
    """The regime whose law the curves of an experiment follow: data limit the resolution of all but four."""
    return experiment if experiment in REGIMES else RESOLUTION_LIMITED_DATA


def is_baseline(table: pd.DataFrame) -> pd.Series:
    """Which rows are of data as they are, with their labels."""
    return (table["varied"] == BASELINE) & (table["target"] == LABELS)


def subject_name(task: str, dataset: str) -> str:
    """A task and its data set: `digits (mnist)`."""
    return f"{task} ({dataset})"


def variation_name(varied: str, value: object) -> str:
    """What distinguishes a variation: `noise 0.5`, `4 x 4 pixels`, `depth 3`; empty for the baseline."""
    texts = {CLASSES: "{0:g} classes", SIDE: "{0:g} x {0:g} pixels", NOISE: "noise {0:g}", DIMENSION: "d = {0:g}"}
    if varied == BASELINE:
        return ""
    if varied == OUTPUT_SCALE:
        return str(value)
    return texts[varied].format(float(str(value))) if varied in texts else f"{varied} {value}"


def curve_name(row: Mapping[str, Any]) -> str:
    """A curve of arXiv 2102.06701, from the columns CURVE of its row: `digits (mnist), noise 0.5, labels`."""
    if row["experiment"] == TEACHER_STUDENT:
        return variation_name(row["varied"], row["value"])
    if row["task"] == POWER_LAW:
        return f"power law, {row['value']:g}"
    parts = [subject_name(row["task"], row["dataset"]), variation_name(row["varied"], row["value"])]
    if row["experiment"] == DATA_VARIATION and row["varied"] != CLASSES:
        parts.append(row["target"])
    return ", ".join(filter(None, parts))
