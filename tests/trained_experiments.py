"""Small runs of every experiment that trains, on toy data, for tests of what holds for all of them."""

import numpy as np

from replication import schema
from replication.datasets.dataset import Dataset
from replication.experiments import trained_regimes as regimes
from replication.experiments import width_expansion
from replication.experiments.ensembles import Subject, case_of, ensembles, training_times
from replication.experiments.trained_curves import trained_students, trained_variations
from replication.experiments.training_variations import expected_of_variations, training_variations
from replication.settings.network import MLP
from replication.settings.regimes import (
    Dimension,
    ResolutionWidth,
    TrainedRegimes,
    TrainedStudents,
    TrainedVariations,
    VarianceData,
    VarianceWidth,
)
from replication.settings.sections import Window
from replication.settings.tasks import TaskSettings
from replication.settings.training import FiniteWidth, Training, TrainingVariations, WidthExpansion

SEED, STEPS, MEMBERS = 3, 30, 8
TASK = TaskSettings(dataset="uci_digits", pool_size=60, test_size=9, learning_rate_fraction=0.2)
NETWORK = MLP(depth=1, activation="erf", weight_variance=1.9, bias_variance=0.2)
TRAINING = Training(steps=STEPS, batch_size=4)
WINDOW = Window(smallest=4, largest=16)
FINITE_WIDTH = FiniteWidth(widths=(6, 9), training_sizes=(4, 8), members=(MEMBERS, MEMBERS + 1))
TRAINING_VARIATIONS = TrainingVariations(
    width=6, training_sizes=(4, 8), members=MEMBERS, steps=STEPS,
    algorithm=("minibatch_gradient_descent",), parametrisation=("mup",), activation=(), depth=(),
)  # fmt: skip
EXPANSION = WidthExpansion(output_scales=(1.0, "matched"), precision=0.3)
CONVERGING = Training(steps=STEPS, algorithm="heavy_ball", training_loss_ratio=0.05)
ADAM = {"window": WINDOW, "steps": STEPS, "batch_size": 4, "adam_learning_rate": 0.05}
REGIMES = TrainedRegimes(
    task="digits",
    population=30,
    variance_width=VarianceWidth(
        depth=1, activation="erf", training_size=6, widths=(6, 9), window=WINDOW, members=MEMBERS, steps=STEPS,
        learning_rate_fraction=0.2,
    ),
    variance_data=VarianceData(
        width=3, activation="erf", training_sizes=(8, 16), window=WINDOW, draws=3, members=4, steps=STEPS,
        learning_rate_fraction=0.2,
    ),
    resolution_width=ResolutionWidth(population=40, widths=(4, 8), members=MEMBERS, **ADAM),
)  # fmt: skip
CURVES = ADAM | {"width": 6, "training_sizes": (4, 8), "draws": 3, "members": 4}
VARIATIONS = TrainedVariations(task="digits", depth=1, superclasses=(2,), noise=(0.5,), **CURVES)
DIMENSION = Dimension(
    dimensions=(2, 3), training_sizes=(8, 16), window=WINDOW, draws=3, teachers=1, teacher_width=8, test_size=9,
    depth=1, weight_variance=2.0, bias_variance=0.1, trained=TrainedStudents(dimensions=(2, 3), **CURVES),
)  # fmt: skip


def toy_dataset():
    """Seven pixels and three classes."""
    rng = np.random.default_rng(7)
    x, y = (rng.integers(0, largest, shape).astype(np.uint8) for largest, shape in ((17, (69, 7)), (3, 69)))
    return Dataset(x[:60], y[:60], x[60:], y[60:], classes=3)


def subject(network=NETWORK):
    return Subject(toy_dataset(), "digits", TASK, network, SEED)


def varied():
    asked = subject(), TRAINING, TRAINING_VARIATIONS
    return training_variations(*asked, expected_of_variations(*asked))


def trained(cases, training, finite_width):
    times = training_times(subject(), cases, training, finite_width.training_sizes)
    return ensembles(subject(), cases, training, finite_width, times)


def of_width():
    wide = FINITE_WIDTH.model_copy(update={"widths": (16, 32)})
    return trained(width_expansion.cases(subject(), EXPANSION), CONVERGING, wide)


def of_regime(make):
    return make(toy_dataset(), TASK, NETWORK, TRAINING, REGIMES, SEED)


RUNS = {
    schema.LEARNING_CURVE: lambda: trained([case_of(subject())], TRAINING, FINITE_WIDTH),
    schema.WIDTH_EXPANSION: of_width,
    schema.TRAINING_VARIATION: varied,
    schema.VARIANCE_LIMITED_WIDTH: lambda: of_regime(regimes.variance_limited_width),
    schema.VARIANCE_LIMITED_DATA: lambda: of_regime(regimes.variance_limited_data),
    schema.RESOLUTION_LIMITED_WIDTH: lambda: of_regime(regimes.resolution_limited_width),
    schema.TEACHER_STUDENT: lambda: trained_students(TRAINING, DIMENSION, SEED),
    schema.DATA_VARIATION: lambda: trained_variations(toy_dataset(), TASK, NETWORK, TRAINING, VARIATIONS, SEED),
}
