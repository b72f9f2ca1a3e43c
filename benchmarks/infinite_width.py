"""How fast a learning curve at infinite width is, against neural-tangents as documented and against the machine's BLAS.

    python benchmarks/infinite_width.py [--largest 4096] [--tests 1000] [--outputs 10] [--inputs 784] [--depth 3]

The work: mean and standard deviation of the test loss at N_D = 256, 512, ... `largest`, for exact Bayesian inference
and for converged gradient descent, from the inputs on. Two parts, each in a process of its own, so that its peak memory
is its own: `ours`; `documented`, what neural-tangents' documentation shows, `kernel_fn` and
`predict.gradient_descent_mse_ensemble` for every size. And the floor: the operations of the matrix products,
factorisations and triangular solves of `ours` at the rate of a float64 matrix product measured in that run, with
nothing for everything else. Each size is timed twice. The last line is JSON: `speedup` over `documented`, of first
calls and repeated, `floor_ratio`, time over the floor, likewise, and `memory_ratio`, of the peaks.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import types
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package is not installed, it lies beside

import numpy as np
import pandas as pd

from replication.loss_distribution.moments import gaussian_moments
from replication.settings.network import MLP

SMALLEST = 256


def main() -> None:
    """Run both parts, compare them, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("largest", 4096), ("tests", 1000), ("outputs", 10), ("inputs", 784), ("depth", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--part", choices=("ours", "documented"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        print(json.dumps({"ours": ours, "documented": documented}[arguments.part](arguments)))
    else:
        compare(arguments)


def sizes_up_to(largest: int) -> list[int]:
    """256, 512, ... and `largest`."""
    return [*(SMALLEST << i for i in range(30) if SMALLEST << i < largest), largest]


def work(arguments):
    """The network, and seeded inputs whose variances fall as those of images do: x, y, test_x, test_y."""
    rng = np.random.default_rng(0)
    scale = np.arange(1, arguments.inputs + 1) ** -0.5
    x, test_x = (
        rng.normal(size=(n, arguments.inputs)) * scale * np.sqrt(arguments.inputs / np.sum(scale**2))
        for n in (arguments.largest, arguments.tests)
    )
    y, test_y = (np.tanh(z @ rng.normal(size=(arguments.inputs, arguments.outputs))) for z in (x, test_x))
    network = MLP(depth=arguments.depth, activation="relu", weight_variance=2.0, bias_variance=0.0)
    return network, x, y, test_x, test_y


def ours(arguments) -> dict:
    """Seconds for the whole curve up to each size, the measured rate, the operations counted, peak memory, results."""
    from replication.infinite_width import predictions
    from replication.infinite_width.learning_curve import compute_kernels

    network, x, y, test_x, test_y = work(arguments)

    def curve(largest):
        sizes = sizes_up_to(largest)
        kernels = compute_kernels(network, "closed_form", x[:largest], y[:largest], test_x)
        kinds = {"bayes": predictions.bayes, "converged": predictions.gradient_descent_to_convergence}
        return {
            kind: [gaussian_moments(p.mean, p.covariance, test_y)[:2] for p in made(kernels, sizes)]
            for kind, made in kinds.items()
        }

    seconds, results = {}, None
    for largest in sizes_up_to(arguments.largest):
        seconds[largest], results = timed(curve, largest)
    peak = peak_memory()
    return {"seconds": seconds, "results": results, "peak": peak, "rate": product_rate(), "work": operations(arguments)}


def documented(arguments) -> dict:
    """Seconds for each size, peak memory and results of neural-tangents, used as its documentation does."""
    warnings.simplefilter("ignore", DeprecationWarning)
    import jax

    jax.config.update("jax_enable_x64", True)
    # the import of an unused subpackage, and of TensorFlow with it, is spared this part too: its memory is not counted
    sys.modules.setdefault("neural_tangents.experimental", types.ModuleType("neural_tangents.experimental"))
    import neural_tangents as nt
    from neural_tangents import stax

    network, x, y, test_x, test_y = work(arguments)
    dense = {"W_std": network.weight_variance**0.5, "b_std": 0.0}
    layers = [layer for _ in range(network.depth) for layer in (stax.Dense(1, **dense), stax.Relu())]
    _, _, kernel_fn = stax.serial(*layers, stax.Dense(1, **dense))

    def at(size):
        predict = nt.predict.gradient_descent_mse_ensemble(kernel_fn, x[:size], y[:size], diag_reg=0.0)
        both = predict(x_test=test_x, get=("nngp", "ntk"), compute_cov=True)
        return [gaussian_moments(np.asarray(p.mean), np.asarray(p.covariance), test_y)[:2] for p in both]

    seconds, results = {}, {"bayes": [], "converged": []}
    for size in sizes_up_to(arguments.largest):
        seconds[size], both = timed(at, size)
        for kind, moments in zip(results, both, strict=True):
            results[kind].append(moments)
    return {"seconds": seconds, "results": results, "peak": peak_memory()}


def timed(function, argument):
    """Seconds of the first call and of the faster of two, and the result.

    The first is what a user waits; it pays for compiling and for memory that the machine hands out for the first time.
    """
    times = []
    for _ in range(2):
        start = time.perf_counter()
        result = function(argument)
        times.append(time.perf_counter() - start)
    return (times[0], min(times)), result


def operations(arguments) -> float:
    """Floating-point operations of the products, factorisations and triangular solves, symmetry used everywhere."""
    n, t, c, d = arguments.largest, arguments.tests, arguments.outputs, arguments.inputs
    sizes = sizes_up_to(n)
    grams = n * n * d + 2 * n * t * d + t * t * d
    bayes = n**3 / 3 + n * n * (t + c) + 2 * n * t * c + n * t * t
    each_size = sum(3 * m * m * t + 2 * m * t * t for m in sizes)
    reduction = n**3 + 2 * n * n * t + 2 * n * t * t
    converged = n**3 / 3 + n * n * (t + c) + 2 * n * t * c + min(each_size, reduction)
    moments = 2 * len(sizes) * 2 * t * t * c
    return grams + bayes + converged + moments


def product_rate() -> float:
    """Operations per second of SciPy's float64 matrix product, the best of three."""
    from scipy.linalg.blas import dgemm

    n = 3000
    a = np.asfortranarray(np.random.default_rng(1).normal(size=(n, n)))
    times = []
    for _ in range(4):
        start = time.perf_counter()
        dgemm(1.0, a, a)
        times.append(time.perf_counter() - start)
    return 2 * n**3 / min(times[1:])


def peak_memory() -> int:
    """Bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def compare(arguments) -> None:
    """Print time and memory of both parts side by side, how far their results differ, and the line of JSON."""
    parts = {}
    for part in ("ours", "documented"):
        command = [sys.executable, __file__, "--part", part]
        for name in ("largest", "tests", "outputs", "inputs", "depth"):
            command += [f"--{name}", str(getattr(arguments, name))]
        parts[part] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    mine, theirs = parts["ours"], parts["documented"]
    sizes = list(map(int, mine["seconds"]))
    taken = np.array(list(mine["seconds"].values()))
    other = np.cumsum(list(theirs["seconds"].values()), axis=0)
    for column, call in enumerate(("first call", "repeated")):
        times = {"ours [s]": taken[:, column], "documented [s]": other[:, column]}
        table = pd.DataFrame({"curve up to N_D": sizes} | times)
        table["ratio"] = table["documented [s]"] / table["ours [s]"]
        for name in ("ours", "documented"):
            table[f"growth, {name}"] = np.log2(table[f"{name} [s]"] / table[f"{name} [s]"].shift())
        print(f"{call}\n{table.to_string(index=False, float_format=lambda x: f'{x:.2f}')}\n")
    difference = max(
        np.max(np.abs(np.array(mine["results"][kind]) / theirs["results"][kind] - 1)) for kind in mine["results"]
    )
    floor = mine["work"] / mine["rate"]
    print(f"growth p: time ~ N_D^p. Largest relative difference of mu_L and sigma_L: {difference:.1e}")
    print(f"matrix product {mine['rate'] / 1e9:.0f} GFLOP/s, {mine['work'] / 1e9:.0f} GFLOP: floor {floor:.2f} s")
    print(f"peak memory: ours {mine['peak'] / 2**20:.0f} MiB, documented {theirs['peak'] / 2**20:.0f} MiB")
    summary = {
        "speedup": other[-1, 0] / taken[-1, 0],
        "speedup_repeated": other[-1, 1] / taken[-1, 1],
        "floor_ratio": taken[-1, 1] / floor,
        "floor_ratio_first_call": taken[-1, 0] / floor,
        "memory_ratio": mine["peak"] / theirs["peak"],
    }
    print(json.dumps({name: round(float(value), 3) for name, value in summary.items()}))


if __name__ == "__main__":
    main()
