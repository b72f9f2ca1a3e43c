"""How many members of trained ensembles lie in the interval that infinite width predicts for their loss."""

from collections.abc import Mapping

import numpy as np

from replication.scaling_laws.estimates import Estimate


def covered(losses: np.ndarray, predicted: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Which members' losses (members,) lie in the interval predicted for the same training set and steps.

    predicted: mean, loss_lower, loss_upper. As they are, and with losses and interval each relative to its mean, which
    is free of the shift of mu_L with the width; the mean being estimated from the same k members, deviations from it
    are stretched by sqrt(k / (k - 1)).
    """
    count = len(losses)
    stretched = 1 + (losses / losses.mean() - 1) * np.sqrt(count / (count - 1))
    lower, upper = predicted["loss_lower"], predicted["loss_upper"]
    relative = stretched * predicted["mean"]
    return (lower <= losses) & (losses <= upper), (lower <= relative) & (relative <= upper)


def share(inside: np.ndarray) -> Estimate:
    """Share of True in (sizes, members), and its error after Agresti and Coull from as many independent trials as hold.

    The sizes of a member are no independent trials, as it starts from the same weights at all of them: the number of
    trials is divided by the design effect, the variance of the members' own shares over what independent trials would
    give, between 1 and the number of sizes. Where all agree it cannot be measured, and is taken to be the largest.
    """
    sizes, members = inside.shape
    value = float(inside.mean())
    effect = float(sizes)
    if 0 < value < 1 and members > 1:
        effect = float(np.clip(inside.mean(axis=0).var(ddof=1) * sizes / (value * (1 - value)), 1, sizes))
    trials = sizes * members / effect
    shrunk = (value * trials + 2) / (trials + 4)
    return Estimate(value, float(np.sqrt(shrunk * (1 - shrunk) / (trials + 4))))
