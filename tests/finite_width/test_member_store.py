"""The store of finished members: what is reused, what never is, and what damage or a kill leaves. No TensorFlow."""

import ast
import hashlib
import signal
import subprocess
import sys

import numpy as np
import pytest

from replication.finite_width import member_store
from replication.finite_width.ensemble import Data, Ensemble, EnsembleLosses
from replication.finite_width.member_store import Digests, MemberStore, code_digest
from replication.settings.network import MLP
from replication.settings.training import Training
from tests.conftest import ROOT

NETWORK = MLP(depth=2, activation="relu", weight_variance=2.0, bias_variance=0.1)
TRAINING = Training(steps=50, batch_size=4)
ENSEMBLE = Ensemble("trained", 3, "digits", NETWORK, TRAINING, 16, 6, 0.125, 0.5)
DATA = Data(*(np.arange(1.0, 1 + rows * columns).reshape(rows, columns) for rows, columns in ((6, 4), (6, 3)) * 2))
# what float32 has: rounded thirds, the smallest normal and subnormal numbers, the largest
VALUES = np.array([1 / 3, 0.1, np.finfo(np.float32).tiny, 1e-45, np.finfo(np.float32).max, 0.0], np.float32)
CHUNK = EnsembleLosses(VALUES, VALUES[::-1], VALUES / 2)
MEMBERS = range(2, 8)
# every field of the ensemble, and another value of it; the tests ask for those that are added later
OTHER = {
    "method": "linearised",
    "seed": 4,
    "task": "images",
    "width": 17,
    "training_size": 5,
    "learning_rate": np.nextafter(0.125, 1),
    "largest_learning_rate": float("nan"),
}
OTHER_NETWORK = {
    "depth": 3,
    "activation": "erf",
    "weight_variance": np.nextafter(2.0, 3),
    "bias_variance": 0.0,
    "output_scale": 0.5,
    "centred": True,
}
OTHER_TRAINING = {
    "steps": 51,
    "algorithm": "momentum",
    "schedule": "cosine",
    "parametrisation": "mup",
    "momentum": 0.8,
    "training_loss_ratio": 0.1,
    "batch_size": 5,
    "adam_learning_rate": 0.06,
}


@pytest.fixture
def store(tmp_path):
    damaged = []
    made = MemberStore(tmp_path, on_damage=damaged.append)
    made.damaged = damaged
    return made


@pytest.fixture
def chunk(store):
    """The file of one chunk."""
    store.save(store.key(ENSEMBLE, DATA), MEMBERS, CHUNK, "cpu")
    (path,) = store.folder.iterdir()
    return path


def loaded(store, ensemble=ENSEMBLE, data=DATA):
    return store.load(store.key(ensemble, data))


def test_losses_come_back_bit_for_bit(store, chunk):
    found = loaded(store)
    assert list(found) == list(MEMBERS)
    for name, expected in CHUNK._asdict().items():
        values = np.array([getattr(member, name) for member in found.values()])
        assert values.astype(np.float32).tobytes() == expected.tobytes()
        assert np.array_equal(values, expected.astype(float))  # nor did a Python float add anything
    assert {member.device for member in found.values()} == {"cpu"}
    assert not store.damaged


def test_chunks_of_one_ensemble_are_joined_and_those_of_others_left_alone(store):
    wide = ENSEMBLE._replace(width=32)
    for ensemble, members, factor in ((ENSEMBLE, range(2), 1), (wide, range(3), 10), (ENSEMBLE, range(5, 7), 2)):
        values = factor * np.arange(1, 1 + len(members), dtype=np.float32)
        store.save(store.key(ensemble, DATA), members, EnsembleLosses(values, -values, values / 2), "cpu")
    assert {member: losses.training_loss for member, losses in loaded(store).items()} == {0: 1, 1: 2, 5: 2, 6: 4}
    assert [losses.test_loss for losses in loaded(store, wide).values()] == [-10, -20, -30]
    assert loaded(store, ENSEMBLE._replace(width=64)) == {}


def test_a_folder_that_is_not_there_is_an_empty_store(tmp_path):
    store = MemberStore(tmp_path / "none")
    assert loaded(store) == {}
    assert store.others(set()) == 0


# the key


def other_ensembles():
    """One field changed at a time, all that there are."""
    for field in Ensemble._fields:
        if field in ("network", "training"):
            section, others = getattr(ENSEMBLE, field), {"network": OTHER_NETWORK, "training": OTHER_TRAINING}[field]
            for name in type(section).model_fields:
                changed = section.model_copy(update={name: others[name]})
                yield pytest.param(ENSEMBLE._replace(**{field: changed}), id=f"{field}.{name}")
        else:
            yield pytest.param(ENSEMBLE._replace(**{field: OTHER[field]}), id=field)


def other_data():
    for number, part in enumerate(Data._fields):
        for index in (0, -1):
            changed = DATA[number].copy()
            changed.flat[index] = np.nextafter(changed.flat[index], 0)
            yield pytest.param(DATA._replace(**{part: changed}), id=f"{part}[{index}]")
        yield pytest.param(DATA._replace(**{part: DATA[number][:-1]}), id=f"{part}, fewer points")
        yield pytest.param(DATA._replace(**{part: DATA[number].reshape(2, -1)}), id=f"{part}, another shape")


@pytest.mark.parametrize("ensemble", [*other_ensembles()])
def test_every_field_of_an_ensemble_is_in_its_key(store, chunk, ensemble):
    assert ensemble != ENSEMBLE
    assert loaded(store, ensemble) == {}
    assert store.others({store.key(ensemble, DATA)}) == 1


@pytest.mark.parametrize("data", [*other_data()])
def test_every_bit_of_the_data_is_in_the_key(store, chunk, data):
    assert loaded(store, data=data) == {}


def test_equal_data_however_they_lie_in_memory_have_one_key(store, chunk):
    fortran = Data(*map(np.asfortranarray, DATA))
    view = Data(*(np.concatenate([array, array])[: len(array)] for array in DATA))
    assert loaded(store, data=fortran) == loaded(store, data=view) == loaded(store) != {}


def test_exchanged_parts_of_the_data_have_another_key(store):
    exchanged = Data(DATA.test_x + 1, DATA.y, DATA.x, DATA.test_y)
    back = exchanged._replace(x=exchanged.test_x, test_x=exchanged.x)
    assert store.key(ENSEMBLE, exchanged) != store.key(ENSEMBLE, back)


def test_remembered_digests_are_those_of_the_arrays_that_are_held(store):
    digests = Digests()
    assert store.key(ENSEMBLE, DATA, digests) == store.key(ENSEMBLE, DATA)
    for shift in range(20):  # new arrays, of which some lie where others were
        data = DATA._replace(x=DATA.x + shift, test_y=DATA.test_y - shift)
        assert store.key(ENSEMBLE, data, digests) == store.key(ENSEMBLE, data)
    assert len(digests.known) <= 2 * len(DATA)


def test_precision_is_in_the_key(store, chunk):
    assert loaded(MemberStore(store.folder, tensor_float_32=True)) == {}


def test_the_backend_is_in_the_key(store, chunk, monkeypatch):
    keys = set()
    for backend in ("tensorflow", "jax"):
        monkeypatch.setenv("KERAS_BACKEND", backend)
        keys.add(MemberStore(store.folder).key(ENSEMBLE, DATA))
    monkeypatch.delenv("KERAS_BACKEND")
    assert len(keys) == 2
    assert MemberStore(store.folder).key(ENSEMBLE, DATA) in keys


@pytest.mark.parametrize("package", ["keras", "numpy", "tensorflow"])
def test_versions_of_what_computes_are_in_the_key(store, chunk, monkeypatch, package):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    before, version = code_digest(), member_store.version
    monkeypatch.setattr(member_store, "version", lambda name: version(name) + "0" * (name == package))
    assert code_digest() != before


def copied_code(folder):
    """The modules that the digest may read, as they lie in the project."""
    alone = [ROOT / "replication" / name for name in ("seeds.py", "network.py")]
    for file in [*(ROOT / "replication" / "finite_width").glob("*.py"), *alone]:
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return folder / "replication"


def test_the_code_that_computes_is_in_the_key_and_no_other(tmp_path, monkeypatch):
    before, code = code_digest(), copied_code(tmp_path)
    monkeypatch.setattr(member_store, "__file__", str(code / "finite_width" / "member_store.py"))
    monkeypatch.setattr(member_store.seeds, "__file__", str(code / "seeds.py"))
    monkeypatch.setattr(member_store.network, "__file__", str(code / "network.py"))
    assert code_digest() == before
    for file in [code / "seeds.py", code / "network.py", *(code / "finite_width").glob("*.py")]:
        text = file.read_bytes()
        file.write_bytes(text + b"#")
        keeps = file.name in ("member_store.py", "runs.py", "executor.py", "cluster.py")
        assert (code_digest() == before) == keeps, file.name
        file.write_bytes(text)
    assert code_digest() == before


def imported(file):
    """Names of the modules that a file imports, at its top or in a function."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            yield from (node.module.split(".")[-1], *(alias.name for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[-1] for alias in node.names)


def test_what_the_digest_leaves_out_computes_nothing():
    """The modules that compute import none of those that it leaves out."""
    files = (ROOT / "replication" / "finite_width").glob("*.py")
    computing = {file.name: set(imported(file)) for file in files if file.name not in member_store.NOT_COMPUTING}
    assert "training" in computing["members.py"]
    for names in computing.values():
        assert not names & {name.removesuffix(".py") for name in member_store.NOT_COMPUTING}


def test_changed_code_reuses_nothing(store, chunk, monkeypatch):
    monkeypatch.setattr(member_store, "code_digest", lambda: "other")
    assert loaded(MemberStore(store.folder)) == {}


# damage


def absent(store, path):
    store.damaged.clear()
    found = loaded(store)
    return found == {} and store.damaged == [path]


def test_a_truncated_file_counts_as_absent(store, chunk):
    content = chunk.read_bytes()
    for length in range(len(content)):
        chunk.write_bytes(content[:length])
        assert absent(store, chunk), length
    chunk.write_bytes(content)
    assert not absent(store, chunk)


def test_a_flipped_bit_anywhere_makes_a_file_count_as_absent(store, chunk):
    content = chunk.read_bytes()
    places = range(0, 8 * len(content), 5)  # odd, so every bit of a byte has its turn
    for place in places:
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        chunk.write_bytes(damaged)
        assert absent(store, chunk), f"bit {place % 8} of {content[place // 8 :][:10]}"


@pytest.mark.parametrize("tail", [b"\n", b"\0", b" ", b"{}", b"\n\n", b"\r\n", b"0" * 4096])
def test_trailing_bytes_make_a_file_count_as_absent(store, chunk, tail):
    chunk.write_bytes(chunk.read_bytes() + tail)
    assert absent(store, chunk)


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n", b"{}", b"\0" * 300, b"\xff\n\xff\n"])
def test_a_file_of_something_else_counts_as_absent(store, chunk, content):
    chunk.write_bytes(content)
    assert absent(store, chunk)


def test_damage_costs_the_chunk_that_is_damaged(store, chunk):
    others = {range(8, 11): CHUNK, range(11, 14): CHUNK}
    for members, losses in others.items():
        three = EnsembleLosses(*(values[:3] for values in losses))
        store.save(store.key(ENSEMBLE, DATA), members, three, "cpu")
    chunk.write_bytes(chunk.read_bytes()[:-2])
    assert sorted(loaded(store)) == list(range(8, 14))
    assert store.damaged == [chunk]
    store.save(store.key(ENSEMBLE, DATA), MEMBERS, CHUNK, "cpu")  # which replaces the damaged file
    store.damaged.clear()
    assert sorted(loaded(store)) == list(range(2, 14))
    assert not store.damaged


@pytest.mark.parametrize("members", [range(3, 9), range(2, 7), range(0, 6)])
def test_a_chunk_under_a_name_of_other_members_counts_as_absent(store, chunk, members):
    key = store.key(ENSEMBLE, DATA)
    moved = chunk.rename(chunk.with_name(f"{key}-{members.start}-{members.stop}.json"))
    assert absent(store, moved)


def test_a_chunk_under_the_name_of_another_ensemble_counts_as_absent(store, chunk):
    wide = ENSEMBLE._replace(width=32)
    moved = chunk.rename(chunk.with_name(chunk.name.replace(store.key(ENSEMBLE, DATA), store.key(wide, DATA))))
    assert loaded(store, wide) == {}
    assert store.damaged == [moved]


def test_a_chunk_of_fewer_losses_than_members_counts_as_absent(store):
    store.save(store.key(ENSEMBLE, DATA), range(7), CHUNK, "cpu")
    assert loaded(store) == {}
    assert len(store.damaged) == 1


# other chunks, and kills


def test_chunks_of_other_settings_are_counted(store, chunk):
    key = store.key(ENSEMBLE, DATA)
    assert store.others({key}) == 0
    for width in (32, 64):
        for members in (range(6), range(6, 12)):
            store.save(store.key(ENSEMBLE._replace(width=width), DATA), members, CHUNK, "cpu")
    assert store.others({key}) == 4
    assert store.others({key, store.key(ENSEMBLE._replace(width=32), DATA)}) == 2
    assert store.others(set()) == 5


KILLED = """
import os, sys, time
from pathlib import Path
from tests.finite_width.test_member_store import CHUNK, DATA, ENSEMBLE, MEMBERS, MemberStore

store = MemberStore(Path(sys.argv[1]))
name = sys.argv[2]
call = getattr(os, name)

def waits(*arguments):
    if sys.argv[3] == "after":
        call(*arguments)
    print("now", flush=True)
    time.sleep(60)

setattr(os, name, waits)
store.save(store.key(ENSEMBLE, DATA), MEMBERS, CHUNK._replace(test_loss=CHUNK.training_loss), "another")
"""


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("step", "when", "written"),
    [("fsync", "before", False), ("replace", "before", False), ("replace", "after", True)],
)
def test_a_kill_in_the_middle_of_a_write_leaves_the_old_chunk_or_the_new_one(store, there, step, when, written):
    key = store.key(ENSEMBLE, DATA)
    if there:
        store.save(key, MEMBERS, CHUNK, "cpu")
    arguments = [sys.executable, "-c", KILLED, str(store.folder), step, when]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "now\n"
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    found = loaded(store)
    assert not store.damaged
    assert {member.device for member in found.values()} == ({"another"} if written else {"cpu"} if there else set())
    assert store.others(set()) == int(there or written)  # what was half written counts as nothing
    store.save(key, MEMBERS, CHUNK, "cpu")
    assert {member.device for member in loaded(store).values()} == {"cpu"}


def test_the_checksum_is_of_what_is_written(chunk):
    """Anyone may check a chunk without this project."""
    checksum, text, end = chunk.read_text().split("\n")
    assert checksum == hashlib.sha256(f"{chunk.name}\n{text}".encode()).hexdigest()
    assert not end


def test_needs_no_tensorflow():
    loads = (
        "import sys, tests.finite_width.test_member_store; assert not {'tensorflow', 'keras', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", loads], cwd=ROOT, check=True)
