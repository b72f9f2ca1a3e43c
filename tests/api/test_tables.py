"""What is read off tables: averages over draws, scaling laws with honest errors, figures."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy import stats

import replication as rep
from replication.errors import ReplicationError
from replication.loss_distribution.moments import statistics_over_members

STATISTICS = ("mean", "std", "coefficient_of_variation")
X = np.random.default_rng(5).normal(size=(60, 3))
POINTS = X[:40], np.sin(X[:40, 0]), X[40:], np.sin(X[40:, 0])
SIZES = [5, 10, 20]


@pytest.fixture(scope="module")
def exact():
    return rep.learning_curve(rep.MLP(1), *POINTS, training_sizes=SIZES, draws=4)


def members_table(losses, sizes, method="trained", draw=0):
    """A table of members as `train_ensemble` returns it; losses (members, sizes)."""
    rows = [
        {
            "experiment": "learning_curve", "task": "data", "dataset": "own data", "varied": "none", "value": "",
            "method": method, "width": 64.0, "training_size": size, "draw": draw, "training_time": 50.0,
            "learning_rate": 0.1, "member": member, "training_loss": 0.01, "test_loss": loss, "device": "cpu",
        }
        for row, member in zip(losses, range(len(losses)), strict=True)
        for size, loss in zip(sizes, row, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_averages_are_means_with_student_intervals(exact):
    curves = rep.average_over_draws(exact, confidence=0.9)
    assert len(curves) == 6
    assert (curves["draws"] == 4).all()
    for _, row in curves.iterrows():
        same = (exact["method"] == row["method"]) & (exact["training_size"] == row["training_size"])
        for name in (*STATISTICS, "coefficient_of_variation_infinite_test_set"):
            values = exact.loc[same, name]
            interval = stats.t.interval(0.9, 3, values.mean(), stats.sem(values))
            found = [row[f"{name}{end}"] for end in ("", "_lower", "_upper", "_standard_error")]
            assert found == pytest.approx([values.mean(), *interval, stats.sem(values)], rel=1e-9)


def test_a_single_draw_has_no_interval_over_draws_but_one_over_members(exact, rng):
    one = rep.average_over_draws(exact[exact["draw"] == 1])
    assert one["mean_lower"].isna().all()
    assert (one["draws"] == 1).all()
    assert one["mean"].tolist() == exact.loc[exact["draw"] == 1, "mean"].tolist()


def test_laws_over_draws_are_jackknifed(exact):
    """The exponent of the geometric mean, its error from leaving out one draw at a time, written out."""
    laws = rep.fit(exact, window=(5, 20), confidence=0.9).query("method == 'bayes' and statistic == 'std'")
    y = exact[exact["method"] == "bayes"].pivot(index="draw", columns="training_size", values="std")
    log_y, log_x = np.log(y.to_numpy()), np.log(y.columns.to_numpy(float))
    slopes = [-np.polyfit(log_x, np.delete(log_y, left_out, axis=0).mean(axis=0), 1)[0] for left_out in range(4)]
    row = laws.set_index("parameter").loc["exponent"]
    assert row["estimate"] == pytest.approx(-np.polyfit(log_x, log_y.mean(axis=0), 1)[0], rel=1e-9)
    error = np.sqrt(3 / 4 * np.sum((slopes - np.mean(slopes)) ** 2))
    assert row["standard_error"] == pytest.approx(error, rel=1e-9)
    assert row["upper"] == pytest.approx(row["estimate"] + stats.t.ppf(0.95, 3) * error, rel=1e-9)
    assert (row["law"], row["draws"], row["errors_from"]) == ("power_law", 4, "draws")


def test_every_curve_and_statistic_has_its_law(exact):
    laws = rep.fit(exact)
    found = laws.groupby(["method", "statistic"])["parameter"].agg(set)
    for method in ("bayes", "gradient_descent"):
        for name in ("mean", "std"):
            assert found[method, name] == {"exponent", "amplitude", "drift", "relative_drift"}
        assert found[method, "coefficient_of_variation"] == {"value", "slope", "drift"}
    narrower = rep.fit(exact, window=(10, 1000))
    assert (narrower["smallest"] == 10).all()
    assert (narrower["points"] == 2).all()


def test_a_statistic_that_is_zero_somewhere_has_no_law(exact):
    """As eps_L of an infinite test set may be; the others have theirs."""
    laws = rep.fit(exact.assign(std=exact["std"].where(exact["training_size"] > 5, 0.0)))
    assert set(laws["statistic"]) >= {"mean", "coefficient_of_variation"}
    assert "std" not in set(laws["statistic"])


def test_an_exact_law_of_a_single_curve_is_met_without_error(exact):
    """mu_L = 3 N^-0.7 at one draw: the scatter of the sizes about it is rounding."""
    table = exact[exact["draw"] == 0].copy()
    table["mean"] = 3 * table["training_size"] ** -0.7
    laws = rep.fit(table).query("statistic == 'mean'").set_index(["method", "parameter"])
    for method in ("bayes", "gradient_descent"):
        assert laws.loc[(method, "exponent"), "estimate"] == pytest.approx(0.7, rel=1e-12)
        assert laws.loc[(method, "amplitude"), "estimate"] == pytest.approx(3, rel=1e-12)
        assert laws.loc[(method, "exponent"), "standard_error"] < 1e-12
        assert laws.loc[(method, "exponent"), "errors_from"] == "sizes"
    two = rep.fit(table, window=(5, 10)).query("statistic == 'mean' and parameter == 'exponent'")
    assert two["standard_error"].isna().all()


def members_with_a_common_share(rng, members, sizes):
    """Losses off by a tenth at every size alike, which cancels in an exponent, and by a twentieth each by itself."""
    common = 0.1 * rng.standard_normal((members, 1))
    return sizes**-0.5 * np.exp(common + 0.05 * rng.standard_normal((members, len(sizes))))


def test_errors_over_members_know_what_the_sizes_of_a_member_share(rng):
    """0.05 / sqrt(members) for each size by itself, carried through the straight line; within 15 %."""
    sizes, members = np.array([16, 32, 64, 128]), 400
    laws = rep.fit(members_table(members_with_a_common_share(rng, members, sizes), sizes), resamples=400)
    row = laws.query("statistic == 'mean' and parameter == 'exponent'").iloc[0]
    u = np.log(sizes) - np.log(sizes).mean()
    assert row["standard_error"] == pytest.approx(0.05 / np.sqrt(members * np.sum(u**2)), rel=0.15)
    assert (row["errors_from"], row["degrees_of_freedom"]) == ("members", members - 1)
    assert abs(row["estimate"] - 0.5) < 4 * row["standard_error"]


@pytest.mark.slow
def test_intervals_of_members_cover_the_exponent():
    """Members are off by the same share at every size, and by one of their own: 68 % intervals cover 68 +- 8 % of toys.

    300 toys: three standard errors are 8 %. The common share cancels in the exponent; errors that take the sizes as
    independent would be twice as large and cover 95 %.
    """
    sizes, toys, members = np.array([16, 32, 64, 128]), 300, 24
    rng = np.random.default_rng(8)
    covered = []
    for _ in range(toys):
        laws = rep.fit(members_table(members_with_a_common_share(rng, members, sizes), sizes), resamples=100)
        row = laws.query("statistic == 'mean' and parameter == 'exponent'").iloc[0]
        assert row["errors_from"] == "members"
        covered.append(row["lower"] < 0.5 < row["upper"])
    assert np.mean(covered) == pytest.approx(0.68, abs=0.08)


def test_members_of_several_draws_are_judged_by_their_draws(rng):
    tables = [members_table(rng.uniform(1, 2, (6, 3)) / SIZES, SIZES, draw=draw) for draw in range(3)]
    laws = rep.fit(pd.concat(tables))
    assert set(laws["errors_from"]) == {"draws"}
    assert set(laws["statistic"]) == set(STATISTICS)


def drawn(figure):
    """For every panel: the curves and points drawn, as (x, y) by label."""
    figure.draw_without_rendering()
    return [
        {line.get_label(): line.get_xydata() for line in axes.lines if not line.get_label().startswith("_")}
        for axes in figure.axes
    ]


def test_a_figure_shows_every_curve_of_every_table(exact, rng):
    losses = rng.uniform(1, 2, (8, 3)) / SIZES
    figure = rep.plot(exact, members_table(losses, SIZES))
    assert isinstance(figure, Figure)
    (mean, std, ratio) = drawn(figure)
    curves = rep.average_over_draws(exact)
    for method, label in (("bayes", "Bayes"), ("gradient_descent", "gradient descent, converged")):
        expected = curves.loc[curves["method"] == method, ["training_size", "mean"]]
        np.testing.assert_allclose(mean[f"infinite width, {label}"], expected)
    np.testing.assert_allclose(_points(figure.axes[0]), np.c_[SIZES, losses.mean(axis=0)], rtol=1e-12)
    assert len(std) == len(ratio) == 2


def _points(axes):
    (container,) = axes.containers
    return container.lines[0].get_xydata()


def test_a_single_size_is_seen():
    """As a bar, where a line through one point would be nothing."""
    figure = rep.plot(rep.learning_curve(rep.MLP(1), *POINTS, training_sizes=[10]))
    assert all(line.get_marker() == "_" for axes in figure.axes for line in axes.lines)


def test_linearised_ensembles_stand_apart(exact, rng):
    losses = rng.uniform(1, 2, (2, 8, 3)) / SIZES
    tables = [members_table(one, SIZES, method) for one, method in zip(losses, ("trained", "linearised"), strict=True)]
    figure = rep.plot(exact, *tables)
    assert len(figure.axes) == 6
    titles = [axes.get_title(loc="left") for axes in figure.axes[::3]]
    assert titles == ["data (own data)", "data, linearised (own data)"]
    for axes, one in zip(figure.axes[::3], losses, strict=True):
        np.testing.assert_allclose(_points(axes)[:, 1], one.mean(axis=0), rtol=1e-12)
    assert len(rep.plot(exact, tables[1]).axes) == 3


def test_laws_are_drawn_where_they_are_given(exact):
    with_laws, without = rep.plot(exact, laws=rep.fit(exact)), rep.plot(exact)
    assert "exponent" in with_laws.axes[0].texts[0].get_text()
    assert not without.axes[0].texts


def test_moments_of_members_are_those_of_the_bootstrap(rng):
    from replication.experiments.member_tables import moments_of_members

    losses = rng.uniform(1, 2, (9, 1))
    (row,) = moments_of_members(members_table(losses, [5]), 0.68, 200, 3).to_dict("records")
    one = statistics_over_members(losses[:, 0], 0.68, 200, np.random.default_rng(0))
    for name in STATISTICS:
        assert row[name] == one[name]
        assert row[f"{name}_standard_error"] == pytest.approx(one[f"{name}_standard_error"], rel=0.3)
    assert (row["members"], row["draws"], row["width"]) == (9, 1, 64)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda table: rep.fit([1, 2]), "a table of type list"),
        (lambda table: rep.fit(table.drop(columns="method")), "without the columns method"),
        (lambda table: rep.fit(table.drop(columns="mean_lower")), "neither moments nor members"),
        (lambda table: rep.fit(table[:0]), "without rows"),
        (lambda table: rep.fit(pd.concat([table, table])), "has a row twice"),
        (lambda table: rep.fit(table, window=(5, 5)), "give the smaller size first"),
        (lambda table: rep.fit(table, window=5), "the window 5: give two sizes"),
        (lambda table: rep.fit(table, window="ab"), "give two sizes"),
        (lambda table: rep.fit(table, window=(6, 9)), "no curve has two training sizes"),
        (lambda table: rep.fit(table, confidence=2), "confidence = 2"),
        (lambda table: rep.fit(table, resamples=0), "resamples = 0"),
        (lambda table: rep.plot(), "no table to plot"),
        (lambda table: rep.plot(table, table), "has a row twice"),
        (lambda table: rep.plot(table, None), "a table of type NoneType"),
        (lambda table: rep.average_over_draws(table, 0), "confidence = 0"),
        (lambda table: rep.average_over_draws(members_table(np.ones((2, 1)), [5])), "a table of members"),
    ],
)
def test_what_is_no_such_table_is_one_line(exact, wrong, message):
    with pytest.raises(ReplicationError, match=message) as error:
        wrong(exact)
    assert error.value.remedy
    assert "\n" not in str(error.value)
