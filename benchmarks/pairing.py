"""What it gains that members start from the same weights at every training size.

    python benchmarks/pairing.py [--width 64] [--members 64] [--steps 200]

Trains ensembles on nested sets of the embedded digits twice: with the members' streams as they are, and with the
training size in their names, so that sizes have networks of their own. Prints for neighbouring sizes the correlation of
the members' losses and the standard error of the local exponent -ln(L(2N) / L(N)) / ln 2, L the mean over members. The
last line is JSON.
"""

import argparse
import json
import os
import sys
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package may not be installed, it lies beside

import numpy as np
import pandas as pd

from replication.datasets import uci_digits
from replication.experiments.ensembles import nested_data
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.members import member_losses
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.finite_time import largest_learning_rate
from replication.settings.network import MLP
from replication.settings.training import Training

SEED, FRACTION = 0, 0.25
SIZES = (32, 64, 128, 256)


def errors_of_slopes(
    sizes: tuple[int, ...] = SIZES, members: int = 64, width: int = 64, steps: int = 200
) -> pd.DataFrame:
    """A row for every pair of neighbouring sizes: correlation, errors of the exponent `paired` and `unpaired`."""
    data, network = nested_data(uci_digits.load(1280, 500, SEED), "digits", sizes[-1], SEED), MLP(depth=1)
    losses = {}
    for paired in (True, False):
        for size in sizes:
            points = data.first(size)
            largest = largest_learning_rate(kernels(network, points.x).ntk)
            ensemble = Ensemble(
                "trained", SEED, "digits" if paired else f"digits, {size}", network, Training(steps=steps), width, size,
                FRACTION * largest, largest,
            )  # fmt: skip
            losses[paired, size] = member_losses(ensemble, range(members), points, "cpu")[0].test_loss.astype(float)
    rows = []
    for few, many in pairwise(sizes):
        pairs = [(losses[paired, few], losses[paired, many]) for paired in (True, False)]
        correlation = np.corrcoef(*pairs[0])[0, 1]
        of_pairs, of_singles = (_error(*pair, together) for pair, together in zip(pairs, (True, False), strict=True))
        rows.append(
            {"sizes": f"{few}, {many}", "correlation": correlation} | {"paired": of_pairs, "unpaired": of_singles}
        )
    return pd.DataFrame(rows)


def _error(few: np.ndarray, many: np.ndarray, paired: bool) -> float:
    """Standard error of ln(mean of `many` / mean of `few`) / ln 2, with their covariance over members or without."""
    relative = few / few.mean(), many / many.mean()
    covariance = np.cov(*relative)
    variance = covariance[0, 0] + covariance[1, 1] - (2 * covariance[0, 1] if paired else 0)
    return float(np.sqrt(variance / len(few)) / np.log(2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"width": 64, "members": 64, "steps": 200}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    table = errors_of_slopes(**vars(parser.parse_args()))
    print(table.round(4).to_string(index=False))
    gains = (table["unpaired"] / table["paired"]).round(2).tolist()
    print(json.dumps({"error_ratios": gains, "correlations": table["correlation"].round(2).tolist()}))


if __name__ == "__main__":
    main()
