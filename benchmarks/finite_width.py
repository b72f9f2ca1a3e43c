"""How fast the ensembles train, against a loop over Keras models and against this machine's matrix products.

    python benchmarks/finite_width.py [--inputs 784] [--depth 2] [--width 256] [--training-size 1000] [--members 20]

Prints milliseconds for a step of one member. The Keras models are trained one after another, one batch an epoch, by
`fit` (to which "speedup" refers) or by `train_on_batch`; a few steps stand for all. Rates count the operations of the
plain algorithm, 6 N P - 2 N d n for P weights: three products a layer, but no gradient for the inputs. So a rate may
exceed that of sgemm: below N = 2 d the first layer is trained with fewer operations. The linearised members are timed
beside, each as a whole, per step that they stand for. The last line is JSON.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the package is not installed, it lies beside

import keras
import numpy as np
from keras import ops

from replication.finite_width.ensemble import Data, Ensemble
from replication.finite_width.members import member_losses
from replication.settings.network import MLP
from replication.settings.training import Training

LEARNING_RATE = 1e-3
OUTPUTS = 10
KERAS_STEPS = 20
LINEARISED_STEPS = 500  # the number of products grows as the square root of this


class NTKDense(keras.layers.Layer):
    """What a reader of the paper would write for one member."""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.scale = (2.0 / shape[-1]) ** 0.5
        self.kernel = self.add_weight(shape=(shape[-1], self.units), initializer=keras.initializers.RandomNormal(0, 1))

    def call(self, h):
        return self.scale * ops.matmul(h, self.kernel)


def keras_model(depth, width):
    layers = []
    for _ in range(depth):
        layers += [NTKDense(width), keras.layers.Activation("relu")]
    model = keras.Sequential([*layers, NTKDense(OUTPUTS)])
    model.compile(keras.optimizers.SGD(LEARNING_RATE), lambda y, f: ops.sum(ops.square(f - y), axis=-1) / 2)
    return model


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {
        "inputs": 784, "depth": 2, "width": 256, "training-size": 1000, "members": 20, "steps": 100, "rounds": 3
    }.items():  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    d, n, points, members = options.inputs, options.width, options.training_size, options.members

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((points, d), np.float32), rng.standard_normal((points, OUTPUTS), np.float32)
    square = rng.standard_normal((2048, 2048), np.float32)
    models = [keras_model(options.depth, n) for _ in range(members)]
    spec = MLP(depth=options.depth, activation="relu", weight_variance=2.0, bias_variance=0.0)

    def one_sgemm():
        return square @ square

    def loop_over_fit():
        for model in models:
            model.fit(x, y, batch_size=points, epochs=KERAS_STEPS, shuffle=False, verbose=0)

    def loop_over_train_on_batch():
        for model in models:
            for _ in range(KERAS_STEPS):
                model.train_on_batch(x, y)

    def ensemble(method, steps):
        training = Training(
            **{"steps": steps, "algorithm": "gradient_descent", "schedule": "constant", "parametrisation": "ntk"},
            **{"momentum": 0.0, "batch_size": 1, "adam_learning_rate": 1.0},
        )
        drawn = Ensemble(method, 0, "digits", spec, training, n, points, LEARNING_RATE, float("nan"))
        member_losses(drawn, range(members), Data(x, y, x[:1], y[:1]), "auto")

    loop_over_fit()
    loop_over_train_on_batch()
    ensemble("linearised", LINEARISED_STEPS)
    times = {name: [] for name in ("fit", "train_on_batch", "ours", "linearised", "setup", "sgemm")}
    # in rounds, so that a busy neighbour slows all alike
    for _ in range(options.rounds):
        times["fit"].append(seconds(loop_over_fit) / (members * KERAS_STEPS))
        times["train_on_batch"].append(seconds(loop_over_train_on_batch) / (members * KERAS_STEPS))
        setup = seconds(ensemble, "trained", 1)
        times["setup"].append(setup)
        times["sgemm"].append(np.median([seconds(one_sgemm) for _ in range(5)]))
        times["ours"].append((seconds(ensemble, "trained", 1 + options.steps) - setup) / (members * options.steps))
        times["linearised"].append(seconds(ensemble, "linearised", LINEARISED_STEPS) / (members * LINEARISED_STEPS))
    median = {name: float(np.median(values)) for name, values in times.items()}

    weights = d * n + (options.depth - 1) * n * n + n * OUTPUTS
    operations = 6 * points * weights - 2 * points * d * n
    rate = {name: operations / median[name] / 1e9 for name in ("fit", "train_on_batch", "ours", "linearised")}
    rate["sgemm"] = 2 * 2048**3 / median["sgemm"] / 1e9
    print(f"{members} members, {d}-{'-'.join([str(n)] * options.depth)}-{OUTPUTS}, {points} training points")
    print(f"{'':<24}{'ms/member-step':>16}{'GFLOP/s':>10}")
    labels = {"fit": "Keras models, fit", "train_on_batch": "Keras models, by batch", "ours": "members, trained"}
    for name, label in labels.items():
        print(f"{label:<24}{1e3 * median[name]:>16.2f}{rate[name]:>10.0f}")
    print(f"{'members, linearised':<24}{1e3 * median['linearised']:>16.2f}")
    print(f"{'sgemm 2048 x 2048':<24}{1e3 * operations / rate['sgemm'] / 1e9:>16.2f}{rate['sgemm']:>10.0f}")
    print(f"compiling and the rest of an ensemble: {median['setup']:.1f} s")
    result = {
        "sgemm_fraction": rate["ours"] / rate["sgemm"],
        "speedup": median["fit"] / median["ours"],
        "speedup_over_train_on_batch": median["train_on_batch"] / median["ours"],
    }
    print(json.dumps({name: round(value, 3) for name, value in result.items()}))


if __name__ == "__main__":
    main()
