"""Changed images, classes and noise: the data themselves, the exponents of toys, and the stage on the UCI digits."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from replication.stages.vary_data import vary_data

from replication.datasets import prepared, uci_digits
from replication.datasets.dataset import Dataset
from replication.datasets.preprocessing import Preprocessing
from replication.datasets.training_sets import training_order
from replication.datasets.variations import image_side, pooled, superclasses
from replication.errors import ReplicationError
from replication.experiments import data_variations as fits
from replication.infinite_width.closed_form import kernels
from replication.infinite_width.resolution import TEACHER
from replication.scaling_laws.exponents import curves, difference_row, exponent_row, mean_curve
from replication.scaling_laws.fits import Estimate
from replication.seeds import generator
from replication.settings.analysis import Statistics
from replication.settings.infinite_width import InfiniteWidth
from replication.settings.network import MLP
from replication.settings.regimes import DataVariations
from replication.settings.sections import Window
from replication.settings.tasks import TaskSettings
from replication.stages import files
from replication.stages.run_paths import RunPaths
from replication.theory.kernel_regression import spectrum_of

SIZES = np.array([16, 32, 64, 128, 256])
CONFIDENCE = 0.68


def images(rng, shape, classes=10, count=30):
    x, y = rng.integers(0, 256, (count, *shape)).astype(np.uint8), rng.integers(0, classes, count).astype(np.uint8)
    return Dataset(x[:20], y[:20], x[20:], y[20:], classes=classes)


# the data


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 3)])
@pytest.mark.parametrize("side", [1, 2, 3])
def test_pooling_adds_up_every_block(rng, shape, side):
    own, block = images(rng, shape), 6 // side
    small = pooled(own, side)
    for before, after in ((own.inputs, small.inputs), (own.test_inputs, small.test_inputs)):
        assert after.shape == (len(before), side, side, *shape[2:])
        for image, (row, column) in ((i, place) for i in range(len(before)) for place in np.ndindex(side, side)):
            corner = before[image, row * block : (row + 1) * block, column * block : (column + 1) * block]
            np.testing.assert_array_equal(after[image, row, column], corner.astype(int).sum(axis=(0, 1)))
    np.testing.assert_array_equal(small.targets, own.targets)


def test_sums_standardise_to_the_same_as_averages(rng):
    small = pooled(images(rng, (8, 8)), 4)
    x, _ = Preprocessing.of(small).training(small, np.arange(20))
    averages = small.inputs.reshape(20, -1) / 4
    np.testing.assert_allclose(x, (averages - averages.mean()) / averages.std(), rtol=1e-12)


def test_their_own_side_leaves_images_as_they_are(rng):
    own = images(rng, (6, 6))
    assert pooled(own, 6).inputs is own.inputs
    assert image_side(own) == 6


@pytest.mark.parametrize(("shape", "side"), [((6, 6), 4), ((6, 5), 1), ((36,), 6), ((6, 6, 2), 3), ((6, 6), 12)])
def test_what_does_not_pool_is_refused(rng, shape, side):
    with pytest.raises(ReplicationError, match="choose a divisor"):
        pooled(images(rng, shape), side)


@pytest.mark.parametrize(
    ("number", "lengths"), [(2, [5, 5]), (3, [4, 3, 3]), (4, [3, 2, 3, 2]), (5, [2] * 5), (10, [1] * 10)]
)
def test_superclasses_are_runs_of_labels(rng, number, lengths):
    own = images(rng, (4, 4))._replace(targets=np.arange(10, dtype=np.uint8))
    merged = superclasses(own, number)
    np.testing.assert_array_equal(merged.targets, np.repeat(np.arange(number), lengths))
    np.testing.assert_array_equal(merged.test_targets, merged.targets[own.test_targets])
    assert (merged.classes, merged.targets.dtype) == (number, np.uint8)
    assert merged.inputs is own.inputs


@pytest.mark.parametrize("number", [1, 11])
def test_superclasses_lie_between_two_and_all(rng, number):
    with pytest.raises(ReplicationError, match="superclasses of 10 classes"):
        superclasses(images(rng, (4, 4)), number)


# exponents


@pytest.mark.parametrize("exponent", [0.03, 0.7, 2.0])
def test_an_exact_law_has_its_exponent_without_error_or_drift(exponent):
    y = np.array([[1.0], [3.0], [0.2]]) * SIZES**-exponent  # draws of other amplitudes
    row = exponent_row(SIZES, y, CONFIDENCE, Estimate(0.5, 0.01), "somewhere")
    for name in ("exponent", "lower", "upper"):
        assert row[name] == pytest.approx(exponent, abs=1e-9)
    for name in ("standard_error", "drift", "drift_standard_error"):
        assert row[name] == pytest.approx(0, abs=1e-9)
    assert (row["smallest"], row["largest"], row["points"]) == (16, 256, 5)
    assert (row["prediction"], row["prediction_error"], row["origin"]) == (0.5, 0.01, "somewhere")
    assert np.isnan(exponent_row(SIZES, y, CONFIDENCE)["prediction"])


def test_drift_is_the_change_of_the_local_exponent():
    """ln y = -0.2 (ln x)^2 has the exponent 0.4 ln x, and draws with other bends scatter."""
    bends = np.array([[0.19], [0.2], [0.21]])
    row = exponent_row(SIZES, np.exp(-bends * np.log(SIZES) ** 2), CONFIDENCE)
    span = np.log(16)
    assert row["drift"] == pytest.approx(0.4 * span, rel=1e-6)
    assert row["drift_standard_error"] == pytest.approx(2 * span * 0.01 / np.sqrt(3), rel=1e-6)
    assert row["lower"] < row["exponent"] < row["upper"]


def test_intervals_of_exponents_cover_as_often_as_they_say():
    """400 toys of 4 draws whose scatter is common to all sizes and one's own: 68 %, with a standard error of 2.3 %."""
    rng, covered = np.random.default_rng(2), 0
    for _ in range(400):
        tilt = rng.normal(0, 0.05, (4, 1)) * np.log(SIZES)
        row = exponent_row(SIZES, SIZES**-0.4 * np.exp(tilt + rng.normal(0, 0.02, (4, 5))), CONFIDENCE)
        covered += row["lower"] < 0.4 < row["upper"]
    assert covered / 400 == pytest.approx(0.68, abs=4 * 0.023)


def test_differences_are_of_pairs_of_draws():
    """What the draws have in common cancels; with the draws in another order it does not."""
    rng = np.random.default_rng(3)
    reference = SIZES**-0.5 * np.exp(rng.normal(0, 0.3, (5, 1)) * np.log(SIZES))
    own = 2 * reference * SIZES**-0.2
    row = difference_row(SIZES, own, reference, CONFIDENCE)
    for name in ("difference", "lower", "upper"):
        assert row[name] == pytest.approx(0.2, abs=1e-9)
    assert row["standard_error"] == pytest.approx(0, abs=1e-9)
    shuffled = difference_row(SIZES, own[[1, 2, 3, 4, 0]], reference, CONFIDENCE)
    assert shuffled["difference"] == pytest.approx(0.2, abs=1e-9)
    assert shuffled["standard_error"] > 0.05
    assert shuffled["lower"] < 0.2 < shuffled["upper"]


def test_curves_are_cut_to_the_window_and_averaged_within_draws():
    rows = [
        {"draw": draw, "training_size": size, "loss": value}
        for draw, size, value in (
            (2, 8, 5.0), (2, 4, 2.0), (2, 4, 8.0), (0, 8, 3.0), (0, 4, 1.0), (0, 16, 9.0), (0, 2, 9.0), (2, 6, np.nan),
        )
    ]  # fmt: skip
    sizes, y = curves(pd.DataFrame(rows), Window(smallest=4, largest=8))
    np.testing.assert_array_equal(sizes, [4, 8])
    np.testing.assert_allclose(y, [[1, 3], [4, 5]])  # draws 0 and 2; sqrt(2 x 8) = 4
    renamed = pd.DataFrame(rows).rename(columns={"training_size": "rank", "loss": "eigenvalue"})
    np.testing.assert_allclose(curves(renamed, Window(smallest=8, largest=16), "rank", "eigenvalue")[0], [8, 16])


def test_mean_curves_have_standard_errors_over_draws():
    rows = [
        {"key": key, "training_size": 8, "loss": loss, "theory": 2 * loss}
        for key, loss in zip("aaab", (1, 2, 6, 5), strict=True)
    ]
    table = mean_curve(pd.DataFrame(rows), ["key"]).set_index("key")
    assert table.loc["a"].to_dict() == pytest.approx(
        {"size": 8, "loss": 3, "draws": 3, "standard_error": np.sqrt(7 / 3), "theory": 6}
    )
    assert np.isnan(table.loc["b", "standard_error"])


EXPONENTS = {  # varied, value, target: exponent
    ("none", 0.0, "labels"): 0.4,
    ("none", 0.0, "2 classes"): 0.35,
    ("none", 0.0, TEACHER): 0.6,
    ("side", 4.0, "labels"): 0.45,
    ("side", 4.0, TEACHER): 0.9,
    ("noise", 0.5, "labels"): 0.2,
    ("noise", 0.5, TEACHER): 0.1,
}


def toy_losses(task="toys"):
    """Exact power laws whose draws have exponents of their own; theory with exponents 0.1 larger, not of noise."""
    rows = []
    for (varied, value, target), exponent in EXPONENTS.items():
        for draw in range(4):
            for size in SIZES:
                theory = np.nan if varied == "noise" or size > 64 else (3.0 + draw) * size ** -(exponent + 0.1)
                rows.append(
                    (task, "made up", varied, value, target, draw, size, size ** -(exponent + draw / 10), theory)
                )
    return pd.DataFrame(rows, columns=[*fits.CASE, "draw", "training_size", "loss", "theory"])


def test_exponents_of_every_case_and_again_beside_the_theory():
    window, theory_window = Window(smallest=32, largest=256), Window(smallest=16, largest=64)
    table = fits.exponents(toy_losses(), window, CONFIDENCE, theory_window)
    for (varied, value, target), exponent in EXPONENTS.items():
        own = table[(table["varied"] == varied) & (table["value"] == value) & (table["target"] == target)]
        np.testing.assert_allclose(own["exponent"], exponent + 0.15)  # the mean over draws
        assert list(own["largest"]) == [256] if varied == "noise" else [256, 64]
        assert list(own["smallest"]) == [32] if varied == "noise" else [32, 16]
        if varied != "noise":
            beside = own.iloc[1]
            assert beside["prediction"] == pytest.approx(exponent + 0.1)
            assert beside["origin"].startswith("alpha_K" if target == TEACHER else "spectrum and target")
    assert set(table["series"]) > {"toys (made up), labels", "toys (made up), 4 x 4 pixels, teacher"}


def test_differences_are_to_the_unvaried_curve_of_the_same_kind():
    """Superclasses are compared with labels, teachers with the teacher; nothing with itself."""
    table = fits.exponent_differences(toy_losses(), Window(smallest=32, largest=256), CONFIDENCE)
    found = table.set_index(["varied", "value", "target"])
    unvaried = {TEACHER: EXPONENTS["none", 0.0, TEACHER]}
    expected = {
        case: exponent - unvaried.get(case[2], EXPONENTS["none", 0.0, "labels"])
        for case, exponent in EXPONENTS.items()
        if case not in {("none", 0.0, "labels"), ("none", 0.0, TEACHER)}
    }
    assert found["difference"].to_dict() == pytest.approx(expected, abs=1e-9)
    np.testing.assert_allclose(found["standard_error"], 0, atol=1e-9)
    assert set(found["points"]) == {4}


def test_spectra_give_alpha_k():
    ranks = np.array([1, 2, 4, 8, 16, 32, 64])
    rows = [
        ("toys", "made up", "side", 4.0, draw, rank, (1 + draw) * rank**-1.3 if rank > 2 else 50.0)
        for draw in range(3)
        for rank in ranks
    ]
    spectra = pd.DataFrame(rows, columns=[*fits.CASE[:-1], "draw", "rank", "eigenvalue"])
    (row,) = fits.spectrum_exponents(spectra, Window(smallest=4, largest=64), CONFIDENCE).itertuples()
    assert (row.exponent, row.lower, row.upper) == pytest.approx((0.3, 0.3, 0.3))
    assert (row.regime, row.variable, row.target, row.points) == ("spectrum", "rank", TEACHER, 5)


def test_the_table_of_regimes_has_means_of_every_curve():
    losses = toy_losses()
    table = fits.regime_table(losses)
    assert len(table) == len(EXPONENTS) * len(SIZES)
    own = table[(table["varied"] == "none") & (table["target"] == "labels")].set_index("size")
    draws = losses[(losses["varied"] == "none") & (losses["target"] == "labels")].groupby("training_size")["loss"]
    np.testing.assert_allclose(own["loss"], draws.mean())
    np.testing.assert_allclose(own["standard_error"], draws.sem())
    assert set(table["route"]) == {"infinite_width"}


# the stage, on the UCI digits


SEED, PLACE = 4, RunPaths("toys", "digits")
TASK = TaskSettings(dataset="uci_digits", pool_size=900, test_size=400, learning_rate_fraction=0.5)
NETWORK = MLP(depth=1, activation="relu", weight_variance=2.0, bias_variance=0.1)
DRAWS = 4


@cache
def digits():
    return uci_digits.load(900, 400, SEED)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """What the stage writes, by kind."""
    asked = DataVariations(
        training_sizes=(16, 32, 64, 128, 256),
        draws=DRAWS,
        window=Window(smallest=32, largest=256),
        sides={"digits": (4, 8)},
        superclasses=(2, 5, 10),
        noise=(0.5, 2.0),
        sample_size=300,
        theory_window=Window(smallest=16, largest=64),
        ranks=Window(smallest=8, largest=64),
    )
    exact = InfiniteWidth(training_sizes=(8,), draws=3, engine="closed_form", diag_reg=0.0, singular_diag_reg=1e-10)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("project"))
        prepared.write(digits(), PLACE.prepared)
        vary_data(PLACE, SEED, TASK, NETWORK, exact, asked, Statistics(confidence=CONFIDENCE, resamples=200))
        return {
            kind: files.read_table(PLACE.results("data_variations", f"digits{kind}.csv"))
            for kind in ("", "_spectra", "_exponents", "_differences")
        }


def test_the_stage_varies_side_classes_and_noise(tables):
    """Its own side and its own number of classes are no variations."""
    cases = tables[""].groupby(["varied", "value"], sort=False)["target"].unique().map(list).to_dict()
    assert cases == {
        ("none", 0): ["labels", "2 classes", "5 classes", TEACHER],
        ("side", 4): ["labels", TEACHER],
        ("noise", 0.5): ["labels", TEACHER],
        ("noise", 2): ["labels", TEACHER],
    }
    assert len(tables[""]) == 10 * DRAWS * len(SIZES)
    without = tables[""][tables[""]["theory"].isna()]
    assert ((without["varied"] == "noise") | (without["training_size"] > 75)).all()
    assert tables["_spectra"].groupby(["varied", "draw"]).ngroups == 2 * DRAWS


@pytest.mark.parametrize(
    ("varied", "value", "target"), [("none", 0, "2 classes"), ("side", 4, "labels"), ("noise", 2, "labels")]
)
def test_losses_of_the_stage_from_their_definition(tables, varied, value, target):
    """Of draw 1 at 64 points, from images, labels and noise that are made here."""
    own, n = digits(), 64
    order = training_order(900, 300, SEED, "digits", 1)[:n]
    x, test = (a.astype(float) for a in (own.inputs, own.test_inputs))
    if varied == "side":
        x, test = (a.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)) for a in (x, test))
    x, test = ((a.reshape(len(a), -1) - x.mean()) / x.std() for a in (x, test))
    x = x[order]
    if varied == "noise":
        x = x + value * generator(SEED, "input noise", "digits", 1).standard_normal((300, 64))[:n]
        test = test + value * generator(SEED, "input noise", "digits", "test").standard_normal((400, 64))
    labels, test_labels, classes = own.targets[order].astype(int), own.test_targets.astype(int), 10
    if target == "2 classes":
        labels, test_labels, classes = labels // 5, test_labels // 5, 2
    theta = kernels(NETWORK, np.vstack([x, test])).ntk
    found = theta[n:, :n] @ np.linalg.solve(theta[:n, :n], np.eye(classes)[labels] - 1 / classes)
    expected = np.sum((found - np.eye(classes)[test_labels] + 1 / classes) ** 2) / (2 * 400)
    table = tables[""]
    row = table[(table["varied"] == varied) & (table["value"] == value) & (table["target"] == target)]
    (loss,) = row[(row["draw"] == 1) & (row["training_size"] == n)]["loss"]
    assert loss == pytest.approx(expected, rel=1e-6)


def test_spectra_of_the_stage_are_of_the_sample(tables):
    own = digits()
    x, _ = Preprocessing.of(own).training(own, training_order(900, 300, SEED, "digits", 2))
    theta = kernels(NETWORK, x).ntk
    eigenvalues = spectrum_of(theta, theta, np.zeros((300, 1))).eigenvalues[::-1]
    table = tables["_spectra"]
    row = table[(table["varied"] == "none") & (table["draw"] == 2)]
    np.testing.assert_allclose(row["eigenvalue"], eigenvalues[row["rank"] - 1], rtol=1e-8)
    assert row["rank"].max() == 150


def test_losses_follow_their_theory(tables):
    """Means over draws of labels and teachers within 15 % of the theory at 32 and 64 points, teachers within 5 %."""
    means = tables[""].dropna().groupby(["varied", "target", "training_size"])[["loss", "theory"]].mean()
    ratio = (means["loss"] / means["theory"]).reset_index(name="ratio").query("training_size >= 32")
    teachers = ratio["target"] == TEACHER
    assert ((ratio["ratio"] - 1).abs() < np.where(teachers, 0.05, 0.15)).all(), ratio


def test_noise_on_the_inputs_lowers_the_exponent_and_more_of_it_more(tables):
    """By several standard errors, of labels and teachers, as in arXiv 2102.06701."""
    noisy = tables["_differences"][tables["_differences"]["varied"] == "noise"].set_index(["target", "value"])
    for target in ("labels", TEACHER):
        weak, strong = noisy.loc[(target, 0.5)], noisy.loc[(target, 2.0)]
        assert weak["difference"] < -3 * weak["standard_error"]
        assert strong["difference"] < weak["difference"] - 3 * np.hypot(
            weak["standard_error"], strong["standard_error"]
        )


def test_merging_classes_changes_the_exponent_far_less_than_noise(tables):
    """arXiv 2102.06701 finds it unchanged: here within two standard errors of 0.015, where noise of 1/2 takes 0.26."""
    differences = tables["_differences"].set_index(["varied", "value", "target"])
    noise = differences.loc[("noise", 0.5, "labels")]
    for number in (2, 5):
        merged = differences.loc[("none", 0, f"{number} classes")]
        assert merged["standard_error"] < 0.02
        assert abs(merged["difference"]) < 2 * merged["standard_error"]
        assert abs(merged["difference"]) + 2 * merged["standard_error"] < abs(noise["difference"]) / 3
