"""Fixtures shared by all tests."""

import os
import sys
from pathlib import Path
from typing import NamedTuple

# every worker of the tests has a core of its own: threads of products would wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest

from replication.settings.network import MLP

ROOT = Path(__file__).parents[1]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def spec():
    return MLP(depth=2, activation="relu", weight_variance=1.8, bias_variance=0.1)


class Ended(NamedTuple):
    """How a command ended and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def command(monkeypatch, capfd):
    """Runs `python -m replication ARGUMENTS` in this process, which saves the second that imports take."""

    from replication.cli.app import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["replication", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(ended.value.code or 0, *capfd.readouterr())

    return run
