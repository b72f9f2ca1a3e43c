"""From the tables of the experiments to laws, verdicts, figures and report: the stages behind one another on toys."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from replication.claims.papers import LAWS as DECIDING
from replication.datasets import prepared
from replication.errors import ReplicationError
from replication.figures.exhibits import LAWS as DRAWN
from replication.report.writer import LAWS as SHOWN
from replication.scaling_laws.data_variations import exponent_differences, exponents
from replication.scaling_laws.students import student_exponents
from replication.schema import CURVE, KEYS, POINT, UNCERTAINTY
from replication.settings.reading import profile_named, read_settings
from replication.settings.sections import Window
from replication.stages import files
from replication.stages.check_claims import check_claims
from replication.stages.command import sections
from replication.stages.draw_figures import draw_figures
from replication.stages.fit_laws import fit_laws
from replication.stages.run_paths import RunPaths
from replication.stages.so_far import verdicts_so_far
from replication.stages.write_report import write_report
from tests import synthetic_tables
from tests.conftest import ROOT
from tests.experiments.toy_task import TASK, toy_dataset
from tests.random_features.test_simulation import tables as random_features
from tests.scaling_laws.test_exponents import student_losses, toy_losses
from tests.scaling_laws.test_loss_tables import SIZES, STEPS, WINDOWS, infinite_rows
from tests.scaling_laws.test_trained_regimes import BASE, REGIMES
from tests.scaling_laws.test_trained_regimes import members as regime_members

PATHS, WIDTHS, WINDOW = RunPaths("toys"), (32, 64, 128), Window(smallest=16, largest=256)
NAMES = {*DECIDING, *DRAWN, *SHOWN, "test_loss"}


def ensembles(exact):
    """Members of three widths, the same at every training size, trained and linearised."""
    rng, rows = np.random.default_rng(3), []
    steps = exact[(exact["training_time"] == STEPS) & (exact["draw"] == 0)]
    for width in WIDTHS:
        weights = rng.normal(size=12)
        for row in steps.itertuples():
            label = {"experiment": "learning_curve", "task": "digits", "dataset": "toys", "varied": "none"}
            label |= {"value": np.nan, "width": width, "training_size": row.training_size, "draw": 0}
            for method, share in (("trained", 0.1), ("linearised", 0.09)):
                losses = row.mean * (1 + 2 / width) * (1 + share * (weights + 0.2 * rng.normal(size=12)))
                rows += [
                    label | {"method": method, "training_time": STEPS, "member": k, "test_loss": loss}
                    | {"training_loss": 0.01}
                    for k, loss in enumerate(losses)
                ]  # fmt: skip
    return pd.DataFrame(rows)


def variants(members):
    """The same networks under two properties, and what infinite width says."""
    narrow = members[(members["width"] == WIDTHS[0]) & (members["method"] == "trained")]
    parts = [
        narrow.assign(experiment="training_variation", varied=varied, value=value)
        for varied, values in synthetic_tables.VARIED.items()
        for value in values
    ]
    table = pd.concat(parts)
    expected = table.drop_duplicates(["varied", "value", "training_size"])
    return table, expected.assign(mean=1.0, std=0.1, coefficient_of_variation=0.1)


def trained_on_changed_data():
    """Rows of students and of changed data, in the table of all regimes' members."""
    rows = []
    for experiment, varied, value, exponent in (
        ("data_variation", "none", np.nan, 0.4), ("data_variation", "classes", 2.0, 0.4),
        ("data_variation", "noise", 0.5, 0.2), ("teacher_student", "dimension", 2.0, 1.9),
        ("teacher_student", "dimension", 4.0, 0.9),
    ):  # fmt: skip
        for draw in range(3):
            for size in (16, 32, 64, 128, 256):
                loss = size ** -(exponent + 0.01 * draw)
                row = BASE | {"experiment": experiment, "varied": varied, "value": value, "width": 8}
                rows.append(row | {"training_size": size, "draw": draw, "member": 0, "test_loss": loss})
    return pd.DataFrame(rows)


def noisy(members):
    """A little that no other member shares."""
    return members.assign(test_loss=members["test_loss"] + 1e-4 * np.random.default_rng(5).normal(size=len(members)))


def write_inputs():
    """The tables of the experiments, where their stages put them, and a run record."""
    exact = infinite_rows()
    exact = exact.assign(output_scale=0.21, test_size=500)
    sources = {name: exact["mean"] ** 2 * 0.002 for name in ("variance_term", "cross_term")}
    sources |= {"diagonal_term": exact["mean"] ** 2 * 0.003, "diagonal_variance_term": exact["mean"] ** 2 * 0.001}
    exact = exact.assign(variance=exact["mean"] / 4, squared_bias=exact["mean"] * 3 / 4, effective_modes=40, **sources)
    exact = exact.assign(condition_number=1e4, diag_reg=0.0)
    members = ensembles(exact)
    changed, expected = variants(members)
    data = toy_losses().assign(task="digits", dataset="toys", width=np.inf, training_time=np.inf)
    students = student_losses("gradient_descent")
    features = random_features()
    networks = [
        {"task": "digits", "dataset": "toys", "varied": "depth", "value": value, "method": "bayes", "training_size": 64}
        | {"draw": draw, "coefficient_of_variation": 0.02 * value}
        for value in (1, 2) for draw in range(3)
    ]  # fmt: skip
    tables = {
        "infinite_width/digits/learning_curves": exact,
        "infinite_width/digits/theory": synthetic_tables.theory(["digits"]),
        "infinite_width_variations/digits/network": pd.DataFrame(networks),
        "infinite_width_variations/digits/data": data,
        "infinite_width_variations/digits/data_exponents": exponents(data, WINDOW, 0.68),
        "infinite_width_variations/digits/data_differences": exponent_differences(data, WINDOW, 0.68),
        "ensembles/digits/members": members,
        "ensembles/digits/training_variations": changed,
        "ensembles/digits/expected": expected,
        "ensembles/digits/width_expansion_theory": synthetic_tables.expansion_theory(["digits"]),
        "ensembles/digits/width_expansion_moments": synthetic_tables.expansion(["digits"]),
        "ensembles/digits/width_expansion": synthetic_tables.expansion_members(["digits"]),
        "trained_regimes/members": pd.concat([noisy(regime_members()), trained_on_changed_data()]),
        "dimension/exponents": student_exponents(students, Window(smallest=4, largest=64), 0.68),
        "published_numbers/published_numbers": synthetic_tables.published(),
        **{f"random_features/{name}": table for name, table in features.items()},
    }
    named = {name: table.replace({"dataset": {"toys": TASK.dataset}}) for name, table in tables.items()}
    files.write_tables(PATHS.results(), named)
    prepared.write(toy_dataset()._replace(inputs=toy_dataset().inputs[:, :4].reshape(-1, 2, 2)),
                   PATHS._replace(task="digits").prepared)  # fmt: skip
    record = {
        "stage": "fit_laws",
        "task": None,
        "seconds": 3.0,
        "peak_memory_mb": 100.0,
        "versions": {},
        "machine": "m",
    }
    files.write(PATHS.record("fit_laws"), json.dumps(record))


@pytest.fixture(scope="module")
def profile():
    quick = profile_named(read_settings(ROOT / "params.yaml"), "quick")
    sizes = tuple(int(size) for size in SIZES)
    students = quick.dimension.trained.model_copy(update={"window": WINDOW})
    return quick.model_copy(
        update={
            "tasks": {"digits": TASK},
            "training": quick.training.model_copy(update={"steps": STEPS, "algorithm": "gradient_descent"}),
            "finite_width": quick.finite_width.model_copy(update={"training_sizes": sizes}),
            "training_variations": quick.training_variations.model_copy(update={"training_sizes": sizes}),
            "scaling_laws": WINDOWS,
            "trained_regimes": REGIMES,
            "trained_variations": quick.trained_variations.model_copy(update={"window": WINDOW}),
            "dimension": quick.dimension.model_copy(update={"trained": students}),
        }
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory, profile):
    """A folder in which laws are fitted and claims checked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("project"))
        write_inputs()
        for stage in (fit_laws, check_claims):
            stage(PATHS, **sections(stage, profile, None))
    return folder


def law(project, name):
    return files.read_table(project / PATHS.results("laws", f"{name}.csv"))


def test_every_table_of_laws_is_written(project):
    assert {path.stem for path in (project / PATHS.results("laws")).iterdir()} == NAMES


def test_tables_have_the_columns_of_the_schema(project):
    for name, keys in {
        "test_loss": KEYS,
        "learning_curves": [key for key in KEYS if key != "draw"],
        "regime_curves": POINT,
        "local_exponents": CURVE,
        "regime_exponents": CURVE,
        "regime_differences": CURVE,
        "dimension": CURVE,
    }.items():
        table = law(project, name)
        assert set(keys) <= set(table), name
        assert not {"route", "series", "regime", "loss", "size", "source"} & set(table), name
        assert table["experiment"].notna().all(), name


def test_methods_of_both_papers_stand_beside_one_another(project):
    curves = law(project, "regime_curves")
    assert set(curves["method"]) == {"random_features", "trained", "gradient_descent"}
    assert set(law(project, "dimension")["method"]) == {"trained", "gradient_descent"}
    assert set(law(project, "regime_differences")["method"]) == {"trained", "gradient_descent"}


def test_ensembles_stand_beside_order_one_over_n(project):
    """Synthetic members lie on the law but for a tenth at N_D / n = 1/2, which is beyond the expansion."""
    table = law(project, "width_comparisons").query("value == 'matched'").set_index(["quantity", "width"])
    assert table.loc[("ratio_predicted", 256), "estimate"] == pytest.approx(0, abs=1e-9)
    widths = law(project, "least_widths").set_index(["value", "training_size"])
    assert widths.loc[("g = 1", 16), "measured_c"] == pytest.approx(1.0, rel=1e-6)
    slopes = law(project, "test_set_plateaus")
    assert set(slopes["value"]) == set(synthetic_tables.SCALES)


def test_verdicts_and_metrics_are_made_of_them(project):
    verdicts = files.read_table(project / PATHS.results("claims", "verdicts.csv"))
    assert set(verdicts["paper"]) == {"arXiv:2503.05938", "arXiv:2102.06701"}
    metrics = json.loads((project / PATHS.results("metrics.json")).read_text())
    assert metrics["trained.variance_limited_width.digits_uci_digits"] == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_figures_and_report_are_made_of_them(project, profile, monkeypatch):
    monkeypatch.chdir(project)
    for stage in (draw_figures, write_report):
        stage(PATHS, **sections(stage, profile, None))
    drawn = {path.name for path in PATHS.exhibits().iterdir()}
    assert {"learning_curves.pdf", "data_variations.png", "error_sources_digits.pdf"} <= drawn
    assert "contact_sheet_digits.png" in drawn
    report = PATHS.results("report", "report.md").read_text()
    verdicts = files.read_table(PATHS.results("claims", "verdicts.csv"))
    assert f"Of {(verdicts['paper'] == 'arXiv:2503.05938').sum()} verdicts" in report
    assert "../../../paper_figures/toys/regimes.png" in report
    written = {path.name for path in PATHS.results("report").iterdir()}
    assert written == {"report.md", "report.html", "exponents.csv", "exponents.tex"}


def test_verdicts_so_far_are_those_of_the_whole_where_all_is_done(project, profile, monkeypatch):
    monkeypatch.chdir(project)
    found = verdicts_so_far("toys", profile)
    for name, table in (("tests", found.tests), ("verdicts", found.verdicts)):
        whole = files.read_table(PATHS.results("claims", f"{name}.csv"))
        pd.testing.assert_frame_equal(table.replace("", np.nan), whole, check_dtype=False, rtol=1e-9)


def test_verdicts_so_far_leave_out_what_is_not_done(project, profile, monkeypatch, tmp_path):
    monkeypatch.chdir(shutil.copytree(project, tmp_path / "partly"))
    more = profile.model_copy(update={"tasks": {**profile.tasks, "calorimeter": TASK}})
    PATHS.results("trained_regimes", "members.csv").unlink()
    tests, verdicts, _ = verdicts_so_far("toys", more)
    assert set(tests["paper"]) == set(verdicts["paper"]) == {UNCERTAINTY}
    assert set(verdicts["task"]) == {"digits"}
    with pytest.raises(ReplicationError, match="no task of toys has its tables"):
        verdicts_so_far("toys", profile.model_copy(update={"tasks": {"calorimeter": TASK}}))
