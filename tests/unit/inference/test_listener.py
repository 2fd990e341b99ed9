"""The door of the server: who is let in, and how the last are treated."""

from __future__ import annotations

import errno
import socket

import pytest

from inference.errors import StartError
from inference.listener import hear, let_nobody_in, listen


def test_answers_are_not_held_back_for_acknowledgements() -> None:
    with listen(0) as listener, socket.create_connection(("127.0.0.1", listener.getsockname()[1])):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_client_that_takes_nothing_of_an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.listener.UNREAD_SECONDS", 0.1)
    with listen(0) as listener, socket.create_connection(("127.0.0.1", listener.getsockname()[1])):
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(10)
            with pytest.raises(OSError, check=lambda error: error.errno == errno.ETIMEDOUT):
                while True:
                    accepted.sendall(bytes(1_000_000))


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with listen(0) as listener, pytest.raises(StartError, match="SLIPWAY_PORT"):
        listen(listener.getsockname()[1])


def test_who_waits_at_the_door_is_heard_and_newcomers_are_neither_let_in_nor_reset() -> None:
    with listen(0) as listener:
        address = listener.getsockname()
        with socket.create_connection(address) as waiting:
            let_nobody_in(listener)
            with pytest.raises(TimeoutError):
                socket.create_connection(address, timeout=0.1)
            accepted, _ = listener.accept()
            with accepted:
                hear(accepted)
                accepted.sendall(b"heard")
                assert waiting.recv(5) == b"heard"
                waiting.sendall(b"and answered")
                assert accepted.recv(12) == b"and answered"
