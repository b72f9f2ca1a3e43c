"""The figure of the duality shows the residuals of its table."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors

from replication.errors import ReplicationError
from replication.figures.duality import duality
from replication.figures.saving import pdf_bytes

POOLS = {"power_law": "power law", "digits": "digits (toys), 8 x 8 pixels"}
BOUND = 0.25


def table():
    rows = [
        ("power_law", "gaussian_features", "exponent", 0.5, 0.5, 0.52, 0.49, 0.51),
        ("power_law", "gaussian_features", "exponent", 2.0, 2.0, 1.9, 2.05, 1.95),
        ("digits", "toys", "side", 8.0, 0.9, 0.8, 0.95, 1.0),
    ]
    names = ["task", "dataset", "varied", "value", "alpha_K", "alpha_D", "alpha_P", "alpha_theory"]
    frame = pd.DataFrame(rows, columns=names)
    for name, error in (("alpha_K", 0.0), ("alpha_D", 0.06), ("alpha_P", 0.08), ("alpha_theory", 0.0)):
        frame[f"{name}_lower"], frame[f"{name}_upper"] = frame[name] - error, frame[name] + error
    return frame


def containers(axes):
    return {container.get_label(): container for container in axes.containers}


@pytest.mark.parametrize(("panel", "one", "other", "errors"), [
    (0, "alpha_D", "alpha_theory", (0.06, 0.0)), (0, "alpha_P", "alpha_theory", (0.08, 0.0)),
    (1, "alpha_D", "alpha_P", (0.06, 0.08)),
])  # fmt: skip
def test_residuals_and_their_intervals_are_those_of_the_table(panel, one, other, errors):
    drawn = containers(duality(table(), BOUND).axes[panel])
    for task, rows in table().groupby("task"):
        line, _, (bars,) = drawn[f"{POOLS[task]}, {one}"]
        quotient = (rows[one] / rows[other]).to_numpy()
        np.testing.assert_allclose(line.get_ydata(orig=False), quotient - 1)
        np.testing.assert_allclose(line.get_xdata(orig=False), rows["alpha_K"], atol=0.02)
        half = quotient * np.hypot(errors[0] / rows[one], errors[1] / rows[other])
        ends = np.array(bars.get_segments())[:, :, 1]
        np.testing.assert_allclose(ends, np.stack([quotient - 1 - half, quotient - 1 + half], axis=1))


def test_colours_tell_pools_and_markers_data_from_features():
    figure = duality(table(), BOUND)
    look = {
        label: (colors.to_hex(one[0].get_color()), one[0].get_marker())
        for label, one in containers(figure.axes[0]).items()
    }
    one, other = POOLS.values()
    assert look[f"{one}, alpha_D"][0] == look[f"{one}, alpha_P"][0] != look[f"{other}, alpha_D"][0]
    assert look[f"{one}, alpha_D"][1] == look[f"{other}, alpha_D"][1] != look[f"{one}, alpha_P"][1]
    texts = {text.get_text() for text in figure.legends[0].get_texts()}
    assert set(POOLS.values()) < texts
    assert pdf_bytes(figure, "test")[:4] == b"%PDF"


def test_the_bound_is_shaded_about_zero():
    for axes in duality(table(), BOUND).axes:
        (shade,) = axes.patches
        assert (shade.get_y(), shade.get_height()) == pytest.approx((-BOUND, 2 * BOUND))


def test_how_far_theory_is_from_the_spectrum_is_drawn():
    drawn = {line.get_label(): line for line in duality(table(), BOUND).axes[0].lines}
    for task, rows in table().groupby("task"):
        at = drawn[f"{POOLS[task]}, alpha_K"].get_xydata()
        np.testing.assert_allclose(at[:, 1], rows["alpha_K"] / rows["alpha_theory"] - 1)


def test_no_series_are_refused():
    with pytest.raises(ReplicationError, match="simulate random features first"):
        duality(table().iloc[:0], BOUND)
