"""Time, memory and disk of predictions whose kernels lie on disk, and how far they are from those in memory.

Inputs are Gaussian in so many dimensions. The last line is JSON.

python benchmarks/out_of_core.py [--points 6144] [--tests 500] [--steps 0] [--kind bayes|converged] [--compare]
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from replication.infinite_width import predictions
from replication.infinite_width.kernel_matrices import Prediction
from replication.infinite_width.learning_curve import compute_kernels
from replication.infinite_width.out_of_core import OutOfCore
from replication.settings.network import MLP

NETWORK = MLP(depth=2, activation="relu", weight_variance=2.0, bias_variance=0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in {"points": 6144, "tests": 500, "inputs": 784, "outputs": 10, "steps": 0, "block": 2048}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--kind", choices=["bayes", "converged"], default="bayes", help="where no steps are taken")
    parser.add_argument("--compare", action="store_true", help="with the answer in memory")
    parser.add_argument("--folder", type=Path, help="where a kernel may lie, and stays; otherwise a temporary one")
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    x, test_x = (rng.normal(size=(count, asked.inputs)) for count in (asked.points, asked.tests))
    y = np.tanh(x[:, : asked.outputs] + x[:, asked.outputs : 2 * asked.outputs])
    with tempfile.TemporaryDirectory(dir=asked.folder) as temporary:
        folder, start = asked.folder or Path(temporary), time.perf_counter()
        found = on_disk(OutOfCore(NETWORK, x, y, test_x, (asked.points,), folder, block=asked.block), asked)
        summary = {"points": asked.points, "tests": asked.tests, "steps": asked.steps, "kind": asked.kind}
        summary["seconds"] = round(time.perf_counter() - start, 1)
        summary["core_seconds"] = round(time.process_time(), 1)
        summary["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
        summary["disk_gib"] = round(sum(path.stat().st_size for path in folder.rglob("*.f64")) / 2**30, 2)
    if asked.compare:
        expected = in_memory(x, y, test_x, asked)
        summary["difference"] = max(
            float(np.abs(one - other).max() / np.abs(other).max())
            for one, other in zip(found[:2], expected[:2], strict=True)
        )
    print(json.dumps(summary))


def on_disk(curve: OutOfCore, asked: argparse.Namespace) -> Prediction:
    if asked.steps:
        (one,) = curve.gradient_descent(0.5, asked.steps)
        return one.prediction
    (one,) = curve.bayes() if asked.kind == "bayes" else curve.gradient_descent_to_convergence()
    return one


def in_memory(x: np.ndarray, y: np.ndarray, test_x: np.ndarray, asked: argparse.Namespace) -> Prediction:
    kernels = compute_kernels(NETWORK, "closed_form", x, y, test_x)
    if asked.steps:
        return predictions.gradient_descent(kernels, asked.points, 0.5, asked.steps).prediction
    law = predictions.bayes if asked.kind == "bayes" else predictions.gradient_descent_to_convergence
    (one,) = law(kernels, (asked.points,))
    return one


if __name__ == "__main__":
    main()
