"""The figure of local exponents shows those of its table, the sharp ones, beside theory."""

import numpy as np
import pandas as pd
import pytest

from replication.errors import ReplicationError
from replication.figures.local_exponents import SHARP, local_exponents
from replication.figures.saving import pdf_bytes
from replication.scaling_laws.local_exponents import local_exponents as exponents_of
from replication.schema import REGIMES
from tests.scaling_laws.test_local_exponents import SIZES, curve


def table():
    theory = SIZES**-0.45
    curves = [
        curve("resolution_limited_data", 0.4, error=0.01, theory=theory, task="power_law", value=alpha)
        for alpha in (0.25, 0.5, 1.0, 1.5, 2.0)
    ]
    curves += [
        curve("variance_limited_width", 1.0, error=0.01, method="trained"),
        curve("data_variation", 0.3, error=0.01, method="trained"),
        curve("data_variation", 0.2, error=0.01, method="trained", varied="noise", value=1.0),
    ]
    return exponents_of(pd.concat(curves), 0.68)


def panels(figure):
    return dict(zip(REGIMES, figure.axes, strict=True))


def test_points_intervals_and_theory_are_those_of_the_table():
    axes = panels(local_exponents(table()))["resolution_limited_data"]
    line, _, (bars,) = next(one for one in axes.containers if one.get_label() == "power law, 0.25, random features")
    rows = table()
    rows = rows[(rows["task"] == "power_law") & (rows["value"] == 0.25)]
    np.testing.assert_allclose(np.array(line.get_data(), float).T, rows[["midpoint", "exponent"]].to_numpy(float))
    ends = np.array(bars.get_segments())[:, :, 1]
    np.testing.assert_allclose(ends, rows[["exponent_lower", "exponent_upper"]])
    dotted = next(
        other for other in axes.lines if other.get_linestyle() == ":" and other.get_color() == line.get_color()
    )
    np.testing.assert_allclose(np.array(dotted.get_ydata(), float), 0.45)


def test_a_few_curves_of_each_method_on_data_as_they_are():
    axes = panels(local_exponents(table()))["resolution_limited_data"]
    names = [container.get_label() for container in axes.containers]
    assert names == [
        "power law, 0.25, random features", "power law, 1, random features", "power law, 2, random features",
        "digits (toys), labels, trained networks",
    ]  # fmt: skip


def test_variance_limited_panels_have_the_line_at_one_and_blurred_points_are_left_out():
    blurred = table()
    blurred.loc[blurred["midpoint"] > 50, "exponent_standard_error"] = 2 * SHARP
    of = panels(local_exponents(blurred))
    at_one = [any(list(line.get_ydata()) == [1, 1] for line in axes.lines) for axes in of.values()]
    assert at_one == [True, True, False, False]
    (container,) = of["variance_limited_width"].containers
    assert max(container[0].get_xdata()) < 50


def test_it_can_be_saved_and_nothing_is_refused():
    assert pdf_bytes(local_exponents(table()), "test")[:4] == b"%PDF"
    with pytest.raises(ReplicationError, match="run the stages"):
        local_exponents(table().iloc[:0])
