from pathlib import Path

import pytest

from infra.localcloud.state import State


def test_an_exception_undoes_the_whole_transaction(tmp_path: Path) -> None:
    state = State(tmp_path)
    with pytest.raises(ZeroDivisionError), state.write() as transaction:
        transaction.put("model", "r", "a", {"x": 1})
        raise ZeroDivisionError
    with state.read() as transaction:
        assert transaction.get("model", "r", "a") is None


def test_another_reader_sees_what_was_committed(tmp_path: Path) -> None:
    one, two = State(tmp_path), State(tmp_path)
    with one.write() as transaction:
        transaction.put("model", "r", "b", {"x": 1})
        transaction.put("model", "r", "a", {"x": 2})
        transaction.put("model", "other", "c", {"x": 3})
    with two.read() as transaction:
        assert transaction.list("model", "r") == [{"x": 2}, {"x": 1}]
        assert len(transaction.list("model")) == 3


def test_snapshots_count_their_generations(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.write() as transaction:
        assert transaction.generation("moto") == 0
        assert [transaction.save_snapshot("moto", body) for body in (b"1", b"2")] == [1, 2]
    with state.read() as transaction:
        assert transaction.snapshot("moto") == b"2"
