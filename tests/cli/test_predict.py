"""`python -m replication predict`: what it computes for the user's own data, what it writes, and what it refuses."""

import json
import os
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from replication.datasets.arrays import number_of_classes, standardise
from replication.datasets.training_sets import training_order
from replication.errors import ReplicationError
from replication.infinite_width import predictions
from replication.infinite_width.learning_curve import compute_kernels
from replication.loss_distribution.moments import gaussian_moments
from replication.own_data import splitting
from replication.own_data.reading import read as read_file
from replication.schema import INFINITE_TEST_SET
from replication.seeds import generator
from replication.settings.network import MLP
from tests.conftest import ROOT

FILES = ["own_draws.csv", "own_learning_curve.csv", "own_learning_curve.pdf", "own_learning_curve.png"]
NETWORK = MLP(depth=2, activation="erf", weight_variance=1.5, bias_variance=0.1)
OPTIONS = ["--depth", 2, "--activation", "erf", "--weight-variance", 1.5, "--bias-variance", 0.1]
POINTS, TEST_POINTS, SEED = 60, 12, 3


@pytest.fixture
def arrays(rng):
    """Inputs of two axes beside the points, and two smooth targets."""
    inputs = rng.normal(5, 3, size=(POINTS, 2, 2))
    return {"inputs": inputs, "targets": np.sin(inputs.reshape(POINTS, 4)[:, :2])}


@pytest.fixture
def predict(command, tmp_path):
    """Stores arrays and runs the command on them; the result and the folder of its output."""

    def run(arrays, *options, output="out"):
        np.savez(tmp_path / "own.npz", **arrays)
        return command("predict", tmp_path / "own.npz", "--output", tmp_path / output, *options), tmp_path / output

    return run


def refused(result, output):
    """The one line of an error that wrote nothing."""
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert not output.exists()
    return line


def test_the_table_is_that_of_a_direct_computation(predict, arrays, tmp_path):
    result, output = predict(arrays, "--training-sizes", "8,16,32", "--seed", SEED, *OPTIONS)
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted(path.name for path in output.iterdir()) == FILES
    assert [line for line in result.stdout.splitlines() if line.startswith("written: ")] == [
        f"written: {output / name}" for name in (FILES[1], FILES[0], FILES[3], FILES[2])
    ]
    assert imread(BytesIO((output / FILES[3]).read_bytes())).shape[1] > 1000
    assert (output / FILES[2]).read_bytes().startswith(b"%PDF")

    points = standardise(*splitting.split(*read_file(tmp_path / "own.npz")[:2], TEST_POINTS, SEED))
    draws, curves = (pd.read_csv(output / name) for name in FILES[:2])
    draws = draws[np.isinf(draws["training_time"])]
    for method, law in (
        ("gradient_descent", predictions.gradient_descent_to_convergence),
        ("bayes", predictions.bayes),
    ):
        expected = []
        for draw in range(3):
            chosen = training_order(POINTS - TEST_POINTS, 32, SEED, "own data", draw)
            kernels = compute_kernels(NETWORK, "closed_form", points.x[chosen], points.y[chosen], points.x_test)
            for made in law(kernels, (8, 16, 32)):
                expected.append(gaussian_moments(made.mean, made.covariance, points.y_test))
        of_method = draws[draws["method"] == method]
        assert of_method["draw"].tolist() == np.repeat(range(3), 3).tolist()
        np.testing.assert_allclose(of_method[["mean", "std", "coefficient_of_variation"]], expected, rtol=1e-9)
        averaged = np.reshape(expected, (3, 3, 3)).mean(axis=0)
        row = curves[curves["method"] == method]
        assert row["training_size"].tolist() == [8, 16, 32]
        np.testing.assert_allclose(row[["mean", "std", "coefficient_of_variation"]], averaged, rtol=1e-9)
    eps = curves.loc[curves["method"] == "gradient_descent", "coefficient_of_variation"].iloc[-1]
    assert f"changes the test loss by {eps:.1%} of its mean" in result.stdout
    assert "4 features, 2 targets for regression, standardised; loss on 12 test points" in result.stdout
    assert "0 is a plateau" in result.stdout
    assert "singular" not in result.stdout
    assert (curves[INFINITE_TEST_SET] < curves["coefficient_of_variation"]).all()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(predict, arrays):
    made = []
    for output, seed in (("one", 1), ("two", 1), ("three", 2)):
        result, folder = predict(arrays, "--training-sizes", "8", "--seed", seed, output=output)
        assert result.returncode == 0
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1]
    assert sorted(made[0]) == FILES
    assert all(made[0][name] != made[2][name] for name in FILES)


def test_class_labels_steps_and_repeated_points(predict, arrays):
    """Every point stands twice in a pool that is used whole: regularised, and said so; 0 refuses."""
    labels = np.array([7, 3, 9])[np.arange(POINTS // 2) % 3]
    twice = {"inputs": np.repeat(arrays["inputs"][: POINTS // 2], 2, axis=0), "targets": np.repeat(labels, 2)}
    options = ["--training-sizes", "8,48", "--steps", 20, "--scaling", "global"]
    line = refused(*predict(twice, *options, "--singular-diag-reg", 0))
    assert "48 training points" in line
    assert "singular_diag_reg" in line
    result, output = predict(twice, *options)
    assert result.returncode == 0
    assert "4 features, 3 classes (3, 7, 9); loss on 12 test points" in result.stdout
    assert "The kernel was singular or nearly so: 1e-10 of its diagonal was added to it." in result.stdout
    curves = pd.read_csv(output / FILES[1])
    assert curves.loc[np.isinf(curves["training_time"]), "diag_reg"].tolist() == [1e-10] * 4
    assert curves.loc[curves["training_time"] == 20, "training_size"].tolist() == [8, 48]
    estimates = [name for name in curves if name.startswith(("mean", "std", "coefficient_of_variation", "loss_"))]
    assert len(estimates) == 19
    assert np.isfinite(curves[estimates]).all(axis=None)


def changed(arrays, **change):
    return {name: change.get(name, lambda array: array)(array) for name, array in arrays.items()}


def with_value(value, *index):
    def change(array):
        array = array.copy()
        array[index] = value
        return array

    return change


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"inputs": lambda x: x[:, 0, 0]}, [], r"inputs of shape \(60,\)"),
        ({"inputs": lambda x: x[0, 0, 0]}, [], r"inputs of shape \(\)"),
        ({"targets": lambda y: y[:-1]}, [], r"targets of shape \(59, 2\)"),
        ({"targets": lambda y: y[:, :, None]}, [], r"targets of shape \(60, 2, 1\)"),
        ({"targets": lambda y: y[0, 0]}, [], r"targets of shape \(\)"),
        ({"inputs": lambda x: x[:0], "targets": lambda y: y[:0]}, [], r"shape \(0, 2, 2\)"),
        (
            {"inputs": with_value(np.nan, 7, 1, 0)},
            [],
            "1 of the inputs are NaN or infinite, the first in row 7, ",
        ),
        ({"inputs": with_value(-np.inf, 3)}, [], "4 of the inputs are NaN or infinite, the first in row 3"),
        (
            {"targets": with_value(np.nan, 9, 1)},
            [],
            "1 of the targets are NaN or infinite, the first in row 9, column 1",
        ),
        ({"inputs": lambda x: x.astype(str)}, [], "inputs hold <U32, not numbers"),
        ({"targets": lambda y: y + 0j}, [], "targets hold complex128, not numbers"),
        ({"targets": lambda y: y.astype(object)}, [], "no .npz file of plain arrays"),
        ({"inputs": with_value(1.5, ...)}, [], r"4 columns of the inputs \(0, 1, 2, 3\) are constant"),
        ({"inputs": with_value(1.5, ...)}, ["--scaling", "global"], "are all the same"),
        ({"targets": with_value(2.0, ..., 0)}, [], "column 0 of the targets is constant"),
        ({"targets": lambda y: np.full(len(y), 4)}, [], "the targets hold one class, 4"),
        ({}, ["--training-sizes", "8,49"], "a training set of 49 out of 60 points, of which 12 are test points"),
        ({}, ["--training-sizes", "8,many"], "'8,many' are no numbers"),
        ({}, ["--training-sizes", "8,,16"], "'8,,16' are no numbers"),
        ({}, ["--training-sizes", "8.5"], "'8.5' are no numbers"),
        ({}, ["--training-sizes", "0,8"], "hold 0"),
        ({}, ["--training-sizes", "-8"], "hold -8"),
        ({}, ["--test-points", "1"], "beside 1 test points"),
        ({}, ["--test-points", "57"], "leave 3 beside 57 test points"),
        ({"inputs": lambda x: x[:9], "targets": lambda y: y[:9]}, [], "9 points leave 8 beside 1 test points"),
    ],
)
def test_what_cannot_be_predicted_is_one_line_and_writes_nothing(predict, arrays, change, options, message):
    line = refused(*predict(changed(arrays, **change), *options))
    assert re.search(message, line), line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no file"),
        (b"", "no .npz file"),
        (b"one,two\n1,2\n", "no .npz file"),
        ("array", "no .npz file"),
        ("cut short", "no .npz file"),
        ("flipped", "no .npz file"),
        ("no targets", "does not hold inputs and targets but inputs, y: store it with"),
        ("empty", "does not hold inputs and targets but nothing: store it with"),
    ],
)
def test_what_is_no_such_file_is_one_line(command, arrays, tmp_path, content, message):
    path, whole = tmp_path / "own.npz", BytesIO()
    np.savez(whole, **arrays)
    whole = whole.getvalue()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "array":
        with path.open("wb") as stream:
            np.save(stream, arrays["inputs"])
    elif content == "cut short":
        path.write_bytes(whole[:-700])
    elif content == "flipped":
        path.write_bytes(whole[:400] + bytes([whole[400] ^ 0xFF]) + whole[401:])
    elif content == "no targets":
        np.savez(path, inputs=arrays["inputs"], y=arrays["targets"])
    elif content == "empty":
        np.savez(path)
    line = refused(command("predict", path, "--output", tmp_path / "out"), tmp_path / "out")
    assert str(path) in line
    assert message in line


def test_an_output_that_cannot_be_written_is_one_line(command, arrays, tmp_path):
    np.savez(tmp_path / "own.npz", **arrays)
    (tmp_path / "file").write_text("in the way")
    arguments = ["--training-sizes", "8", "--output", tmp_path / "file"]
    result = command("predict", tmp_path / "own.npz", *arguments)
    assert result.returncode == 1
    assert result.stderr.startswith(f"error: cannot write {tmp_path / 'file'}")
    assert len(result.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "in the way"


def test_the_real_command_ends_in_one_line(tmp_path):
    arguments = [sys.executable, "-m", "replication", "predict", tmp_path / "absent.npz"]
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith(
        f"error: no file {tmp_path}/absent.npz: give the path of a file in one of the formats"
    )
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--depth", 0),
        ("--activation", "tanh"),
        ("--weight-variance", 1e7),
        ("--bias-variance", "inf"),
        ("--draws", 0),
        ("--confidence", 1),
        ("--diag-reg", -1),
        ("--scaling", "pixel"),
    ],
)
def test_an_option_out_of_range_is_named(predict, arrays, option, value):
    result, output = predict(arrays, option, value)
    assert result.returncode == 2
    assert option in result.stderr
    assert "Traceback" not in result.stderr
    assert not output.exists()


# What the command is made of.


def read(tmp_path, **arrays):
    np.savez(tmp_path / "own.npz", **arrays)
    return read_file(tmp_path / "own.npz")


def test_a_file_is_read_as_it_is(tmp_path, arrays):
    read_back = read(tmp_path, inputs=arrays["inputs"], targets=np.arange(POINTS))
    np.testing.assert_array_equal(read_back.inputs, arrays["inputs"])
    assert number_of_classes(read_back.targets) == POINTS
    assert number_of_classes(read_back.targets > 9) == 2
    assert number_of_classes(read_back.targets + 0.5) == number_of_classes(arrays["targets"]) == 0


def test_a_split_takes_every_point_once(tmp_path, arrays):
    data = read(tmp_path, **arrays)
    split = splitting.split(data.inputs, data.targets, 12, SEED)
    order = generator(SEED, "own data").permutation(POINTS)
    np.testing.assert_array_equal(np.concatenate([split.x_test, split.x]), data.inputs[order])
    np.testing.assert_array_equal(np.concatenate([split.y_test, split.y]), data.targets[order])
    assert len(split.x_test) == 12


def test_default_sizes_double_up_to_half_the_pool():
    expected = {10: (2, [4]), 60: (12, [16]), 1000: (200, [16, 32, 64, 128, 256]), 10**5: (1000, 4096)}
    for points, (test_points, sizes) in expected.items():
        found = splitting.split_sizes(points, 0, "")
        assert found[0] == test_points
        assert (found[1] if isinstance(sizes, list) else found[1][-1]) == sizes
    assert splitting.split_sizes(60, 20, "16, 8,16") == (20, [8, 16])


def test_the_width_is_drawn_and_written(predict, arrays):
    options = ["--training-sizes", "8,16", "--depth", 1, "--width", 256, "--plot", "--output-scale", "matched"]
    result, output = predict(arrays, *options)
    assert (result.returncode, result.stderr) == (0, "")
    table = pd.read_csv(output / "own_finite_width.csv")
    assert table["training_size"].tolist() == [8, 16]
    assert table["output_scale"].nunique() == 1
    assert table["output_scale"][0] not in (0, 1)
    assert "eps_L, width 256" in result.stdout
    for kind in ("png", "pdf"):
        assert (output / f"own_finite_width.{kind}").stat().st_size > 1000
    assert imread(output / "own_finite_width.png").shape[0] > 300


def test_centred_networks_are_told_of_without_bayes(predict, arrays):
    result, output = predict(arrays, "--training-sizes", "8,16,24", "--depth", 1, "--centred")
    assert (result.returncode, result.stderr) == (0, "")
    assert "eps_L = 0" in result.stdout
    assert "Bayes" not in result.stdout
    assert set(pd.read_csv(output / "own_draws.csv")["method"]) == {"gradient_descent"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--plot"], "--plot without a width: name one"),
        (["--output-scale", "big"], "--output-scale big: give a number"),
    ],
)
def test_options_that_do_not_fit_are_one_line(predict, arrays, options, message):
    assert message in refused(*predict(arrays, *options))


# Whatever else is on the user's machine, and whatever the file is called.

HOSTILE = "text.usetex: True\nbackend: nowhere\nfont.family: No Such Font\n"


def run_for_real(folder, *arguments, **environment):
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    command = [sys.executable, "-m", "replication", "predict", *map(str, arguments), "--training-sizes", "8,16"]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, errors="replace")


def test_no_setting_of_matplotlib_stands_in_the_way(predict, arrays, tmp_path):
    result, output = predict(arrays, "--training-sizes", "8,16")
    assert result.returncode == 0
    (tmp_path / "matplotlibrc").write_text(HOSTILE)
    hostile = run_for_real(tmp_path, "own.npz", MPLBACKEND="module://nowhere")
    assert (hostile.returncode, "Traceback" in hostile.stderr) == (0, False)
    assert (tmp_path / "predictions" / FILES[3]).read_bytes() == (output / FILES[3]).read_bytes()


def test_any_name_of_a_file_is_plain_text(arrays, tmp_path):
    """Blanks, what begins a formula, letters beyond ASCII, and bytes that are no text."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + "/a µ$_$1 x^{".encode() + b"\xff.npz"))
    with path.open("wb") as stream:
        np.savez(stream, **arrays)
    ended = run_for_real(tmp_path, path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert len(list((tmp_path / "predictions").iterdir())) == 4


def test_tables_stand_though_a_figure_fails(predict, arrays, monkeypatch):
    def fail(*_, **__):
        raise ReplicationError("no figure", "draw it by hand")

    monkeypatch.setattr("replication.api.figures.plot", fail)
    result, output = predict(arrays, "--training-sizes", "8,16")
    assert result.returncode == 1
    assert "no figure" in result.stderr
    assert sorted(path.name for path in output.iterdir()) == FILES[:2]


def test_json_holds_what_the_tables_hold(predict, arrays):
    whole = arrays | {"inputs": with_value(1.5, slice(None), 1, 1)(arrays["inputs"])}
    result, output = predict(whole, "--training-sizes", "8,16", "--format", "json")
    said = json.loads(result.stdout)
    assert said["notes"] == ["Left out, being constant: 3."]
    assert said["data"] == "3 features, 2 targets for regression, standardised"
    table = pd.read_csv(output / FILES[1])
    assert [row["mean"] for row in said["learning_curve"]] == pytest.approx(table["mean"].tolist(), rel=1e-11)
    assert [Path(file).name for file in said["files"]] == [FILES[1], FILES[0], FILES[3], FILES[2]]


def test_a_constant_up_to_rounding_is_left_out(predict, arrays, rng):
    """As if the column were not there: its noise of one unit in the last place is no feature."""
    flat = arrays["inputs"].reshape(POINTS, 4)
    noise = np.where(rng.random(POINTS) < 0.5, 1.1, np.nextafter(1.1, 2))
    with_noise = {"inputs": np.column_stack([flat, noise]), "targets": arrays["targets"]}
    without, with_it = (
        predict(data, "--training-sizes", "8,16", output=name)
        for data, name in (({"inputs": flat, "targets": arrays["targets"]}, "a"), (with_noise, "b"))
    )
    assert "Left out, being constant: 4." in with_it[0].stdout
    assert (without[1] / FILES[1]).read_bytes() == (with_it[1] / FILES[1]).read_bytes()


def test_one_hot_targets_are_the_classes_they_name(predict, arrays):
    labels = np.arange(POINTS) % 3
    tables = []
    for name, targets in (("labels", labels), ("one_hot", np.eye(3)[labels]), ("names", np.array(list("abc"))[labels])):
        result, output = predict(arrays | {"targets": targets}, "--training-sizes", "8,16", output=name)
        assert "3 classes" in result.stdout
        tables.append((output / FILES[1]).read_bytes())
    assert tables[0] == tables[1] == tables[2]


def test_an_overflow_is_named(predict, arrays):
    line = refused(*predict(arrays, "--depth", 200, "--weight-variance", 1000))
    assert "overflow, beyond the range of float64" in line
    assert "lower depth or weight variance" in line


def test_a_nearly_singular_kernel_is_said_to_be_inaccurate(predict):
    """A smooth kernel on many points of a line: the condition number leaves few digits, and the row says how few."""
    x = np.linspace(-2, 2, 60)[:, None]
    options = ["--training-sizes", "8,23", "--depth", 1, "--singular-diag-reg", 0, "--centred", "--draws", 1]
    options += ["--activation", "erf", "--bias-variance", 0.1]
    result, output = predict({"inputs": x, "targets": x[:, 0] ** 2}, *options)
    table = pd.read_csv(output / FILES[1])
    np.testing.assert_allclose(table["relative_error"], table["condition_number"] * 2**-52, rtol=1e-10)
    assert table["relative_error"].min() < 1e-6 < 1e-3 < table["relative_error"].max() < 1
    assert f"N_D = 23 that numbers may be off by {table['relative_error'].max():.1%}" in result.stdout
