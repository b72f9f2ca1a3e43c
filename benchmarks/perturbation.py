"""How fast finite width is predicted, against measuring it on networks.

    python benchmarks/perturbation.py [--largest 1024] [--tests 1000] [--outputs 10] [--inputs 784] [--size 64]
                                      [--width 1024] [--precision 0.02] [--steps 100]

The work: b and c of a curve N_D = 16, 32, ... `largest`, each c to `precision`, from the inputs on. The comparison, at
N_D = `size`: how long exactly linearised members of `width` neurons, and trained ones, would take to know c to the
error that the prediction has. Both are extrapolated from a short run of each: seconds for a member, and how its loss
scatters (k members know eps_L^2 to sd / sqrt(k), sd from the linearised ones, and c = n (eps_L^2(n) - eps_L^2) to n
times that). Trained members take `steps` steps of the heavy ball, which bring the training loss to 1e-4 of the test
loss at this size. Everything runs on the cores that it is given; the last line is JSON: `speedup_over_linearised`,
`speedup_over_trained`.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package is not installed, it lies beside

import numpy as np

from replication.finite_width.converged import linearised_losses
from replication.finite_width.devices import Placement
from replication.finite_width.ensemble import Data
from replication.finite_width.training import train
from replication.network import initial_weights
from replication.perturbation.corrections import finite_width_correction
from replication.settings.network import MLP
from replication.settings.training import Training

SPEC = MLP(depth=1, activation="relu", weight_variance=2.0, bias_variance=0.0)
LINEARISED, TRAINED = 60, 4  # members of the short runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    defaults = {"largest": 1024, "tests": 1000, "outputs": 10, "inputs": 784, "size": 64, "width": 1024, "steps": 100}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--precision", type=float, default=0.02)
    arguments = parser.parse_args()
    data = work(arguments)
    curve = predict(arguments, data)
    one = curve[arguments.size]
    each = {"linearised": linearised_member(arguments, data), "trained": trained_member(arguments, data)}
    scatter = each["linearised"][1]
    members = (arguments.width * scatter / one["c_error"]) ** 2
    print(f"c = {one['c']:.4f}({one['c_error']:.4f}) in {one['seconds']:.1f} s; that takes {members:.2e} members")
    result = {"seconds_curve": round(sum(row["seconds"] for row in curve.values()), 1)}
    for name, (seconds, _) in each.items():
        print(f"{name}: {seconds:.3f} s a member of {arguments.width} neurons, {members * seconds / 3600:.1f} h")
        result[f"speedup_over_{name}"] = float(f"{members * seconds / one['seconds']:.3g}")
    print(json.dumps(result))


def work(arguments) -> Data:
    """Seeded inputs whose variances fall as those of images do, and classes that a random network gives them."""
    rng = np.random.default_rng(0)
    scale = np.arange(1, arguments.inputs + 1) ** -0.5
    scale *= np.sqrt(arguments.inputs / np.sum(scale**2))
    x, test_x = (rng.normal(size=(n, arguments.inputs)) * scale for n in (arguments.largest, arguments.tests))
    hidden, readout = rng.normal(size=(arguments.inputs, 64)), rng.normal(size=(64, arguments.outputs))

    def targets(points):
        labels = np.argmax(np.maximum(points @ hidden, 0) @ readout, axis=1)
        return np.eye(arguments.outputs)[labels] - 1 / arguments.outputs

    return Data(x, targets(x), test_x, targets(test_x))


def predict(arguments, data: Data) -> dict[int, dict]:
    """The curve, size by size: b, c, their errors and seconds."""
    rows = {}
    for size in sorted({16 << k for k in range(30) if 16 << k <= arguments.largest} | {arguments.size}):
        start = time.perf_counter()
        table = finite_width_correction(SPEC, *data, (size,), precision=arguments.precision, infinite_test_set=False)
        rows[size] = {**table.iloc[0], "seconds": time.perf_counter() - start}
        row = rows[size]
        print(
            f"N_D = {size}: b = {row['b']:.2f}({row['b_error']:.2f}), c = {row['c']:.4f}({row['c_error']:.4f}), "
            f"{row['neurons']} neurons, {row['seconds']:.1f} s",
            flush=True,
        )
    return rows


def linearised_member(arguments, data: Data) -> tuple[float, float]:
    """Seconds, and the scatter of one member's share in eps_L^2."""
    start = time.perf_counter()
    rng, size = np.random.default_rng(1), arguments.size
    losses = linearised_losses(SPEC, *data, (size,), arguments.width, LINEARISED, rng).losses.at(1.0)[0]
    seconds = (time.perf_counter() - start) / LINEARISED
    swing = losses / losses.mean() - 1
    return seconds, float(np.std(swing**2 - 2 * swing * np.mean(swing**2)))


def trained_member(arguments, data: Data) -> tuple[float, float]:
    """Seconds after compilation; nothing is learnt of its scatter."""
    size = arguments.size
    data = Data(data.x[:size], data.y[:size], data.test_x, data.test_y)
    training = Training(steps=arguments.steps, algorithm="heavy_ball")
    shape = arguments.inputs, arguments.width, arguments.outputs
    members = [initial_weights(SPEC, *shape, np.random.default_rng(k)) for k in range(TRAINED)]
    placement = Placement(("cpu:0",), "cpu")
    for chosen in (members[:1], members):  # the first call compiles
        start = time.perf_counter()
        train(SPEC, training, chosen, data, 1e-3, placement)
    return (time.perf_counter() - start) / TRAINED, float("nan")


if __name__ == "__main__":
    main()
