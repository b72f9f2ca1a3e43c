"""Exponents of students of random teachers on inputs of d dimensions (arXiv 2102.06701).

The paper expects alpha_D of about 4 / d, a bound from below for smooth models and targets. Converged networks of
infinite width have a law of their own: after Spigler, Geiger and Wyart (arXiv 1905.10843) a kernel whose spectrum falls
with wave number as k^-alpha_S learns a Gaussian process with a spectrum k^-alpha_T as
  alpha_D = min(alpha_T - d, 2 alpha_S) / d.
For ReLU networks of any depth alpha_S = d + 1 (NTK; Bietti and Bach, arXiv 2009.14397) and alpha_T = d + 3 (NNGP, the
prior of wide teachers), which makes it 3 / d.
"""

import numpy as np
import pandas as pd

from replication.scaling_laws.estimates import Estimate
from replication.scaling_laws.exponents import curves, exponent_row, predicted
from replication.scaling_laws.tables import groups
from replication.schema import CURVE, FOUR_OVER_D, GRADIENT_DESCENT, THREE_OVER_D
from replication.settings.sections import Window


def student_exponents(losses: pd.DataFrame, window: Window, confidence: float) -> pd.DataFrame:
    """alpha_D of every dimension, errors over draws, beside 4 / d; of infinitely wide students also 3 / d.

    losses: CURVE, whose `value` is d, draw, training_size and mean. Teachers of one draw, which share its inputs, are
    averaged first, in ln L.
    """
    rows = []
    for label, curve in groups(losses, CURVE):
        d = label["value"]
        fitted = exponent_row("training_size", *curves(curve, window), confidence, Estimate(4 / d, np.nan), FOUR_OVER_D)
        rows.append(label | fitted)
        if label["method"] == GRADIENT_DESCENT:
            rows.append(label | fitted | predicted(Estimate(3 / d, np.nan), THREE_OVER_D))
    return pd.DataFrame(rows)
