"""Members that share their initial weights between training sizes: errors that know it cover, others do not."""

import numpy as np
import pandas as pd
import pytest

from replication.scaling_laws import fits
from replication.scaling_laws.member_bootstrap import (
    Correlations,
    correlation_matrices,
    correlation_matrix,
    member_correlations,
)
from replication.schema import STATISTICS

ENSEMBLES = ("task", "method", "width")
SIZES = np.array([32.0, 64, 128, 256])
MEMBERS, EPS, SHARED = 24, 0.1, 0.8  # SHARED: correlation of a member's losses between any two sizes
TOYS, RESAMPLES = 300, 200


def losses(rng, shared=SHARED, members=MEMBERS):
    """Relative losses (sizes, members) with mean 1, standard deviation EPS, correlated between sizes."""
    common, alone = rng.normal(size=(1, members)), rng.normal(size=(len(SIZES), members))
    return 1 + EPS * (np.sqrt(shared) * common + np.sqrt(1 - shared) * alone)


def table(by_size, method="trained", width=64, task="digits"):
    label = {"task": task, "method": method, "width": width}
    rows = [
        label | {"training_size": int(size), "member": member, "test_loss": loss}
        for size, row in zip(SIZES, by_size, strict=False)
        for member, loss in enumerate(row)
    ]
    return pd.DataFrame(rows)


def relative_error(by_size):
    return by_size.std(axis=1, ddof=1) / by_size.mean(axis=1) / np.sqrt(by_size.shape[1])


def test_the_correlation_of_members_is_measured():
    """Of means that of the losses; of standard deviations its square, for Gaussian losses."""
    many = losses(np.random.default_rng(0), members=4000)
    found = member_correlations(table(many), ENSEMBLES, 1000, 1)
    for name, expected in (("mean", SHARED), ("std", SHARED**2)):
        off_diagonal = found["digits", "trained", 64, name].matrix[~np.eye(4, dtype=bool)]
        np.testing.assert_allclose(off_diagonal, expected, atol=0.08)
    assert found["digits", "trained", 64, "mean"].members == 4000


def test_independent_members_are_found_uncorrelated():
    many = losses(np.random.default_rng(0), shared=0.0, members=4000)
    found = member_correlations(table(many), ENSEMBLES, 1000, 1)
    for name in STATISTICS:
        assert np.abs(found["digits", "trained", 64, name].matrix - np.eye(4)).max() < 0.12


def test_errors_go_with_their_sizes():
    correlations = Correlations([32, 64, 128], 9, np.array([[1, 0.5, 0.1], [0.5, 1, 0.2], [0.1, 0.2, 1]]))
    np.testing.assert_allclose(
        correlations.covariance([128, 32], np.array([2.0, 3.0])), [[4, 0.6], [0.6, 9]], rtol=1e-12
    )


def test_what_never_varies_is_uncorrelated(rng):
    varying = rng.normal(size=20)
    np.testing.assert_array_equal(correlation_matrix(np.stack([varying, np.ones(20)])), np.eye(2))
    np.testing.assert_array_equal(correlation_matrix(varying[None]), [[1]])


def test_trained_and_linearised_are_resampled_alike_and_widths_are_not():
    by_size = losses(np.random.default_rng(2))
    same = pd.concat([table(by_size), table(by_size, "linearised"), table(by_size, width=128)])
    found = member_correlations(same, ENSEMBLES, 50, 1)
    one, alike, other = (found["digits", *key, "std"].matrix for key in
                         (("trained", 64), ("linearised", 64), ("trained", 128)))  # fmt: skip
    np.testing.assert_array_equal(one, alike)
    assert np.abs(one - other).max() > 1e-3


def test_members_that_lack_a_size_are_left_out():
    by_size = losses(np.random.default_rng(3))
    lacking = table(by_size).query("not (member == 3 and training_size == 64)")
    found, expected = (
        member_correlations(members, ENSEMBLES, 50, 1)["digits", "trained", 64, "mean"]
        for members in (lacking, table(np.delete(by_size, 3, axis=1)))
    )
    assert found.members == MEMBERS - 1
    np.testing.assert_array_equal(found.matrix, expected.matrix)


# coverage


def measured(by_size, rng):
    return Correlations(SIZES.astype(int).tolist(), MEMBERS, correlation_matrices(by_size, RESAMPLES, rng)["mean"])


def coverage(law, parameter, truth, known):
    """Share of toys whose 68 % interval holds the truth; with the correlations as measured, or taken as none."""
    rng, hits = np.random.default_rng(5), 0
    steady = SIZES**-0.4 if law is fits.power_law else np.ones(4)
    for _ in range(TOYS):
        by_size = losses(rng)
        error = relative_error(by_size)
        covariance = measured(by_size, rng).covariance(SIZES, error) if known else np.diag(error**2)
        y = by_size.mean(axis=1) * steady
        estimate = fits.fit_members(law, SIZES, y, covariance, MEMBERS).parameters[parameter]
        lower, upper = estimate.interval(0.68)
        hits += lower < truth < upper
    return hits / TOYS


@pytest.mark.parametrize(
    ("law", "parameter", "truth", "wrong"),
    [
        (fits.power_law, "exponent", 0.4, (0.93, 1.0)),  # what sizes share cancels: independent errors are too large
        (fits.plateau, "value", 1.0, (0.2, 0.52)),  # and here it does not average out: they are too small
    ],
)
def test_errors_of_laws_cover_with_the_measured_correlation_and_not_without(law, parameter, truth, wrong):
    assert coverage(law, parameter, truth, known=True) == pytest.approx(0.68, abs=0.06)
    low, high = wrong
    assert low < coverage(law, parameter, truth, known=False) < high
