"""What docs/results.md says of the large ensembles is what their table holds."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def script():
    path = ROOT / "benchmarks" / "large_ensembles.py"
    spec = importlib.util.spec_from_file_location("large_ensembles", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_the_table_holds(script):
    page = (ROOT / "docs" / "results.md").read_text()
    found = script.findings(pd.read_csv(script.SUMMARY))
    assert page.split(script.BEGIN)[1].split(script.END)[0].strip() == found.strip()


def test_the_slope_is_that_of_a_power_law(script):
    sizes = pd.Series([256, 512, 1024, 4096])
    slope, error = script.slope_of(sizes, 3 * sizes**-0.5, 3 * sizes**-0.5 * 0.1)
    assert slope == pytest.approx(-0.5)
    spread = np.log(sizes) - np.log(sizes).mean()
    assert error == pytest.approx(0.1 / np.sqrt((spread**2).sum()))


def test_what_was_not_reached_is_what_the_plan_names(script):
    table = pd.read_csv(script.SUMMARY)
    planned = sum(len(g.scales) * len(g.sizes.widths) * len(g.sizes.training_sizes) for g in script.GROUPS.values())
    assert f"{len(table)} of {planned} ensembles" in (ROOT / "docs" / "analysis_plan.md").read_text()
