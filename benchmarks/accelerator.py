"""Rates and memory on one GPU: infinite width by size, members in float32 and TF32, beside the card's own products.

    KERAS_BACKEND=jax python benchmarks/accelerator.py [--sizes 4096 16384 32768] [--members 100] [--seconds 300]

Infinite width: kernels of seeded inputs (benchmarks/infinite_width.py: 784 inputs, one hidden layer, 1,000 test points)
by the processors, then exact Bayes and converged descent of that size by JAX in float64; up to 4,096 points the same
by SciPy, and the largest relative difference of mu_L and sigma_L. Members: benchmarks/finite_width.py's count of
operations over the time that steps take, compiling and initial weights left out. Sizes and ensembles are taken in
order until the time is over. The last line is JSON.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # so that the peak is what was needed

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]  # the package is not installed, it lies beside

import jax
import numpy as np
from infinite_width import work

from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.members import member_losses
from replication.infinite_width import predictions
from replication.infinite_width.learning_curve import compute_kernels
from replication.loss_distribution.moments import gaussian_moments
from replication.settings.network import MLP
from replication.settings.training import Training

METHODS = {"bayes": predictions.bayes, "converged": predictions.gradient_descent_to_convergence}
ENSEMBLES = ((1, 256, 256), (1, 1024, 256), (1, 4096, 1024), (3, 1024, 256))  # depth, width, N_D
STEPS = 200


def product_rate(dtype: str, precision: str | None, n: int = 8192) -> float:
    """Operations per second of a matrix product, the best of three."""
    a = jax.random.normal(jax.random.key(0), (n, n), dtype)
    product = jax.jit(lambda a: jax.numpy.matmul(a, a, precision=precision))
    return 2 * n**3 / min(seconds(lambda: product(a).block_until_ready()) for _ in range(4))


def seconds(function) -> float:
    """Of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def infinite_width(size: int) -> dict:
    """Times, the device's peak memory so far, and how far it is from SciPy."""
    network, x, y, test_x, test_y = work(argparse.Namespace(largest=size, tests=1000, outputs=10, inputs=784, depth=1))
    start = time.perf_counter()
    kernels = compute_kernels(network, "closed_form", x, y, test_x)
    row = {"N_D": size, "kernels": time.perf_counter() - start}

    def moments(method: str, algebra: str) -> np.ndarray:
        (found,) = METHODS[method](kernels, [size], algebra=algebra)
        return np.array(gaussian_moments(found.mean, found.covariance, test_y)[:2])

    for method in METHODS:
        start = time.perf_counter()
        found = moments(method, "jax")
        row[method] = time.perf_counter() - start
        if size <= 4096:
            row[f"{method}_difference"] = float(np.max(np.abs(found / moments(method, "scipy") - 1)))
    return row | {"peak": (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use", 0) / 2**30}


def members(depth: int, width: int, points: int, count: int, tensor_float_32: bool) -> dict:
    """Member-steps per second, and operations per second."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((points, 784), np.float32), rng.standard_normal((points, 10), np.float32)
    spec = MLP(depth=depth, activation="relu", weight_variance=2.0, bias_variance=0.0)

    def run(steps: int) -> None:
        training = Training(steps=steps, algorithm="heavy_ball")
        drawn = Ensemble("trained", 0, "digits", spec, training, width, points, 1e-3, float("nan"))
        member_losses(drawn, range(count), Data(x, y, x[:1000], y[:1000]), "gpu", tensor_float_32=tensor_float_32)

    run(1)
    once = min(seconds(lambda: run(1)) for _ in range(2))
    taken = min(seconds(lambda: run(1 + STEPS)) for _ in range(2)) - once
    inner = (depth - 1) * width**2 + 10 * width
    operations = points * (6 * inner + 4 * min(784, points) * width)
    rate = count * STEPS / taken
    return {"depth": depth, "width": width, "N_D": points, "members": count, "tf32": tensor_float_32,
            "member_steps": rate, "rate": rate * operations}  # fmt: skip


def main() -> None:
    """All of it, and the line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[4096, 16384, 32768])
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=300.0)
    options = parser.parse_args()
    start = time.monotonic()
    # members first: float64, once asked for, stays
    found: dict = {"device": jax.devices()[0].device_kind, "members": [], "infinite_width": []}
    found["product"] = {"float32": product_rate("float32", "float32"), "tf32": product_rate("float32", "tensorfloat32")}
    for ensemble in ENSEMBLES:
        for tensor_float_32 in (False, True):
            if time.monotonic() - start < options.seconds:
                found["members"].append(members(*ensemble, options.members, tensor_float_32))
                print(found["members"][-1], flush=True)
    jax.config.update("jax_enable_x64", True)
    found["product"]["float64"] = product_rate("float64", None)
    for size in options.sizes:
        if time.monotonic() - start < options.seconds:
            found["infinite_width"].append(infinite_width(size))
            print(found["infinite_width"][-1], flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
