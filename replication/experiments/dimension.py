"""Teacher and student on inputs of d dimensions, as in arXiv 2102.06701: infinitely wide students, and exponents.

The paper expects alpha_D of about 4 / d, a bound from below for smooth models and targets. Converged networks of
infinite width have a law of their own: after Spigler, Geiger and Wyart (arXiv 1905.10843) a kernel whose spectrum falls
with wave number as k^-alpha_S learns a Gaussian process with a spectrum k^-alpha_T as
  alpha_D = min(alpha_T - d, 2 alpha_S) / d.
For ReLU networks of any depth alpha_S = d + 1 (NTK; Bietti and Bach, arXiv 2009.14397) and alpha_T = d + 3 (NNGP, the
prior of wide teachers), which makes it 3 / d.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from replication.datasets.teacher_student import TeacherStudentData
from replication.infinite_width import predictions
from replication.infinite_width.learning_curve import UNREGULARISED, Regularisation, compute_kernels
from replication.scaling_laws.exponents import curves, exponent_row
from replication.scaling_laws.fits import Estimate
from replication.settings.network import MLP
from replication.settings.sections import Window

COLUMNS = ["route", "dimension", "teacher", "draw", "training_size", "loss", "theory"]


def infinitely_wide_student(
    spec: MLP, data: TeacherStudentData, sizes: Sequence[int], regularisation: Regularisation = UNREGULARISED
) -> Iterator[dict]:
    """Rows of teacher, training_size, loss = 1/(2 N_T) sum (Theta_* Theta^-1 Y - Y_*)^2, and theory.

    The theory is exact for the same inputs: the loss expected of teachers of infinite width, whose outputs have the
    covariance K. That is the covariance of converged outputs that start at those of such a teacher and learn zero.
    """
    problem = compute_kernels(spec, "closed_form", data.x, data.y, data.test_x)
    for size, prediction in zip(sizes, predictions.converged(problem, sizes, *regularisation), strict=True):
        theory = np.diag(prediction.covariance).mean() / 2
        for teacher, loss in enumerate(np.mean((prediction.mean - data.test_y) ** 2, axis=0) / 2):
            yield {"teacher": teacher, "training_size": size, "loss": loss, "theory": theory}


def exponents(losses: pd.DataFrame, window: Window, confidence: float) -> pd.DataFrame:
    """alpha_D of every route and dimension, errors over draws, beside 4 / d; of infinitely wide students also 3 / d.

    Teachers of one draw, which share its inputs, are averaged first, in ln L.
    """
    rows = []
    for (route, d), curve in losses.groupby(["route", "dimension"], sort=False):
        fitted = exponent_row(*curves(curve, window), confidence, Estimate(4 / d, np.nan), "4/d")
        label = {"route": route, "regime": "resolution_data", "series": f"d = {d}", "variable": "training_size"}
        label |= {"dimension": d}
        rows.append(label | fitted)
        if route == "infinite_width":
            rows.append(label | fitted | {"prediction": 3 / d, "origin": "3/d, ReLU kernel"})
    return pd.DataFrame(rows)
