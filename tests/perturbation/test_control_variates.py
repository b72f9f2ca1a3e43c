"""The infinite-width loss of a member's own initial function: its moments, and estimates that lean on it."""

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.finite_width.converged import Members, linearised_losses
from replication.perturbation.control_variates import (
    Known,
    control,
    controlled_bootstrap,
    controlled_moments,
    known_moments,
)
from tests.perturbation.problems import NETWORKS, gaussian_data, limit_of


@pytest.mark.parametrize("name", NETWORKS)
def test_moments_are_known_at_any_width(name, rng):
    """Networks of four neurons, whose outputs are far from Gaussian."""
    spec, data = NETWORKS[name], gaussian_data(outputs=2)
    limit = limit_of(spec, data)
    members = Members.draw(spec, 10, 4, 2, 60_000, rng)
    values = control(limit, members.evaluate(data.x).outputs, members.evaluate(data.test_x).outputs, 0.7)
    known, wide = (known_moments(limit, width, 0.7) for width in (4, 10**9))
    squares = (values - known.mean) ** 2
    assert abs(values.mean() - known.mean) < 4 * values.std() / np.sqrt(len(values))
    error = squares.std() / np.sqrt(len(values)) + 0.01 * known.variance  # the second: of the fourth cumulant
    assert abs(squares.mean() - known.variance) < 4 * error
    assert abs(known.variance - wide.variance) > 8 * error  # the fourth cumulant is seen


def test_they_are_the_losses_beside_the_linearised_ones():
    spec, data = NETWORKS["erf"], gaussian_data()
    members = Members.draw(spec, 10, 16, 3, 4, np.random.default_rng(2))
    ensemble = linearised_losses(spec, *data, (8,), 16, 4, np.random.default_rng(2))
    values = control(limit_of(spec, data), members.evaluate(data.x).outputs, members.evaluate(data.test_x).outputs, 0.5)
    np.testing.assert_allclose(ensemble.infinite.at(0.5)[0], values, rtol=1e-9)


def ensemble_of(rng, members, noise):
    """Losses that follow their controls but for a slope, a shift and noise: (losses, controls, known, truth)."""
    weights = np.linspace(0.2, 1, 40) / np.linspace(0.2, 1, 40).sum()
    variance = 2 * np.sum(weights**2)
    controls = rng.standard_normal((members, 40)) ** 2 @ weights
    losses = 0.97 * controls + 0.05 + noise * np.sqrt(variance) * rng.standard_normal(members) * controls
    std = np.sqrt(0.97**2 * variance + noise**2 * variance * (1 + variance))
    return losses, controls, Known(1.0, variance), np.array([1.02, std, std / 1.02])


@pytest.mark.parametrize(("members", "noise"), [(24, 0.1), (64, 0.5)])
def test_intervals_cover(members, noise, rng):
    inside, runs = np.zeros(3), 300
    for _ in range(runs):
        losses, controls, known, truth = ensemble_of(rng, members, noise)
        table = controlled_bootstrap(losses, controls, known, 0.683, 200, rng)
        inside += (table["lower"] < truth) & (truth < table["upper"])
    assert np.all(np.abs(inside / runs - 0.683) < 0.09)  # three and a half standard errors, less bias


def test_they_pay_where_losses_follow_and_do_no_harm_where_not(rng):
    errors = {}
    for noise in (0.1, 3.0):
        pairs = []
        for _ in range(400):
            losses, controls, known, truth = ensemble_of(rng, 100, noise)
            pairs.append((controlled_moments(losses, controls, known)[1] - truth[1], losses.std(ddof=1) - truth[1]))
        errors[noise] = np.std(pairs, axis=0)
    assert errors[0.1][0] < errors[0.1][1] / 4
    assert errors[3.0][0] < 1.1 * errors[3.0][1]


def test_a_control_for_each_member(rng):
    with pytest.raises(ReplicationError, match="give one control for each"):
        controlled_bootstrap(np.ones(5), np.ones(4), Known(1.0, 1.0), 0.68, 10, rng)
