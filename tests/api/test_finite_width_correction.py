"""rep.finite_width_correction: the corrections of perturbation/ for whatever arrays a program has, and in `predict`."""

import re

import numpy as np
import pytest

import replication as rep
from replication.finite_width.converged import linearised_losses
from replication.perturbation.corrections import finite_width_correction


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(3)
    x, x_test = rng.normal(size=(24, 2, 4)), rng.normal(size=(30, 2, 4))
    return x, (x[:, 0, 0] > 0).astype(int), x_test, (x_test[:, 0, 0] > 0).astype(int)


def test_labels_and_images_are_taken_as_they_are(arrays):
    net = rep.MLP(depth=1)
    table = rep.finite_width_correction(net, *arrays, training_sizes=[16, 8], widths=[512], precision=0.2)
    x, y, x_test, y_test = arrays
    flat = [np.eye(2)[y] - 0.5, np.eye(2)[y_test] - 0.5]
    points = x.reshape(24, -1), flat[0], x_test.reshape(30, -1), flat[1]
    expected = finite_width_correction(net, *points, [8, 16], widths=[512], precision=0.2, rng=0)
    for name in ("b", "c", "coefficient_of_variation_at_512"):
        np.testing.assert_allclose(table.set_index("training_size")[name].loc[[8, 16]], expected[name], rtol=1e-12)
    exact = rep.learning_curve(net, *arrays, training_sizes=[8, 16]).query("method == 'gradient_descent'")
    np.testing.assert_allclose(
        sorted(table["coefficient_of_variation"]), sorted(exact["coefficient_of_variation"]), rtol=1e-8
    )


def test_members_have_the_spread_that_is_predicted(arrays):
    """2,000 exactly linearised members of width 256: within four standard errors, theory's and members' together."""
    net = rep.MLP(depth=1)
    row = rep.finite_width_correction(net, *arrays, training_sizes=[8], widths=[256], precision=0.03).iloc[0]
    x, y, x_test, y_test = arrays
    points = x.reshape(24, -1), np.eye(2)[y] - 0.5, x_test.reshape(30, -1), np.eye(2)[y_test] - 0.5
    losses = linearised_losses(net, *points, [8], 256, 2000, np.random.default_rng(5)).losses.at(1.0)
    found = np.ravel(losses)
    spread = found.std(ddof=1) / found.mean()
    # of a standard deviation of k Gaussian members; the law's tail and terms beyond 1/n widen it: 0.06 of the value
    error = np.hypot(spread / np.sqrt(2 * (len(found) - 1)), row["coefficient_of_variation_error_at_256"])
    assert abs(spread - row["coefficient_of_variation_at_256"]) < 4 * error + 0.06 * spread


@pytest.mark.parametrize(
    ("depth", "sizes", "widths", "words"),
    [(2, [8], [64], "hidden layers"), (1, [40], [64], "24"), (1, [0], [64], "0"), (1, [8], [0], "width")],
)
def test_what_cannot_be_is_one_line(arrays, depth, sizes, widths, words):
    with pytest.raises(rep.ReplicationError, match=words) as refused:
        rep.finite_width_correction(rep.MLP(depth=depth), *arrays, training_sizes=sizes, widths=widths)
    assert "\n" not in str(refused.value)


def test_predict_says_it_in_words(arrays, command, tmp_path):
    np.savez(tmp_path / "mine.npz", inputs=arrays[0], targets=arrays[1])
    asked = "--depth", 1, "--training-sizes", "8,12", "--width", 40, "--output", tmp_path / "out"
    ended = command("predict", tmp_path / "mine.npz", *asked)
    assert ended.returncode == 0, ended.stderr
    assert "eps_L, width 40" in ended.stdout
    assert re.search(r"At N_D = (8, )?12 the expansion has ended, N_D or \|b\| being above a quarter", ended.stdout)
    refused = command("predict", tmp_path / "mine.npz", "--width", 40)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("error: ")


def test_its_table_is_drawn_against_the_width(arrays):
    table = rep.finite_width_correction(rep.MLP(depth=1), *arrays, [8, 16], widths=[128, 512], precision=0.3)
    (axes,) = rep.plot(table).axes
    assert "width" in axes.get_xlabel()
    assert len(axes.get_xticks()) == 3


def test_the_network_says_its_output_scale(arrays):
    """Matched from all training points; centred networks scatter by their kernels alone."""
    x, y, _, _ = arrays

    def find(**options):
        network = rep.MLP(depth=1, **options)
        return rep.finite_width_correction(network, *arrays, 8, widths=[128], precision=0.3).iloc[0]

    flat = x.reshape(24, -1)
    expected = np.sqrt(
        np.var(np.eye(2)[y], axis=0).mean() / np.mean(2 * np.sum(flat**2, axis=1) / 8)
    )  # K = 2 |x|^2 / d
    assert find(output_scale="matched")["output_scale"] == pytest.approx(expected, rel=1e-12)
    centred = find(output_scale=0.7, centred=True)
    assert (centred["output_scale"], centred["coefficient_of_variation"]) == (0, 0)
    assert centred["c"] > 0


def _corrected(x, y, x_test, y_test):
    """Of a network whose outputs match the targets: the row, or the error, which is one line."""
    try:
        return rep.finite_width_correction(
            rep.MLP(depth=1, output_scale="matched"), x, y, x_test, y_test, 8, widths=[128], precision=0.3
        ).iloc[0]
    except rep.ReplicationError as error:
        return error


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("of_inputs", [1e-60, 1.0, 1e60, 1e160, 1e300])
@pytest.mark.parametrize("of_targets", [1e-300, 1.0, 1e60, 1e300])
def test_numbers_of_any_scale_give_a_result_or_one_line(arrays, of_inputs, of_targets):
    """Neither b nor c nor eps_L knows the scale of inputs or targets, and mu_L goes with the targets' square."""
    x, x_test = arrays[0], arrays[2]
    y, y_test = x[:, 0, 0], x_test[:, 0, 0]
    found = _corrected(of_inputs * x, of_targets * y, of_inputs * x_test, of_targets * y_test)
    if isinstance(found, rep.ReplicationError):
        assert "\n" not in str(found)
        assert max(of_inputs, 1 / of_inputs, of_targets, 1 / of_targets) > 1e50
        return
    plain = _corrected(x, y, x_test, y_test)
    for name in ("b", "c", "coefficient_of_variation"):
        assert found[name] == pytest.approx(plain[name], rel=1e-6)
    assert found["mean"] == pytest.approx(of_targets**2 * plain["mean"], rel=1e-6)
