from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.parts.postgres_wire import PostgresConnection, PostgresRefused
from services.parts.process import PartError

READY = b"Z" + struct.pack("!i", 5) + b"I"
TRUSTED = b"R" + struct.pack("!ii", 8, 0)
PASSWORD = b"R" + struct.pack("!ii", 8, 3)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


@contextmanager
def server_that_says(*answers: bytes) -> Iterator[int]:
    """A server that sends one answer for each thing it is told, then hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for answer in answers:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def connect(port: int) -> PostgresConnection:
    return PostgresConnection(port, user="u", database="d", timeout_s=5)


def test_rows_come_as_text_with_nulls() -> None:
    row = message(b"D", struct.pack("!hi2si", 2, 2, b"42", -1))
    with server_that_says(TRUSTED + READY, row + message(b"C", b"SELECT 1\0") + READY) as port, connect(port) as c:
        assert c.execute("SELECT 42, NULL") == [("42", None)]


def test_an_error_carries_its_code_and_the_connection_lives_on() -> None:
    error = message(b"E", b"SERROR\0C42P01\0Mno such table\0\0")
    row = message(b"D", struct.pack("!hi1s", 1, 1, b"1"))
    with server_that_says(TRUSTED + READY, error + READY, row + READY) as port, connect(port) as c:
        with pytest.raises(PostgresRefused, match="42P01: no such table") as caught:
            c.execute("SELECT * FROM nothing")
        assert caught.value.sqlstate == "42P01"
        assert c.execute("SELECT 1") == [("1",)]


def test_a_server_that_is_starting_up_refuses_at_once() -> None:
    with server_that_says(message(b"E", b"SFATAL\0C57P03\0Mstarting up\0\0")) as port, pytest.raises(PostgresRefused):
        connect(port)


def test_a_server_that_wants_a_password_is_named() -> None:
    with server_that_says(PASSWORD) as port, pytest.raises(PartError, match="password"):
        connect(port)


def test_a_server_that_hangs_up_is_a_broken_connection() -> None:
    with server_that_says(TRUSTED) as port, pytest.raises(ConnectionResetError):
        connect(port)
