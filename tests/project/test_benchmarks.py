"""The benchmarks run, and end in the line of JSON that they promise."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def test_benchmark_of_infinite_width():
    """At a size that takes seconds: the speed is not tested, that both parts compute the same is."""
    command = [sys.executable, "benchmarks/infinite_width.py", "--largest", "300", "--tests", "20", "--inputs", "9"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    summary = json.loads(printed[-1])
    assert {"speedup", "floor_ratio", "memory_ratio"} <= set(summary)
    assert all(value > 0 for value in summary.values())
    (difference,) = (line.split()[-1] for line in printed if "relative difference" in line)
    assert float(difference) < 1e-6


@pytest.mark.parametrize("what", [["--steps", "50"], ["--kind", "converged"], []], ids=" ".join)
def test_benchmark_of_kernels_on_disk(what):
    sizes = ["--points", "300", "--tests", "20", "--inputs", "30", "--block", "64", "--compare"]
    command = [sys.executable, "benchmarks/out_of_core.py", *sizes, *what]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    summary = json.loads(printed[-1])
    assert summary["difference"] < 1e-9
    assert summary["peak_gib"] > 0
