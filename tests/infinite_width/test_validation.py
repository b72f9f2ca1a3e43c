"""What is asked of infinite width in any order is answered in that order, and what cannot be answered is one line."""

import itertools

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.infinite_width import accuracy, closed_form, predictions
from replication.infinite_width.closed_form import Kernels
from replication.infinite_width.factorisation import factorise
from replication.infinite_width.finite_time import largest_learning_rate
from replication.infinite_width.kernels import evaluate_kernels
from replication.infinite_width.learning_curve import GradientDescent, Regularisation, compute_kernels, learning_curve
from replication.infinite_width.nested_sets import in_asked_order
from replication.settings.network import MLP

NETWORK = MLP(depth=2, activation="relu", weight_variance=1.8, bias_variance=0.1)
RNG = np.random.default_rng(11)
X, Y, TEST_X, TEST_Y = (RNG.normal(size=shape) for shape in ((40, 4), (40, 2), (7, 4), (7, 2)))
KERNELS = compute_kernels(NETWORK, "closed_form", X, Y, TEST_X)


@pytest.mark.parametrize("sizes", list(itertools.permutations((4, 15, 40))))
def test_rows_of_sizes_in_any_order_are_of_the_sizes_that_they_name(sizes):
    """As of each size by itself: 128, 32 once gave the mean of another set under the name of 128."""
    options = (Regularisation(0.0, 1e-10), 0.68, GradientDescent(9, 0.5))
    rows = list(learning_curve(KERNELS, TEST_Y, sizes, *options))
    assert [row["training_size"] for row in rows] == [*sizes] * 3
    alone = {size: list(learning_curve(KERNELS, TEST_Y, (size,), *options)) for size in sizes}
    for place, row in enumerate(rows):
        expected = alone[row["training_size"]][place // 3]
        assert row["method"] == expected["method"]
        numbers = {name: value for name, value in row.items() if name != "method"}
        assert numbers == pytest.approx({name: expected[name] for name in numbers}, rel=1e-8)


@pytest.mark.parametrize("kind", ["bayes", "gradient_descent_to_convergence"])
def test_predictions_of_sizes_in_any_order(kind):
    ascending = list(getattr(predictions, kind)(KERNELS, (4, 15, 40)))
    for order in itertools.permutations(range(3)):
        sizes = [(4, 15, 40)[place] for place in order]
        for place, got in zip(order, getattr(predictions, kind)(KERNELS, sizes), strict=True):
            np.testing.assert_array_equal(got.mean, ascending[place].mean)
            np.testing.assert_array_equal(got.covariance, ascending[place].covariance)


def test_increasing_sizes_are_not_held_back():
    """Each is passed on before the next is made: a covariance of every size would fill the memory."""
    made = []
    for asked, got in enumerate(in_asked_order((2, 5, 9), (made.append(size) or size for size in (2, 5, 9)))):
        assert made == [2, 5, 9][: asked + 1]
        assert got == made[-1]


def with_value(array, value):
    changed = array.copy()
    changed[1, 0] = value
    return changed


WRONG_SIZES = [
    ((), "shape"),
    ((4, 41), "41 of 40"),
    ((0, 4), "hold 0"),
    ((-3,), "hold -3"),
    ((4, 4), "4 more than once"),
    ((4.5,), "whole numbers"),
    ((4, np.nan), "whole numbers"),
    ((np.inf,), "whole numbers"),
    (("4",), "whole numbers"),
    ((True,), "whole numbers"),
    (([4], [5, 6]), "several lengths"),
    (((4, 5), (6, 7)), "shape"),
    (None, "whole numbers"),
]


@pytest.mark.parametrize(("sizes", "message"), WRONG_SIZES)
@pytest.mark.parametrize(
    "function",
    [
        lambda sizes: learning_curve(KERNELS, TEST_Y, sizes),
        lambda sizes: predictions.bayes(KERNELS, sizes),
        lambda sizes: predictions.gradient_descent_to_convergence(KERNELS, sizes),
        lambda sizes: factorise(KERNELS.training.nngp, sizes, 0.0, 0.0),
    ],
    ids=["learning_curve", "bayes", "gradient_descent", "factorise"],
)
def test_impossible_sizes_are_one_line_at_once(function, sizes, message):
    """When the function is called, not when the first row is asked for."""
    with pytest.raises(ReplicationError, match=message) as error:
        function(sizes)
    assert "\n" not in str(error.value)


def curve(test_y=TEST_Y, sizes=(4, 15), kernels=KERNELS, **options):
    return list(learning_curve(kernels, test_y, sizes, **options))


def descend(size=15, fraction=0.5, steps=3, **options):
    return predictions.gradient_descent(KERNELS, size, fraction, steps, **options)


def computed(x=X, y=Y, test_x=TEST_X, engine="closed_form"):
    return compute_kernels(NETWORK, engine, x, y, test_x)


IMAGES, LABELS = RNG.normal(size=(30, 2, 3)), np.tile(np.arange(10), 3)


def judged(images=IMAGES, labels=LABELS, test_images=IMAGES, test_labels=LABELS, reg=0.0):
    return accuracy.nngp_accuracy(NETWORK, images, labels, test_images, test_labels, reg)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: computed(y=Y[:, 0]), r"y of shape \(40,\): give it the shape \(N, C\)"),
        (lambda: computed(y=Y[:-1]), "y of shape .* but N = 40 in x"),
        (lambda: computed(y=with_value(Y, np.nan)), r"1 of y are NaN or infinite, the first at \(1, 0\)"),
        (lambda: computed(x=X[:, 0]), "x of shape"),
        (lambda: computed(x=X[:0], y=Y[:0]), "holds nothing"),
        (lambda: computed(x=with_value(X, np.inf)), "not finite"),
        (lambda: computed(test_x=TEST_X[:, :3]), "test_x of shape .* but d = 4 in x"),
        (lambda: computed(test_x=with_value(TEST_X, np.nan)), "not finite"),
        (lambda: computed(engine="stax"), "no engine 'stax'"),
        (lambda: evaluate_kernels(NETWORK, "closed_form", X, TEST_X[:, :2]), "other of shape .* but d = 4"),
        (lambda: closed_form.kernels(NETWORK, X[:, 0]), "x of shape"),
        (lambda: closed_form.kernels(NETWORK, X, rates=[(1.0, 1.0)]), "1 pairs of rates for 3 layers"),
        (lambda: closed_form.nngp(NETWORK, X, TEST_X[:, :2]), "other of shape"),
        (lambda: closed_form.diagonal(NETWORK, X[0]), "x of shape"),
        (lambda: curve(TEST_Y[:, 0]), r"test_y of shape \(7,\)"),
        (lambda: curve(TEST_Y[:, :1]), "test_y of shape .* but C = 2 in y"),
        (lambda: curve(TEST_Y[:-1]), "test_y of shape .* but N_T = 7 in test_nngp"),
        (lambda: curve(with_value(TEST_Y, np.nan)), "1 of test_y are NaN"),
        (lambda: curve(confidence=1.0), "confidence = 1.0: give a number between 0 and 1"),
        (lambda: curve(confidence=np.nan), "confidence = nan"),
        (lambda: curve(regularisation=Regularisation(-1e-3)), "diag_reg = -0.001"),
        (lambda: curve(regularisation=Regularisation(0.0, np.inf)), "singular_diag_reg = inf"),
        (lambda: curve(kernels=KERNELS._replace(y=Y[:, 0])), "y of shape"),
        (lambda: curve(kernels=KERNELS._replace(test_nngp=np.eye(6))), "test_nngp of shape"),
        (lambda: curve(kernels=KERNELS._replace(cross=Kernels(np.ones((40, 6)), np.ones((40, 7))))), "cross_ntk"),
        (lambda: curve(kernels=KERNELS._replace(test_nngp=np.full((7, 7), np.nan))), "49 of test_nngp"),
        (lambda: curve(kernels=KERNELS._replace(training=Kernels(*(np.full((40, 40), np.nan),) * 2))), "1600 of"),
        (lambda: curve(descent=GradientDescent(3, 1.5)), "learning_rate_fraction = 1.5"),
        (lambda: curve(descent=GradientDescent(-1, 0.5)), "steps = -1"),
        (lambda: descend(size=41), "41 of 40"),
        (lambda: descend(size=0), "hold 0"),
        (lambda: descend(fraction=0.0), "between 0 and 1"),
        (lambda: descend(fraction=1.7, momenta=0.6), "between 0 and 1.6"),
        (lambda: descend(momenta=1.0), "momentum = 1.0"),
        (lambda: descend(steps=2.5), "steps = 2.5"),
        (lambda: largest_learning_rate(np.zeros((3, 3))), "the kernel vanishes"),
        (lambda: largest_learning_rate(np.ones((3, 2))), "ntk of shape"),
        (lambda: factorise(np.eye(3)[:2], (2,), 0.0, 0.0), "square"),
        (lambda: factorise(np.eye(3), (3, 2), 0.0, 0.0), "do not increase"),
        (lambda: judged(labels=LABELS + 1), "from 1 to 10"),
        (lambda: judged(labels=LABELS[:-1]), "labels_of_images of shape"),
        (lambda: judged(labels=LABELS / 2), "give .N,. integers"),
        (lambda: judged(images=np.ones((30, 6))), "image 0 has a single grey level"),
        (lambda: judged(test_images=np.where(np.isnan(IMAGES), 0, np.nan)), "NaN or infinite"),
        (lambda: accuracy.standardise_each(np.ones(3)), "images of shape"),
        (lambda: accuracy.balanced(LABELS, 25), "multiple of 10"),
        (lambda: accuracy.balanced(LABELS, 40), "of which one has 3: ask for at most 30"),
        (lambda: accuracy.balanced(LABELS, 0), "size = 0"),
    ],
)
def test_what_cannot_be_computed_is_one_line(wrong, message):
    with pytest.raises(ReplicationError, match=message) as error:
        wrong()
    assert error.value.remedy
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("momentum", [0.0, 0.4])
def test_no_steps_leave_the_initial_outputs(momentum):
    """Mean zero, covariance K_**, and the mean training loss of the outputs at initialisation."""
    start = descend(steps=0, momenta=momentum)
    np.testing.assert_array_equal(start.prediction.mean, np.zeros((7, 2)))
    np.testing.assert_allclose(start.prediction.covariance, KERNELS.test_nngp, rtol=1e-14)
    loss = (np.sum(Y[:15] ** 2) + 2 * np.trace(KERNELS.training.nngp[:15, :15])) / 30
    assert start.training_loss == pytest.approx(loss, rel=1e-12)


def test_the_largest_learning_rate_is_that_of_the_descent():
    ntk = KERNELS.training.ntk[:15, :15]
    assert 0.5 * largest_learning_rate(ntk) == pytest.approx(descend().learning_rate, rel=1e-12)
    assert largest_learning_rate(ntk) == pytest.approx(2 * 15 / np.linalg.eigvalsh(ntk)[-1], rel=1e-12)


def test_a_single_test_point_has_no_pair_of_points():
    """What an infinitely large test set would give is then unknown; everything else is known."""
    one = compute_kernels(NETWORK, "closed_form", X, Y, TEST_X[:1])
    for row in learning_curve(one, TEST_Y[:1], (4,)):
        assert np.isnan(row["coefficient_of_variation_infinite_test_set"])
        assert row["coefficient_of_variation"] > 0
