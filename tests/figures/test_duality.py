"""The figure of the duality shows its table."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import colors

from replication.errors import ReplicationError
from replication.figures.duality import duality
from replication.figures.saving import pdf_bytes

POOLS = {"power_law": "power law", "digits": "digits (toys), 8 x 8 pixels"}


def table():
    rows = [
        ("power_law", "gaussian_features", "exponent", 0.5, 0.5, 0.52, 0.49),
        ("power_law", "gaussian_features", "exponent", 2.0, 2.0, 1.9, 2.05),
        ("digits", "toys", "side", 8.0, 0.9, 0.8, 0.95),
    ]
    frame = pd.DataFrame(rows, columns=["task", "dataset", "varied", "value", "alpha_K", "alpha_D", "alpha_P"])
    for name, below, above in (("alpha_K", 0.0, 0.0), ("alpha_D", 0.05, 0.07), ("alpha_P", 0.02, 0.03)):
        frame[f"{name}_lower"], frame[f"{name}_upper"] = frame[name] - below, frame[name] + above
    return frame


def containers(figure):
    return {container.get_label(): container for container in figure.axes[0].containers}


def test_points_and_intervals_are_those_of_the_table():
    drawn = containers(duality(table()))
    assert set(drawn) == {f"{pool}, {a}" for pool in POOLS.values() for a in ("alpha_D", "alpha_P")}
    for task, rows in table().groupby("task"):
        for name in ("alpha_D", "alpha_P"):
            line, _, bars = drawn[f"{POOLS[task]}, {name}"]
            np.testing.assert_allclose(line.get_ydata(orig=False), rows[name])
            np.testing.assert_allclose(line.get_xdata(orig=False), rows["alpha_K"], atol=0.02)
            # the bars along the axis of alpha_K come first
            segments = np.array(bars[1].get_segments())
            np.testing.assert_allclose(segments[:, 0, 1], rows[f"{name}_lower"])
            np.testing.assert_allclose(segments[:, 1, 1], rows[f"{name}_upper"])


def test_colours_tell_pools_and_markers_data_from_features():
    drawn = containers(duality(table()))
    look = {label: (colors.to_hex(one[0].get_color()), one[0].get_marker()) for label, one in drawn.items()}
    one, other = POOLS.values()
    assert look[f"{one}, alpha_D"][0] == look[f"{one}, alpha_P"][0] != look[f"{other}, alpha_D"][0]
    assert look[f"{one}, alpha_D"][1] == look[f"{other}, alpha_D"][1] != look[f"{one}, alpha_P"][1]


def test_the_diagonal_crosses_equal_axes():
    figure = duality(table())
    axes = figure.axes[0]
    diagonal = axes.lines[0]
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert axes.get_xlim() == axes.get_ylim() == tuple(diagonal.get_xdata())
    assert axes.get_aspect() == 1
    texts = {text.get_text() for text in axes.get_legend().get_texts()}
    assert set(POOLS.values()) < texts
    assert pdf_bytes(figure, "test")[:4] == b"%PDF"


def test_theory_is_drawn_where_it_is_known():
    frame = table().assign(alpha_theory=[0.6, 1.9, 1.0])
    drawn = {line.get_label(): line for line in duality(frame).axes[0].lines}
    for task, rows in frame.groupby("task"):
        at = drawn[f"{POOLS[task]}, theory"].get_xydata()
        np.testing.assert_allclose(at, rows[["alpha_K", "alpha_theory"]])
    assert not any("theory" in str(line.get_label()) for line in duality(table()).axes[0].lines)


def test_no_series_are_refused():
    with pytest.raises(ReplicationError, match="simulate random features first"):
        duality(table().iloc[:0])
