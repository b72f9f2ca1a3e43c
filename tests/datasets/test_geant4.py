"""Showers from Geant4: how they are simulated, kept and collected (with a stand-in where the wheel is absent)."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec

import numpy as np
import pytest
from scipy import stats

from replication.datasets import sources
from replication.datasets.geant4 import child, chunks, simulation, source
from replication.datasets.geant4.simulation import simulate
from replication.errors import ReplicationError
from tests.conftest import ROOT

needs_geant4 = pytest.mark.skipif(find_spec("geant4_pybind") is None, reason="geant4-pybind is not installed")
# SHA-256 of the counts of the first twelve showers that `low_energy` gives
FIRST_SHOWERS = "1b902d9af75b45d7b4f2d9744b24f489a2427436411afe2f795e56eb974f341d"

# answers as the worker does, but with its first number of every shower in every cell
STAND_IN = """
import json, sys
from pathlib import Path
import numpy as np
from replication.datasets.geant4 import chunks
for line in sys.stdin:
    request = json.loads(line)
    for _ in request["showers"]:
        print(end=".", flush=True)
    energies = np.array([shower[0] for shower in request["showers"]], np.uint32)
    chunks.write(Path(request["path"]), np.broadcast_to(energies[:, None, None, None], (len(energies), 25, 25, 25)))
    print(flush=True)
"""


def showers(size, seed=1, part="pool"):
    return [source.shower(seed, part, number) for number in range(size)]


def low_energy(size):
    """The same with 1 GeV, a hundredth of a second each."""
    return [[1000, *shower[1:]] for shower in showers(size)]


def bits(counts):
    return [hashlib.sha256(shower.tobytes()).hexdigest() for chunk in counts for shower in chunk]


@pytest.fixture
def stand_in(monkeypatch):
    def use(code=STAND_IN):
        monkeypatch.setattr(child, "WORKER", ("-c", code))

    monkeypatch.setattr(simulation, "check_installed", lambda: None)
    use()
    return use


# What is asked for.


def test_a_shower_has_numbers_of_its_own():
    many = showers(2000)
    assert many[:10] == showers(10)
    for other in (showers(10, seed=2), showers(10, part="test")):
        assert not {tuple(shower[3:]) for shower in other} & {tuple(shower[3:]) for shower in many}
    energies, x, y, *words = np.array(many).T
    assert np.all(energies == np.rint(energies))
    assert stats.kstest(energies, stats.uniform(1000, 9000).cdf).pvalue > 0.01
    for place in (x, y):
        assert stats.kstest(place, stats.uniform(-2.55, 5.1).cdf).pvalue > 0.01
    assert np.min(words) > 0
    assert np.max(words) < 2**32


def test_blocks_of_cells_keep_every_count(rng):
    counts = rng.integers(0, 2**20, (3, 25, 25, 25)).astype(np.uint32)
    coarse = source.coarse(counts)
    assert coarse.dtype == np.uint32
    assert np.array_equal(coarse.sum(axis=(2, 3)), counts.sum(axis=(2, 3)))
    assert np.array_equal(coarse[:, :, 1, 4], counts[:, :, 5:10, 20:].sum(axis=(2, 3)))


# How it is kept and collected.


def test_showers_come_in_order_from_any_number_of_processes(stand_in, tmp_path):
    asked = showers(23)
    for processes, chunk in ((1, 50), (3, 4)):
        counts = np.concatenate(list(simulate(asked, tmp_path / str(chunk), processes=processes, chunk=chunk)))
        assert counts[:, 0, 0, 0].tolist() == [shower[0] for shower in asked]


def test_what_is_there_is_not_simulated_again(stand_in, tmp_path, caplog):
    first = list(simulate(showers(20), tmp_path, chunk=5))
    paths = sorted(tmp_path.iterdir())
    stand_in("raise SystemExit(3)")
    assert bits(simulate(showers(20), tmp_path, chunk=5)) == bits(first)
    assert bits(simulate(showers(10), tmp_path, chunk=5)) == bits(first[:2])
    with pytest.raises(ReplicationError, match="a process of Geant4 ended with status 3: run it again"):
        simulate(showers(21), tmp_path, chunk=5)
    paths[1].write_bytes(paths[1].read_bytes()[:-1])
    stand_in()
    assert bits(simulate(showers(20), tmp_path, chunk=5)) == bits(first)
    assert f"{paths[1]} is damaged; simulating its showers again" in caplog.text
    assert len(list(tmp_path.iterdir())) == 4


def test_a_file_belongs_to_its_request(tmp_path):
    asked = showers(2)
    name = chunks.name("e-", asked, "1")
    others = {chunks.name("gamma", asked, "1"), chunks.name("e-", asked[:1], "1"), chunks.name("e-", asked, "2")}
    assert len({name, *others}) == 4
    chunks.write(tmp_path / name, np.ones((2, 25, 25, 25), np.uint32))
    assert chunks.is_sound(tmp_path / name)
    (tmp_path / name).rename(tmp_path / "other.showers")
    assert not chunks.is_sound(tmp_path / "other.showers")
    with pytest.raises(ReplicationError, match=r"other\.showers is missing or damaged"):
        chunks.read(tmp_path / "other.showers")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os; os.abort()", "a process of Geant4 was ended by signal 6: run it again"),
        ("raise ValueError('first\\nsecond')", "ended with status 1, saying 'second': run it again"),
        (
            "raise SystemExit('---\\n*** G4Exception : PART7\\n  issued by : G4Table\\nno file\\n*** Fatal ***')",
            "ended with status 1, saying 'G4Exception : PART7 issued by : G4Table no file': run it again",
        ),
    ],
)
def test_the_end_of_a_process_is_one_line(stand_in, tmp_path, code, said):
    stand_in(code)
    with pytest.raises(ReplicationError) as caught:
        simulate(showers(3), tmp_path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_children_find_no_data_files_and_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("G4LEDATA", "/somewhere/G4EMLOW8.8")
    monkeypatch.setenv("GEANT4_DATA_DIR", "/somewhere")
    variables = child.environment(tmp_path)
    assert "G4LEDATA" not in variables
    assert variables["GEANT4_DATA_DIR"] == variables["G4ENSDFSTATEDATA"] == str(tmp_path)
    assert (tmp_path / "ENSDFSTATE.dat").read_bytes() == b""
    assert variables["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


def test_without_the_package_the_remedy_is_one_line(monkeypatch, tmp_path):
    def absent(name):
        raise PackageNotFoundError(name)

    for version, problem in ((absent, "which is not installed"), (lambda _: "0.2.0", "and 0.2.0 is installed")):
        monkeypatch.setattr(simulation, "version", version)
        with pytest.raises(ReplicationError, match=problem) as caught:
            sources.load("geant4", 3, 2, 1, tmp_path, {})
        assert caught.value.remedy == "pip install 'replication[geant4]'"


def test_the_source_keeps_its_showers_in_the_folder_of_downloads(stand_in, tmp_path):
    data = sources.load("geant4", 60, 5, 3, tmp_path, {})
    assert data.inputs.shape == (60, 25, 5, 5)
    assert data.inputs.dtype == data.targets.dtype == np.uint32
    assert np.array_equal(data.inputs[:, 0, 0, 0], 25 * data.targets)
    assert data.test_targets.tolist() == [source.shower(3, "test", number)[0] for number in range(5)]
    assert len(list((tmp_path / "geant4").iterdir())) == 3


# Geant4 itself.


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return list(simulate(low_energy(40), tmp_path_factory.mktemp("pool"), processes=1))


@needs_geant4
def test_bits_depend_on_the_seed_alone(pool, tmp_path):
    assert bits(simulate(low_energy(40), tmp_path, processes=2, chunk=7)) == bits(pool)
    assert bits(simulate(low_energy(40)[::-1], tmp_path, processes=1))[::-1] == bits(pool)
    other = [[*shower[:-1], shower[-1] ^ 1] for shower in low_energy(40)]
    assert not set(bits(simulate(other, tmp_path, processes=2))) & set(bits(pool))
    assert hashlib.sha256("".join(bits(pool)[:12]).encode()).hexdigest() == FIRST_SHOWERS


@needs_geant4
def test_a_killed_simulation_goes_on(pool, tmp_path):
    code = f"""
from pathlib import Path
from tests.datasets.test_geant4 import low_energy, simulate
simulate(low_energy(40), Path({str(tmp_path)!r}), processes=2, chunk=3)
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (before := set(tmp_path.glob("*.showers"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < len(before) < 14
    written = {path: path.stat().st_mtime_ns for path in before}
    assert bits(simulate(low_energy(40), tmp_path, processes=1, chunk=3)) == bits(pool)
    assert {path: path.stat().st_mtime_ns for path in before} == written


@needs_geant4
def test_an_impossible_particle_is_one_line(tmp_path):
    with pytest.raises(ReplicationError, match="a process of Geant4") as caught:
        simulate(showers(1), tmp_path, particle="nonsense")
    assert "\n" not in str(caught.value)
