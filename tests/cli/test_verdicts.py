"""What `replication verdicts` prints: of a run that is done, and of one that is under way."""

import numpy as np
import pytest
from typer.testing import CliRunner

from replication.cli.app import app
from replication.stages import files, so_far
from replication.stages.run_paths import RunPaths
from tests import synthetic_tables as tables
from tests.conftest import ROOT


@pytest.fixture
def printed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, status=0):
        result = CliRunner().invoke(app, ["verdicts", "quick", "--params", str(ROOT / "params.yaml"), *arguments])
        assert result.exit_code == status, result.output
        return result.output if status == 0 else result.exception

    return run


def test_every_verdict_of_a_finished_run_is_a_line(printed):
    verdicts = tables.verdicts(["digits"])
    files.write_table(RunPaths("quick").results("claims", "verdicts.csv"), verdicts)
    lines = [line.split() for line in printed().splitlines() if line]
    assert [line[0] for line in lines].count("arXiv:2503.05938") == 1
    said = [" ".join(line) for line in lines]
    assert sum(line.endswith(tuple(verdicts["verdict"])) for line in said) >= len(verdicts)


def test_of_a_run_under_way_it_says_what_is_done(printed, monkeypatch):
    found = so_far.SoFar(tables.claim_tests(["digits"]), tables.verdicts(["digits"]), ["mu_L falls"])
    monkeypatch.setattr(so_far, "verdicts_so_far", lambda name, profile: found)
    plain, markdown = printed("--so-far"), printed("--so-far", "--markdown")
    claims = set(found.verdicts["claim"])
    assert {line.split("  ")[0] for line in plain.splitlines()} >= claims
    assert "- μ_L falls" in markdown.splitlines()
    first = found.tests[found.tests["primary"].astype(bool)].iloc[0]
    assert f"{np.round(first['estimate'], 2):g}" in markdown
    assert "report" not in plain  # there is none yet


def test_where_nothing_is_done_it_says_so_in_a_line(printed):
    error = printed("--so-far", status=1)
    assert str(error) == (
        "no task of quick has its tables at infinite width and of trained ensembles yet: "
        "`replication status quick` says what is done"
    )
