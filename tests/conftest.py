"""Fixtures shared by all tests."""

import os
from pathlib import Path

import numpy as np
import pytest

from replication.settings import MLPSpec

ROOT = Path(__file__).parents[1]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def spec():
    return MLPSpec(depth=2, activation="relu", weight_variance=1.8, bias_variance=0.1)
