"""Losses that an earlier version of the trainer computed from given weights, to the last bit.

recorded_losses.json holds them as hexadecimal numbers, with the processor and the libraries that computed them.
Processors with other vector instructions add products in another order: there losses agree to rounding, which a ReLU at
its kink turns into a small but finite step of the weights.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from replication.finite_width.linearised import linearise
from replication.finite_width.training import train
from replication.settings.network import MLP
from tests.conftest import ROOT
from tests.reference_network import CPU, ERF, RELU, data, members_of, training_of

RECORD = json.loads((ROOT / "tests" / "finite_width" / "recorded_losses.json").read_text())
SMALL, MANY = (12, 16, 20), (12, 16, 40)  # inputs, width, training points: below and above where dual variables end
BATCH = 8


def case(network, training, rate, sizes=SMALL, batches=False, compute=train):
    return network, training, rate, sizes, batches, compute


CASES = {
    "gradient descent, relu, dual": case(MLP(depth=2, **RELU), training_of(130), 0.1),
    "gradient descent, relu, deep, not dual": case(MLP(depth=3, **RELU), training_of(130), 0.1, MANY),
    "gradient descent, erf, dual": case(MLP(depth=2, **ERF), training_of(130), 0.1),
    "gradient descent, erf, not dual": case(MLP(depth=1, **ERF), training_of(130), 0.1, MANY),
    "gradient descent, images": case(MLP(depth=1, **RELU), training_of(500), 0.05, (64, 96, 100)),
    "standard": case(MLP(depth=2, **ERF), training_of(130, parametrisation="standard"), 0.01),
    "mup": case(MLP(depth=2, **ERF), training_of(130, parametrisation="mup"), 0.05),
    "momentum": case(MLP(depth=2, **ERF), training_of(130, "momentum"), 0.05),
    "minibatch gradient descent": case(
        MLP(depth=2, **ERF), training_of(130, "minibatch_gradient_descent"), 0.1, batches=True
    ),
    "adam": case(MLP(depth=2, **ERF), training_of(130, "adam"), 0.01),
    "minibatch adam, cosine, mup": case(
        MLP(depth=1, **RELU), training_of(130, "minibatch_adam", "mup", schedule="cosine"), 0.01, MANY, batches=True
    ),
    "gradient descent, XLA": case(MLP(depth=1, **ERF), training_of(2100), 0.05),
    "linearised, relu": case(MLP(depth=1, **RELU), training_of(130), 0.1, MANY, compute=linearise),
    "linearised, erf": case(MLP(depth=2, **ERF), training_of(130), 0.1, compute=linearise),
}
# the series is summed in another order where there are biases or the error function
TO_ROUNDING = {"linearised, erf"}


def machine():
    """What decides the order of sums: the processor's vector instructions, and the libraries."""
    wanted = ("vendor_id", "cpu family", "model")
    lines = Path("/proc/cpuinfo").read_text().partition("\n\n")[0].splitlines()
    entries = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    vectors = sorted(flag for flag in entries.get("flags", "").split() if flag.startswith(("avx", "fma", "amx")))
    versions = {name: version(name) for name in ("tensorflow", "keras")}
    return {name: entries.get(name, "") for name in wanted} | {"vectors": " ".join(vectors)} | versions


def losses_of(name):
    network, training, rate, (inputs, width, points), batches, compute = CASES[name]
    arguments = [network, training, members_of(network, inputs, width, 3), data(inputs, points), rate, CPU]
    if batches:
        arguments.append(np.random.default_rng(0).integers(0, points, (training.steps, BATCH)))
    return compute(*arguments)


@pytest.mark.parametrize("name", CASES)
def test_losses_are_the_recorded_ones(name):
    found, recorded = losses_of(name), RECORD["losses"][name]
    expected = [[float.fromhex(value) for value in recorded[part]] for part in ("training_loss", "test_loss")]
    found = found[:2]
    tolerance = 2e-3 if CASES[name][0].activation == "relu" else 1e-5
    np.testing.assert_allclose(found, expected, rtol=tolerance)
    if machine() == RECORD["machine"] and name not in TO_ROUNDING:
        np.testing.assert_array_equal(found, expected)


def test_what_a_program_served_before_changes_no_bit():
    """One program serves networks of every size: the first of them must not decide how it adds."""
    from replication.finite_width.programs import _program_of

    name = "gradient descent, erf, dual"
    _program_of.cache_clear()
    first = losses_of(name)
    _program_of.cache_clear()
    network, training, *_ = CASES[name]
    train(network, training, members_of(network, 15, 21, 1), data(15, 27), 0.01, CPU)
    np.testing.assert_array_equal(losses_of(name), first)
