"""Teacher and student on inputs of d dimensions, as in arXiv 2102.06701: students of infinite width."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from replication.datasets.teacher_student import TeacherStudentData, teacher_student_data
from replication.infinite_width import predictions
from replication.infinite_width.learning_curve import UNREGULARISED, Regularisation, compute_kernels
from replication.scaling_laws.students import student_exponents
from replication.schema import CURVE, DIMENSION, GRADIENT_DESCENT, HYPERCUBE, RUN, STUDENTS, TEACHER, TEACHER_STUDENT
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP
from replication.settings.regimes import Dimension

LABEL = {
    "experiment": TEACHER_STUDENT, "task": STUDENTS, "dataset": HYPERCUBE, "varied": DIMENSION, "target": TEACHER,
    "method": GRADIENT_DESCENT, "width": np.inf, "training_time": np.inf,
}  # fmt: skip


def infinitely_wide_students(
    dimension: Dimension,
    infinite_width: InfiniteWidth,
    statistics: Statistics,
    seed: int,
    progress: Callable[[], object] = lambda: None,
) -> dict[str, pd.DataFrame]:
    """Learning curves of infinitely wide students of finite random teachers, for every dimension, and their exponents.

    Tables by name: losses (`mean` and `theory` for every dimension, draw, teacher and training size), exponents.
    `progress` is called after every draw of every dimension.
    """
    settings, rows = dimension, []
    regularisation = Regularisation(infinite_width.diag_reg, infinite_width.singular_diag_reg)
    sizes = settings.training_sizes
    for d in settings.dimensions:
        for draw in range(settings.draws):
            data = teacher_student_data(
                settings.spec, d, sizes[-1], settings.test_size, settings.teachers, settings.teacher_width, seed, draw
            )
            for row in infinitely_wide_student(
                settings.spec, data, sizes, regularisation, infinite_width.linear_algebra
            ):
                rows.append(LABEL | {"value": d, "draw": draw} | row)
            progress()
    losses = pd.DataFrame(rows)[[*CURVE, "width", *RUN, "teacher", "mean", "theory"]]
    return {"losses": losses, "exponents": student_exponents(losses, settings.window, statistics.confidence)}


def infinitely_wide_student(
    network: MLP,
    data: TeacherStudentData,
    sizes: Sequence[int],
    regularisation: Regularisation = UNREGULARISED,
    algebra: str = "scipy",
) -> Iterator[dict]:
    """Rows of teacher, training_size, mean = 1/(2 N_T) sum (Theta_* Theta^-1 Y - Y_*)^2, and theory.

    The theory is exact for the same inputs: the loss expected of teachers of infinite width, whose outputs have the
    covariance K. That is the covariance of converged outputs that start at those of such a teacher and learn zero.
    """
    matrices = compute_kernels(network, "closed_form", data.x, data.y, data.test_x)
    converged = predictions.gradient_descent_to_convergence(matrices, sizes, *regularisation, algebra)
    for size, prediction in zip(sizes, converged, strict=True):
        theory = np.diag(prediction.covariance).mean() / 2
        for teacher, loss in enumerate(np.mean((prediction.mean - data.test_y) ** 2, axis=0) / 2):
            yield {"teacher": teacher, "training_size": size, "mean": loss, "theory": theory}
