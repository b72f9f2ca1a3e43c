"""`replication verify`: what moved, whether it may, and the rewritten reference."""

import shutil

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT
from tests.reference_numbers.results import tables, write

REFERENCE = "reference/quick.csv"


@pytest.fixture
def project(tmp_path, monkeypatch, command):
    """A folder with results and the reference of them; gives a function that writes other results and verifies."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    write(tmp_path, tables())
    assert command("verify", "--update").returncode == 0

    def verify(found=None):
        if found is not None:
            write(tmp_path, found)
        return command("verify", "quick")

    return verify


def test_what_did_not_move_agrees(project):
    ended = project()
    assert ended.returncode == 0, ended.stdout
    assert "agree with reference/quick.csv" in ended.stdout


def test_an_exact_number_keeps_six_digits_and_need_not_keep_nine(project):
    name = "infinite_width/digits/learning_curves.csv"
    for relative, status in ((1e-9, 0), (3e-6, 1)):
        table = tables()[name]
        table["mean"] *= 1 + relative * np.cos(np.arange(len(table)))
        assert project(tables() | {name: table}).returncode == status


@pytest.mark.parametrize("seed", range(1, 6))
def test_other_networks_are_judged_by_their_errors(project, seed):
    ended = project(tables(seed))
    assert ended.returncode == 0, ended.stdout
    assert "other networks" in ended.stdout


def test_other_networks_of_another_law_are_not_taken_for_chance(project):
    found = tables(1)
    moments = found["laws/learning_curves.csv"]
    moments["mean"] += 4 * moments["mean_standard_error"]
    ended = project(found)
    assert ended.returncode == 1
    assert "z-scores are beyond 3" in ended.stdout


def test_another_processor_is_no_mismatch(project):
    ended = project(tables(rounding=1e-5))
    assert ended.returncode == 0, ended.stdout
    assert "rounding of another processor" in ended.stdout


def test_on_another_processor_a_changed_number_is_seen(project, tmp_path, command):
    found = tables(rounding=1e-5)
    write(tmp_path / "elsewhere", found)
    command("verify", "--update", "--elsewhere", tmp_path / "elsewhere/results/quick")
    assert project(found).returncode == 0
    moments = found["laws/learning_curves.csv"]
    moments.loc[3, "mean"] += 0.1 * moments.loc[3, "mean_standard_error"]
    ended = project(found)
    assert ended.returncode == 1
    assert ended.stdout.startswith("statistical")
    assert "width 32, training_size 128: mean" in ended.stdout.splitlines()[0]


def test_a_verdict_is_the_same_or_not(project):
    found = tables()
    found["claims/verdicts.csv"].loc[1, "verdict"] = "holds"
    ended = project(found)
    assert ended.returncode == 1
    assert "not established -> holds" in ended.stdout


def test_a_recomputed_number_lies_near_the_published_one(project, tmp_path):
    found = tables()
    found["published_numbers/published_numbers.csv"].loc[0, "recomputed"] = 0.95
    ended = project(found)
    assert ended.returncode == 1
    assert "Lee et al." in ended.stdout


def test_a_table_that_is_missing_or_new(project, tmp_path):
    (tmp_path / "results/quick/laws/scaling_laws.csv").unlink()
    assert "-> missing" in project().stdout
    assert "new: " in project({**tables(), "laws/more.csv": tables()["laws/scaling_laws.csv"]}).stdout


@pytest.mark.parametrize("kind", ["exact", "statistical", "fitted", "verdict", "published"])
def test_a_number_of_the_reference_that_is_changed_is_seen(project, tmp_path, kind):
    table = pd.read_csv(tmp_path / REFERENCE, dtype=str)
    row = table.index[table["kind"] == kind][0]
    value = table.loc[row, "value"]
    table.loc[row, "value"] = "holds?" if kind == "verdict" else str(float(value) * 1.02)
    table.to_csv(tmp_path / REFERENCE, index=False)
    assert project().returncode == 1


def test_update_shows_the_difference_and_writes_it(project, tmp_path, command):
    write(tmp_path, tables(1))
    published = [line for line in (tmp_path / REFERENCE).read_text().splitlines() if ",published," in line]
    ended = command("verify", "quick", "--update")
    assert ended.returncode == 0
    assert " -> " in ended.stdout
    assert project().returncode == 0
    assert [line for line in (tmp_path / REFERENCE).read_text().splitlines() if ",published," in line] == published


def test_tolerances_are_from_other_processors(project, tmp_path, command):
    before = pd.read_csv(tmp_path / REFERENCE).set_index(["quantity", "source"])
    found = tables(rounding=1e-5)
    moments = found["laws/learning_curves.csv"]
    moments.loc[0, "mean"] += 0.1 * moments.loc[0, "mean_standard_error"]  # amplified there
    write(tmp_path / "elsewhere", found)
    write(tmp_path, tables())
    command("verify", "--update", "--elsewhere", tmp_path / "elsewhere/results/quick")
    table = pd.read_csv(tmp_path / REFERENCE).set_index(["quantity", "source"])
    share = (table["tolerance"] / table["error"])[table["kind"] == "statistical"].dropna()
    amplified = share.index.get_level_values("quantity") == "width 32, training_size 16: mean"
    assert share[amplified].to_numpy() == pytest.approx(1, rel=0.02)
    assert share[~amplified].max() < 0.06
    assert (before["tolerance"] >= table["tolerance"] * 0.999)[table["tolerance"].notna()].all()
    command("verify", "--update")  # of what is known, tolerances stay
    again = pd.read_csv(tmp_path / REFERENCE).set_index(["quantity", "source"])
    np.testing.assert_allclose(again["tolerance"], table["tolerance"], rtol=1e-3)


def test_what_is_not_there_is_one_line(project, tmp_path, command):
    (tmp_path / REFERENCE).write_text("a,b\n1,2\n")
    ended = project()
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "--update" in ended.stderr
    (tmp_path / REFERENCE).unlink()
    shutil.rmtree(tmp_path / "results")
    assert "make repro" in command("verify", "--update").stderr


@pytest.mark.parametrize("profile", ["quick", "laptop"])
def test_the_references_that_git_keeps(profile):
    table = pd.read_csv(ROOT / f"reference/{profile}.csv", dtype={"value": str})
    assert set(table["kind"]) <= {"exact", "statistical", "fitted", "verdict", "published"}
    assert not table.duplicated(["quantity", "source"]).any()
    assert table[["quantity", "value", "kind", "source"]].notna().all(axis=None)
    numbers = table[table["kind"] != "verdict"]
    assert (numbers["tolerance"] >= 0).all()
    size, errors = numbers["value"].astype(float).abs(), numbers["error"].fillna(0)
    assert (numbers["tolerance"] <= np.maximum(size, 3.1 * errors)).all()


def test_the_tables_of_laptop_that_git_keeps_agree(command, monkeypatch):
    monkeypatch.chdir(ROOT)
    ended = command("verify", "laptop")
    assert ended.returncode == 0, ended.stdout
