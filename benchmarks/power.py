"""What the laptop's ensembles can decide: verdicts on toy members, drawn before any member is trained.

    python benchmarks/power.py            # prints the table of docs/analysis_plan.md, and writes reference/power.csv

A member's loss is mu (1 + eps_n z) with z Gaussian, correlated between neighbouring training sizes as the losses of one
initialisation are. eps, b, c of MNIST, matched outputs, are those of reference/width_expansion.csv where it has
them and continue as power laws elsewhere; other draws of the training set move ln eps at every size by 4 per cent. For
each claim the verdict is drawn 2,000 times where the claim is true, and where it fails by twice its bound.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special, stats

from replication.scaling_laws.equivalence import EquivalenceTest, verdict
from replication.scaling_laws.estimates import Estimate

WIDTHS, MEMBERS = np.array([256, 1024, 4096]), np.array([1000, 600, 200])
SIZES = np.array([16, 32, 64, 128, 256])
EPS = 0.047 * (SIZES / 16) ** -0.48
B, C = -54.8, 0.064 * (SIZES / 16) ** -0.24  # b: of 64 points at g = 1, where it is large
NEIGHBOURS, OF_DRAW, DRAWS = 0.6, 0.04, 5
REPEATS, SIGNIFICANCE, CONFIDENCE = 2000, 0.05, 0.68
Trial = Callable[[np.random.Generator, float], Estimate]


def losses(rng: np.random.Generator, place: int) -> np.ndarray:
    """Members' relative losses (members, sizes) of one width."""
    distance = np.abs(np.subtract.outer(range(len(SIZES)), range(len(SIZES))))
    root = np.linalg.cholesky(NEIGHBOURS**distance)
    eps = np.sqrt(EPS**2 + C / WIDTHS[place])
    return 1 + eps * (rng.normal(size=(MEMBERS[place], len(SIZES))) @ root.T)


def log_eps(rng: np.random.Generator, place: int) -> np.ndarray:
    """ln of the measured eps over its true value, for every size."""
    sample = losses(rng, place)
    return np.log(sample.std(axis=0, ddof=1) / sample.mean(axis=0) / np.sqrt(EPS**2 + C / WIDTHS[place]))


def slope(rng: np.random.Generator, off: float, of_draw: float = 0.0) -> Estimate:
    """A2 trained, n = 1,024: slope of ln eps over 64 to 256 if it were `off`, on this training set or on all."""
    x = np.log(SIZES[2:])
    return _linear((x - x.mean()) / np.sum((x - x.mean()) ** 2), log_eps(rng, 1)[2:], rng, off, of_draw)


def exponent(rng: np.random.Generator, off: float, of_draw: float = 0.0) -> Estimate:
    """A1 trained, n = 1,024: exponent of sigma over 16 to 256 less that of infinite width on the same training set."""
    x = np.log(SIZES)
    return _linear((x.mean() - x) / np.sum((x - x.mean()) ** 2), log_eps(rng, 1), rng, off, of_draw)


def _linear(weights: np.ndarray, found: np.ndarray, rng: np.random.Generator, off: float, of_draw: float) -> Estimate:
    """A number linear in ln eps, its errors from members, correlated as they are, and from the draw."""
    distance = np.abs(np.subtract.outer(range(len(weights)), range(len(weights))))
    members = NEIGHBOURS ** (2 * distance) / (2 * MEMBERS[1])  # of variances, correlated as the square
    variance = float(weights @ members @ weights) + of_draw**2 * float(weights @ weights)
    value = float(weights @ (found + of_draw * rng.normal(size=len(weights)))) + off
    return Estimate(value, float(np.sqrt(variance)), DRAWS - 1 if of_draw else MEMBERS[1] - 1)


def ratio(rng: np.random.Generator, off: float) -> Estimate:
    """A3, n = 1,024: ln of eps over infinite width, mean over the sizes; plain members, without control variates."""
    found = log_eps(rng, 1)
    return Estimate(float(found.mean()) + off, float(np.sqrt(1 / (2 * MEMBERS[1]) * 0.6)), MEMBERS[1] - 1)


def share(rng: np.random.Generator, off: float) -> Estimate:
    """A5 trained, n = 1,024: share of members in the interval whose half-width is `off` too wide."""
    z = special.ndtri((1 + CONFIDENCE + off) / 2)
    eps = np.sqrt(EPS**2 + C / WIDTHS[1])
    inside = np.abs(losses(rng, 1) - 1) <= z * eps
    value, trials = float(inside.mean()), MEMBERS[1] * len(SIZES) / 2.5
    return Estimate(value, float(np.sqrt(value * (1 - value) / trials)))


def coefficient(rng: np.random.Generator, off: float) -> Estimate:
    """W1, N_D = 64, n = 1,024, g = 1: measured over predicted b, less one."""
    mean = losses(rng, 1)[:, 2] * 1.6  # eps is larger by that at g = 1
    scale = WIDTHS[1] / abs(B)
    return Estimate(float((mean.mean() - 1.6) * scale) + off, float(mean.std(ddof=1) / MEMBERS[1] ** 0.5 * scale))


CLAIMS: dict[str, tuple[Trial, float, float, float]] = {  # its centre, its bound, and by how much a truth fails it
    "A1 trained": (exponent, 0.0, 0.1, 0.2),
    "A1 trained, all training sets": (partial(exponent, of_draw=OF_DRAW), 0.0, 0.1, 0.2),
    "A2 trained": (slope, 0.0, 0.1, 0.2),
    "A2 trained, all training sets": (partial(slope, of_draw=OF_DRAW), 0.0, 0.1, 0.2),
    "A3": (ratio, 0.0, float(np.log(1.25)), 2 * float(np.log(1.25))),
    "A5 trained": (share, CONFIDENCE, 0.08, 0.16),
    "W1": (coefficient, 0.0, 0.25, 0.5),
}


def main() -> None:
    """Print and write the shares of verdicts."""
    rng, rows = np.random.default_rng(2503), []
    for claim, (trial, centre, bound, failing) in CLAIMS.items():
        for truth, off in (("holds", 0.0), ("fails by twice its bound", failing)):
            drawn = [trial(rng, off) for _ in range(REPEATS)]
            tests = [EquivalenceTest(claim, "", "", one, centre - bound, centre + bound) for one in drawn]
            shares = pd.Series([verdict(test, SIGNIFICANCE) for test in tests]).value_counts(normalize=True)
            half = float(np.median([one.error * stats.t.ppf(1 - SIGNIFICANCE, one.dof) for one in drawn]))
            rows.append({"claim": claim, "truth": truth, "bound": bound, "half_interval": half} | dict(shares))
    table = pd.DataFrame(rows).fillna(0.0).round(3)
    table = table.rename(columns=lambda name: name.replace(" ", "_"))
    table.to_csv(Path(__file__).parents[1] / "reference" / "power.csv", index=False)
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
