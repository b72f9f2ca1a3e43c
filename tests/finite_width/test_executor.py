"""The executor: what it computes, what it takes from the store, and what kills cost. Tiny networks."""

import contextlib
import multiprocessing
import signal
import time

import numpy as np
import pytest

from replication.errors import ReplicationError
from replication.finite_width import members
from replication.finite_width.ensemble import Ensemble
from replication.finite_width.executor import complete
from replication.finite_width.member_store import MemberStore
from replication.finite_width.runs import Labels, Run, Shared
from replication.settings.network import MLP
from replication.settings.training import Execution
from tests.reference_network import ERF, data, training_of

HERE = Execution(device="cpu", tensor_float_32=False, scheduler=None)
DATA = data(inputs=5, training_size=8, test_size=4)
CHUNK = 4  # members, unless a test says otherwise


def ensemble(width=8, training_size=6, steps=5, learning_rate=0.1, method="trained", seed=3):
    network, training = MLP(depth=2, **ERF), training_of(steps)
    return Ensemble(method, seed, "digits", network, training, width, training_size, learning_rate, 0.2)


def runs_of(ensembles, number, data=lambda: DATA):
    return [Run(one, number, data, Labels("toys", "digits", "toys")) for one in ensembles]


def of_chunks(monkeypatch, size):
    monkeypatch.setattr(members, "chunk_size", lambda *_: size)


@pytest.fixture
def computed(monkeypatch):
    """(width, members) of every chunk that is computed, in order."""
    calls, compute = [], members.member_losses

    def recorded(ensemble, chunk, *arguments):
        calls.append((ensemble.width, chunk))
        return compute(ensemble, chunk, *arguments)

    monkeypatch.setattr(members, "member_losses", recorded)
    of_chunks(monkeypatch, CHUNK)
    return calls


def table(folder, ensembles, number, **told):
    """Losses as bytes, ensemble by ensemble and member by member."""
    found = complete(runs_of(ensembles, number), MemberStore(folder, **told), HERE)
    return [np.array([member[:2] for member in losses]).tobytes() for losses in found]


def chunks(folder):
    """Content of every file of the store; what a kill in the middle of a write leaves is none."""
    return {path.name: path.read_bytes() for path in folder.glob("*.json")}


@pytest.mark.parametrize("method", ["trained", "linearised"])
def test_more_members_cost_what_was_not_there(tmp_path, computed, method):
    asked = [ensemble(method=method)]
    (few,) = table(tmp_path, asked, 32)
    before = chunks(tmp_path)
    computed.clear()
    (more,) = table(tmp_path, asked, 48)
    assert [member for _, chunk in computed for member in chunk] == list(range(32, 48))
    assert more.startswith(few)
    assert len(more) * 32 == len(few) * 48
    assert chunks(tmp_path).items() >= before.items()
    computed.clear()
    assert table(tmp_path, asked, 32) == [few]
    assert computed == []


@pytest.mark.parametrize("method", ["trained", "linearised"])
def test_the_size_of_chunks_does_not_change_losses(tmp_path, monkeypatch, method):
    """Bit for bit, on a processor."""
    asked = [ensemble(method=method), ensemble(method=method, training_size=8)]
    found = []
    for size in (1, 3, 16):
        of_chunks(monkeypatch, size)
        found.append(table(tmp_path / str(size), asked, 10))
        assert len(chunks(tmp_path / str(size))) == 2 * -(-10 // size)
    assert found[0] == found[1] == found[2]
    assert found[0][0] != found[0][1]


def test_chunks_of_different_sizes_meet_in_one_store(tmp_path, monkeypatch):
    tables = []
    for size, number in ((3, 7), (2, 12), (5, 30)):
        of_chunks(monkeypatch, size)
        tables += table(tmp_path, [ensemble()], number)
    assert table(tmp_path / "undisturbed", [ensemble()], 30) == tables[2:]
    assert tables[2].startswith(tables[1])
    assert tables[1].startswith(tables[0])


def test_an_ensemble_that_is_asked_for_twice_is_computed_once(tmp_path, computed):
    found = table(tmp_path, [ensemble(), ensemble(width=9), ensemble()], 8)
    assert computed == [(width, chunk) for width in (8, 9) for chunk in (range(4), range(4, 8))]
    assert found[0] == found[2] != found[1]


def test_losses_come_in_the_order_of_the_ensembles(tmp_path, computed):
    asked = [ensemble(width=width) for width in (9, 8, 10)]
    found = table(tmp_path, asked, 8)
    assert found == [table(tmp_path, [one], 8)[0] for one in asked]
    assert len(set(found)) == 3


@pytest.mark.parametrize("changed", [{"learning_rate": 0.11}, {"steps": 6}, {"seed": 4}, {"method": "linearised"}])
def test_a_changed_setting_is_computed_anew(tmp_path, computed, changed):
    before = table(tmp_path, [ensemble()], 8)
    computed.clear()
    assert table(tmp_path, [ensemble(**changed)], 8) != before
    assert len(computed) == 2
    computed.clear()
    assert table(tmp_path, [ensemble()], 8) == before
    assert computed == []


def test_changed_data_are_computed_anew_where_they_are_seen(tmp_path, computed, monkeypatch):
    """The last training point is not among the first six."""
    asked = [ensemble(), ensemble(width=9, training_size=8)]
    before = table(tmp_path, asked, 4)
    computed.clear()
    changed = DATA.x.copy()
    changed[-1] += 1
    monkeypatch.setitem(globals(), "DATA", DATA._replace(x=changed))
    after = table(tmp_path, asked, 4)
    assert computed == [(9, range(4))]
    assert after[0] == before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize("position", [3, 65, 120, -2])
def test_a_flipped_bit_costs_its_chunk(tmp_path, computed, position):
    asked = [ensemble(), ensemble(width=9)]
    before, files = table(tmp_path, asked, 12), chunks(tmp_path)
    assert len(files) == 6
    (damaged,) = tmp_path.glob(f"{MemberStore(tmp_path).key(asked[1], DATA.first(6))}-4-8.json")
    content = bytearray(damaged.read_bytes())
    content[position] ^= 1
    damaged.write_bytes(content)
    computed.clear()
    told = []
    assert table(tmp_path, asked, 12, on_damage=told.append) == before
    assert computed == [(9, range(4, 8))]
    assert told == [damaged]
    assert chunks(tmp_path) == files


def test_progress_adds_up_to_the_work(tmp_path, computed):
    asked = [ensemble(), ensemble(width=9, steps=7), ensemble()]
    table(tmp_path, asked[:1], 6)
    told = {one: [] for one in asked}
    runs = runs_of(asked, 10)
    list(complete(runs, MemberStore(tmp_path), HERE, lambda run, steps: told[run.ensemble].append(steps)))
    assert sum(told[asked[1]]) == 10 * 7
    assert sum(told[asked[0]]) == 2 * 10 * 5  # it is asked for twice
    assert told[asked[0]][0] == 6 * 5  # what was there is told at once


def test_more_members_of_an_ensemble_that_stands_twice_are_computed_once(tmp_path, computed):
    (few,), (many,) = (runs_of([ensemble()], number) for number in (4, 10))
    for index, asked in enumerate(([few, many], [many, few])):
        computed.clear()
        found = list(complete(asked, MemberStore(tmp_path / str(index)), HERE))
        assert [len(losses) for losses in found] == [run.members for run in asked]
        assert sorted(member for _, chunk in computed for member in chunk) == list(range(10))


# data of their own


def data_told(told, name, shift=0.0):
    """Makes data, and says so."""

    def make():
        told.append(name)
        return DATA._replace(x=DATA.x + shift)

    return make


def test_every_run_has_its_own_data_made_when_they_are_needed(tmp_path, computed, monkeypatch):
    made = []
    sources = {name: data_told(made, name, shift) for name, shift in (("a", 0.0), ("b", 0.5))}
    asked = [run._replace(data=sources[name]) for name, run in zip("aab", runs_of([
        ensemble(), ensemble(width=9, training_size=8), ensemble()], 4), strict=True)]  # fmt: skip
    started, compute = [], members.member_losses

    def recorded(one, chunk, data, *rest):
        started.append((list(made), data.x[0, 0] - DATA.x[0, 0]))
        return compute(one, chunk, data, *rest)

    monkeypatch.setattr(members, "member_losses", recorded)
    found = list(complete(asked, MemberStore(tmp_path), HERE))
    # once for both of its runs, and not before those of the first are computed
    assert started == [(["a"], 0), (["a"], 0), (["a", "b"], 0.5)]
    assert found[0] != found[2]
    assert found[0] == next(complete(runs_of([ensemble()], 4), MemberStore(tmp_path / "a"), HERE))
    other = runs_of([ensemble()], 4, sources["b"])
    assert found[2] == next(complete(other, MemberStore(tmp_path / "b"), HERE))


def test_shared_data_are_made_again_only_when_nobody_holds_them():
    made = []
    shared = Shared(lambda: made.append(0) or DATA._replace(x=DATA.x + 0.0, y=DATA.y + 0.0))
    held = shared()
    assert all(one is other for one, other in zip(shared(), held, strict=True))
    assert len(made) == 1
    part = held.first(4)
    del held
    assert shared().x.base is None
    assert len(made) == 1  # a part of it holds it
    del part
    shared()
    assert len(made) == 2


def test_divergence_is_one_line_and_keeps_what_was_finished(tmp_path, computed):
    asked = [ensemble(), ensemble(width=9, learning_rate=40.0)]
    with pytest.raises(ReplicationError, match="learning_rate_fraction") as error:
        table(tmp_path, asked, 8)
    message = str(error.value)
    assert "\n" not in message
    for part in ("diverged", "width 9", "N_D 6", "learning rate 40", "2e+02 of the largest stable one, 0.2"):
        assert part in message
    computed.clear()
    table(tmp_path, asked[:1], 8)
    assert computed == []


# kills

KILLS = 10
KILLED = [ensemble(width, steps=100) for width in (8, 9)] + [ensemble(steps=100, method="linearised")]
MEMBERS_KILLED, CHUNK_KILLED = 20, 2
CHUNKS_KILLED = len(KILLED) * MEMBERS_KILLED // CHUNK_KILLED


def run_to_be_killed(folder, told):
    """What a child does: names the file of every chunk that it starts on."""
    compute, store = members.member_losses, MemberStore(folder)
    members.chunk_size = lambda *_: CHUNK_KILLED

    def telling(ensemble, chunk, *arguments):
        told.send(f"{store.key(ensemble, DATA.first(ensemble.training_size))}-{chunk.start}-{chunk.stop}.json")
        return compute(ensemble, chunk, *arguments)

    members.member_losses = telling
    list(complete(runs_of(KILLED, MEMBERS_KILLED), store, HERE))


@pytest.fixture
def start():
    """Starts `run_to_be_killed` in a new process, forked from one that has loaded the libraries: at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.finite_width.test_executor", "tensorflow"])
    running = []

    def started(folder):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=run_to_be_killed, args=(folder, there))
        process.start()
        there.close()
        running.append(process)
        return process, here

    yield started
    for process in running:
        process.kill()
        process.join()


def heard(told):
    """What the child said until it ended."""
    with contextlib.suppress(EOFError):
        while True:
            yield told.recv()


@pytest.mark.slow
def test_kills_at_any_moment_cost_the_chunk_in_progress(tmp_path, start):
    process, told = start(tmp_path / "undisturbed")
    times = [time.monotonic() for _ in heard(told)]
    assert len(times) == CHUNKS_KILLED
    undisturbed, seconds = chunks(tmp_path / "undisturbed"), np.diff(times)

    folder, rng, finished = tmp_path / "killed", np.random.default_rng(1), {}
    for _ in range(KILLS):
        process, told = start(folder)
        started = [told.recv() for _ in range(rng.integers(1, 4))]
        # the first chunk of a process compiles, which takes longest
        time.sleep(rng.uniform(0, seconds[0] if len(started) == 1 else 1.2 * np.median(seconds)))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        started += heard(told)
        left = chunks(folder)
        assert not finished.keys() & set(started)  # nothing is computed twice
        assert finished.items() <= left.items() <= undisturbed.items()  # every file is whole
        assert left.keys() - finished.keys() >= set(started[:-1])  # but the chunk in progress
        finished = left

    assert 0 < len(finished) < CHUNKS_KILLED
    process, told = start(folder)
    assert len([*heard(told)]) == CHUNKS_KILLED - len(finished)
    process.join()
    assert process.exitcode == 0
    assert chunks(folder) == undisturbed
    damaged = []
    stores = MemberStore(folder, on_damage=damaged.append), MemberStore(tmp_path / "undisturbed")
    tables = [list(complete(runs_of(KILLED, MEMBERS_KILLED), store, HERE)) for store in stores]
    assert tables[0] == tables[1]
    assert not damaged
