"""Both papers in one table of tests and one of verdicts, and the headline numbers of a run."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from replication.claims import ensembles, finite_width, regimes
from replication.claims.metrics import metrics
from replication.claims.papers import LAWS, check
from tests.claims import test_finite_width as of_trained
from tests.claims import test_regimes as of_regimes
from tests.claims.test_ensembles import BOUNDS, by_test_set, compared, fitted
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def laws():
    """Every table of laws that decides, of toys of which all claims hold."""
    least = {"task": "digits", "dataset": "toys", "value": "matched", "training_size": 64, "b": -2.0, "c": 0.05}
    least |= {"c_error": 0.001, "measured_c": 0.06, "measured_c_error": 0.01, "predicted": 140.0, "reach": 256.0}
    least |= {"predicted_error": 3.0}
    exponents, duality, dimension, differences = of_regimes.tables()
    tables = (
        fitted(), compared(), by_test_set(), of_trained.compared(), of_trained.varied(), exponents, duality, dimension,
        differences, pd.DataFrame([least]),
    )  # fmt: skip
    return dict(zip(LAWS, tables, strict=True))


@pytest.fixture(scope="module")
def checked(laws):
    return check(laws, BOUNDS, 0.68)


def test_every_claim_of_both_papers_has_a_verdict(checked):
    tests, verdicts = checked
    by_paper = verdicts.groupby("paper")["claim"].unique().map(set).to_dict()
    assert by_paper == {
        "arXiv:2503.05938": set(ensembles.STATEMENTS | finite_width.STATEMENTS),
        "arXiv:2102.06701": set(regimes.STATEMENTS),
    }
    assert set(verdicts["verdict"]) == {"holds"}
    assert set(tests["paper"]) == set(verdicts["paper"])


def test_subjects_are_tasks_in_one_paper_and_methods_in_the_other(checked):
    for table in checked:
        first, second = (table[table["paper"] == f"arXiv:{number}"] for number in ("2503.05938", "2102.06701"))
        assert (set(first["task"]), set(first["dataset"]), set(first["method"])) == ({"digits"}, {"toys"}, {""})
        assert (set(second["task"]), set(second["dataset"])) == ({""}, {""})
        assert set(second["method"]) == {"trained", "random_features", "gradient_descent"}


def test_metrics_are_flat_numbers_that_json_knows(laws, checked):
    found = metrics(laws, checked[1])
    assert all(isinstance(value, float | int) and np.isfinite(value) for value in found.values())
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_every_metric_has_a_line_in_the_docs(laws, checked):
    """A name is that of the one line whose placeholders it fills."""
    lines = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.MULTILINE)
    filled = {"task": "digits", "statistic": "(mean|std)", "scale": r"(matched|g_\d+(_\d+)?)", "n": r"\d+"}
    filled |= {
        "points": r"\d+",
        "test points": r"(\d+|infinitely_many)",
        "method": "(trained|random_features|gradient_descent)",
    }
    filled |= {"regime": r"\w+_limited_\w+", "curve": r"\w+", "paper": r"arXiv_\w+", "outcome": r"\w+"}
    patterns = [
        re.compile(re.sub("<([^>]+)>", lambda name: filled[name[1]], re.escape(line).replace("\\ ", " ")))
        for line in lines
    ]
    also = {".all_widths.": ".width_1.", ".c.measured": ".c"}
    for name in metrics(laws, checked[1]):
        plain = name.removesuffix(".error")
        for one, other in also.items():
            plain = plain.replace(one, other)
        assert sum(bool(pattern.fullmatch(plain)) for pattern in patterns) == 1, name


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("digits.infinite_width.mean.exponent", 0.3, 0.01),
        ("digits.infinite_width.std_infinite_test_set.relative_drift", 0.0, 0.01),
        ("digits.infinite_width.eps.slope", 0.0, 0.01),
        ("digits.infinite_width.matched.eps.slope.infinitely_many_test_points", -0.4, 0.01),
        ("digits.infinite_width.g_1.plateau_up_to_test_points", 50.0, None),
        ("digits.infinite_width.matched.kappa", 0.2, None),
        ("digits.infinite_width.exponent_difference.mean", 0.0, 0.01),
        ("digits.matched.width_1024.share", 0.68, 0.01),
        ("digits.matched.all_widths.ratio", 0.0, 0.01),
        ("digits.g_1.width_256.exponent_difference.std", 0.0, 0.01),
        ("digits.matched.64_points.c", 0.05, 0.001),
        ("digits.matched.64_points.c.measured", 0.06, 0.01),
        ("digits.matched.64_points.least_width", 256.0, 3.0),
        ("trained.variance_limited_width.digits_toys", 1.0, 0.01),
        ("random_features.resolution_limited_width.power_law_0_5", 0.5, 0.01),
        ("gradient_descent.resolution_limited_data.digits_toys_labels", 0.5, 0.01),
        ("trained.resolution_limited_data.d_8", 0.5, 0.01),
        ("verdicts.arXiv_2102_06701.holds", 13, None),
        ("verdicts.arXiv_2102_06701.does_not_hold", 0, None),
    ],
)
def test_metrics_hold_the_headline_numbers(laws, checked, name, value, error):
    found = metrics(laws, checked[1])
    assert found[name] == pytest.approx(value, abs=1e-9)
    if error is not None:
        assert found[f"{name}.error"] == pytest.approx(error)


def test_metrics_leave_out_what_is_not_finite_and_what_is_not_of_the_data_as_they_are(laws, checked):
    unknown = laws | {"width_comparisons": laws["width_comparisons"].assign(standard_error=np.nan)}
    found = metrics(unknown, checked[1])
    assert "digits.matched.width_256.ratio" in found
    assert "digits.matched.width_256.ratio.error" not in found
    assert not any("noise" in name or "teacher" in name for name in found)
