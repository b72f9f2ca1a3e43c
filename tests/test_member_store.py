"""The store of finished ensembles: what is reused, and what never is."""

import numpy as np
import pytest

from replication.finite_width import member_store
from replication.finite_width.member_store import MemberStore
from replication.finite_width.training import EnsembleLosses

LOSSES = EnsembleLosses(np.array([0.1, 0.2], np.float32), np.array([1 / 3, 0.4], np.float32))
SPECIFICATION = {"seed": 1, "network": {"depth": 2}, "x": np.arange(6.0).reshape(2, 3)}
ENSEMBLE = {"width": 8, "training_size": 2, "members": 2, "learning_rate": 0.25}


def test_stored_losses_come_back_bit_for_bit(tmp_path):
    MemberStore(tmp_path, **SPECIFICATION).save(LOSSES, **ENSEMBLE)
    found = MemberStore(tmp_path, **SPECIFICATION).load(**ENSEMBLE)
    for a, b in zip(found, LOSSES, strict=True):
        assert a.dtype == np.float32
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("specification", "ensemble"),
    [
        ({"seed": 2}, {}),
        ({"network": {"depth": 3}}, {}),
        ({"x": np.arange(1.0, 7).reshape(2, 3)}, {}),
        ({}, {"width": 9}),
        ({}, {"members": 3}),
        ({}, {"learning_rate": 0.2500001}),
    ],
)
def test_anything_changed_is_another_ensemble(tmp_path, specification, ensemble):
    MemberStore(tmp_path, **SPECIFICATION).save(LOSSES, **ENSEMBLE)
    assert MemberStore(tmp_path, **(SPECIFICATION | specification)).load(**(ENSEMBLE | ensemble)) is None


def test_changed_code_reuses_nothing(tmp_path, monkeypatch):
    MemberStore(tmp_path, **SPECIFICATION).save(LOSSES, **ENSEMBLE)
    monkeypatch.setattr(member_store, "_code", lambda: "other")
    assert MemberStore(tmp_path, **SPECIFICATION).load(**ENSEMBLE) is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"training_loss": [1.0]}', '{"training_loss": "a", "test_loss": [1]}']
)
def test_a_damaged_file_counts_as_absent(tmp_path, content):
    store = MemberStore(tmp_path, **SPECIFICATION)
    store.save(LOSSES, **ENSEMBLE)
    (file,) = tmp_path.iterdir()
    file.write_text(content)
    assert store.load(**ENSEMBLE) is None
