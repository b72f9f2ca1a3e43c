"""Whether trained networks stayed where infinite width describes them: near their expansion about initial weights."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from replication.schema import LINEARISED, TRAINED

# beyond which eps_L of trained networks was found to leave the expansion in 1/n (docs/perturbation.md)
LEAST_CORRELATION, LARGEST_FLIPPED_SHARE = 0.9, 0.05
SAME_MEMBERS = ("varied", "value", "width", "training_size", "draw")


def linearised_correlation(members: pd.DataFrame, ensemble: Mapping[str, object]) -> float:
    """Of the test losses of trained members with those of the same linearised, over members.

    ensemble: values of the keys of trained members; NaN for others, and where there are no linearised ones.
    """
    if ensemble["method"] != TRAINED:
        return np.nan
    keys = [name for name in SAME_MEMBERS if name in ensemble]
    same = np.all([members[name] == ensemble[name] for name in keys], axis=0)
    wide = members[same].pivot(index="member", columns="method", values="test_loss")
    return float(wide[TRAINED].corr(wide[LINEARISED])) if LINEARISED in wide else np.nan


def beyond_lazy(moments: pd.DataFrame) -> Iterator[str]:
    """A sentence for each trained ensemble that left the regime, from a table of moments with those two columns."""
    for row in moments[moments["method"] == TRAINED].to_dict("records"):
        correlation, flipped = row["linearised_correlation"], row["flipped_share"]
        if correlation < LEAST_CORRELATION or (np.isnan(correlation) and flipped > LARGEST_FLIPPED_SHARE):
            where = f"width {row['width']}, N_D {row['training_size']}"
            found = [f"{flipped:.0%} of the ReLUs at training points switched"] if flipped == flipped else []
            if correlation == correlation:
                found.append(f"the correlation with the linearised loss is {correlation:.2f}")
            yield f"{where}: networks left the lazy regime: {', '.join(found)}"
